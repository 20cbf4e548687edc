// CidrSet against its definition: of all blocks that hold the address, the longest decides.
#include <gtest/gtest.h>

#include <vector>

#include "core/cidr_set.hpp"
#include "core/rng.hpp"

namespace weir {
namespace {

constexpr int rounds = 400;
constexpr int addresses_a_round = 300;

struct Lists {
  std::vector<Cidr> in, out;
  bool otherwise = false;
};

bool by_definition(const Lists& lists, const IpAddress& address) {
  int best = -1;
  bool in = lists.otherwise;
  for (const Cidr& cidr : lists.in) {
    if (!cidr.contains(address) || cidr.prefix_bits <= best) continue;
    best = cidr.prefix_bits;
    in = true;
  }
  for (const Cidr& cidr : lists.out) {
    if (!cidr.contains(address) || cidr.prefix_bits < best) continue;
    best = cidr.prefix_bits;
    in = false;
  }
  return in;
}

/// Few different bytes, so that blocks nest, touch and repeat.
std::uint8_t some_byte(Rng& rng) {
  constexpr std::uint8_t bytes[] = {0, 0, 1, 0x7f, 0x80, 0xfe, 0xff, 0xff};
  return bytes[rng() % std::size(bytes)];
}

IpAddress some_address(Rng& rng) {
  IpAddress address;
  address.v6 = rng() % 2 == 0;
  for (std::size_t i = 0; i < (address.v6 ? 16 : 4); ++i) address.bytes[i] = some_byte(rng);
  return address;
}

Cidr some_block(Rng& rng) {
  Cidr cidr{some_address(rng), 0};
  const unsigned bits_max = cidr.network.v6 ? 128 : 32;
  cidr.prefix_bits = static_cast<std::uint8_t>(rng() % (bits_max + 1));
  for (unsigned bit = cidr.prefix_bits; bit < bits_max; ++bit) {
    cidr.network.bytes[bit / 8] &= static_cast<std::uint8_t>(~(0x80U >> (bit % 8)));
  }
  return cidr;
}

/// First or last address of a block, or the one beside it.
IpAddress near(Rng& rng, const Cidr& cidr) {
  IpAddress address = cidr.network;
  const unsigned bits_max = address.v6 ? 128 : 32;
  const bool upper = rng() % 2 == 0;
  for (unsigned bit = cidr.prefix_bits; upper && bit < bits_max; ++bit) {
    address.bytes[bit / 8] |= static_cast<std::uint8_t>(0x80U >> (bit % 8));
  }
  if (rng() % 2 == 0) return address;
  for (std::size_t i = bits_max / 8; i-- > 0;) {  // one up or one down, around the end
    if (upper ? ++address.bytes[i] != 0 : address.bytes[i]-- != 0) break;
  }
  return address;
}

TEST(CidrSetProperty, SaysWhatTheDefinitionSays) {
  for (std::uint64_t seed = 0; seed < rounds; ++seed) {
    Rng rng(seed);
    Lists lists;
    lists.otherwise = rng() % 2 == 0;
    for (std::uint64_t i = rng() % 40; i > 0; --i) {
      const Cidr block = some_block(rng);
      const std::uint64_t kind = rng() % 9;
      if (kind <= 4) lists.in.push_back(block);
      if (kind >= 4) lists.out.push_back(block);
    }
    const CidrSet set(lists.in, lists.out, lists.otherwise);
    for (int i = 0; i < addresses_a_round; ++i) {
      IpAddress address = some_address(rng);
      const std::vector<Cidr>& list = rng() % 2 == 0 ? lists.in : lists.out;
      if (!list.empty() && rng() % 4 != 0) address = near(rng, list[rng() % list.size()]);
      ASSERT_EQ(set.contains(address), by_definition(lists, address))
          << "seed " << seed << ", " << address.to_string();
    }
  }
}

TEST(CidrSetProperty, TheOrderOfBlocksDoesNotMatter) {
  for (std::uint64_t seed = 0; seed < rounds / 4; ++seed) {
    Rng rng(seed);
    Lists lists;
    for (int i = 0; i < 20; ++i) (rng() % 2 == 0 ? lists.in : lists.out).push_back(some_block(rng));
    const CidrSet forwards(lists.in, lists.out, false);
    const CidrSet backwards(std::vector<Cidr>(lists.in.rbegin(), lists.in.rend()),
                            std::vector<Cidr>(lists.out.rbegin(), lists.out.rend()), false);
    for (int i = 0; i < addresses_a_round; ++i) {
      const IpAddress address = some_address(rng);
      ASSERT_EQ(forwards.contains(address), backwards.contains(address)) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace weir
