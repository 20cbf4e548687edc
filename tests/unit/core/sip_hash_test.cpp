#include "core/sip_hash.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace weir {
namespace {

constexpr SipKey reference_key{0x0706050403020100u, 0x0f0e0d0c0b0a0908u};

std::string counting(std::size_t length) {
  std::string bytes;
  for (std::size_t i = 0; i < length; ++i) bytes += static_cast<char>(i);
  return bytes;
}

template <class Hash>
std::uint64_t hash_of(const SipKey& key, std::string_view bytes) {
  Hash hash(key);
  hash.add(bytes);
  return hash.finish();
}

TEST(SipHash, GivesThePublishedValues) {
  using Original = SipHash<2, 4>;
  EXPECT_EQ(hash_of<Original>(reference_key, ""), 0x726fdb47dd0e0e31u);
  EXPECT_EQ(hash_of<Original>(reference_key, counting(15)), 0xa129ca6149be45e5u);
}

TEST(SipHash, DoesNotCareHowTheBytesArrive) {
  const std::string bytes = counting(40);
  const std::uint64_t whole = hash_of<TableHash>(reference_key, bytes);
  for (std::size_t first = 0; first <= bytes.size(); ++first) {
    for (std::size_t second = first; second <= bytes.size(); ++second) {
      TableHash hash(reference_key);
      hash.add(std::string_view(bytes).substr(0, first));
      hash.add(std::string_view(bytes).substr(first, second - first));
      hash.add(std::string_view(bytes).substr(second));
      ASSERT_EQ(hash.finish(), whole) << first << " " << second;
    }
  }
}

TEST(SipHash, DependsOnEveryByteTheLengthAndTheKey) {
  std::set<std::uint64_t> seen;
  for (std::size_t length = 0; length < 64; ++length)
    seen.insert(hash_of<TableHash>(reference_key, counting(length)));
  for (std::size_t at = 0; at < 64; ++at) {
    std::string bytes = counting(64);
    bytes[at] = 'x';
    seen.insert(hash_of<TableHash>(reference_key, bytes));
  }
  seen.insert(hash_of<TableHash>({1, 0}, counting(64)));
  seen.insert(hash_of<TableHash>({0, 1}, counting(64)));
  EXPECT_EQ(seen.size(), 130u);
}

}  // namespace
}  // namespace weir
