#include "core/cidr_set.hpp"

#include <algorithm>
#include <array>

namespace weir {
namespace {

/// First and last address of a block, as bytes in network order: they compare as numbers do.
using Bytes = std::array<std::uint8_t, 16>;

struct Block {
  Bytes first, last;
  std::uint8_t prefix_bits;
  bool in;
};

Block block_of(const Cidr& cidr, bool in) {
  Block block{cidr.network.bytes, cidr.network.bytes, cidr.prefix_bits, in};
  const unsigned bits_max = cidr.network.v6 ? 128 : 32;
  for (unsigned bit = cidr.prefix_bits; bit < bits_max; ++bit) {
    block.last[bit / 8] |= static_cast<std::uint8_t>(0x80U >> (bit % 8));
  }
  return block;
}

/// The address behind `last`; false when there is none.
bool next_address(Bytes& last, std::size_t width) {
  for (std::size_t i = width; i-- > 0;) {
    if (++last[i] != 0) return true;
  }
  return false;
}

/// Walks the nested blocks of one family in ascending order and notes where membership changes.
class Sweep {
 public:
  Sweep(std::size_t width, bool otherwise) : width_(width), otherwise_(otherwise) {}

  std::vector<Bytes> run(std::vector<Block> blocks) {
    // Outer blocks come before inner ones; of the same block given both ways `out` comes last and wins.
    std::sort(blocks.begin(), blocks.end(), [](const Block& a, const Block& b) {
      if (a.first != b.first) return a.first < b.first;
      if (a.prefix_bits != b.prefix_bits) return a.prefix_bits < b.prefix_bits;
      return a.in && !b.in;
    });
    for (const Block& block : blocks) {
      close_before(&block);
      from(block.first, block.in);
      open_.push_back(&block);
    }
    close_before(nullptr);
    return merged();
  }

  /// Membership of the lowest address.
  bool first() const { return first_; }

 private:
  struct Border {
    Bytes at;
    bool in;
  };

  /// From `at` on, up to the next border, membership is `in`.
  void from(const Bytes& at, bool in) {
    if (!borders_.empty() && borders_.back().at == at) {
      borders_.back().in = in;
    } else {
      borders_.push_back({at, in});
    }
  }

  /// Ends the open blocks that do not hold `next` (nullptr: all); each gives way to the one around it.
  void close_before(const Block* next) {
    while (!open_.empty() && (next == nullptr || open_.back()->last < next->first)) {
      Bytes behind = open_.back()->last;
      open_.pop_back();
      if (next_address(behind, width_)) from(behind, open_.empty() ? otherwise_ : open_.back()->in);
    }
  }

  /// Only the borders at which membership changes.
  std::vector<Bytes> merged() {
    bool in = otherwise_;
    auto border = borders_.begin();
    if (border != borders_.end() && border->at == Bytes{}) in = (border++)->in;
    first_ = in;
    std::vector<Bytes> changes;
    for (; border != borders_.end(); ++border) {
      if (border->in == in) continue;
      in = border->in;
      changes.push_back(border->at);
    }
    return changes;
  }

  const std::size_t width_;
  const bool otherwise_;
  std::vector<const Block*> open_;
  std::vector<Border> borders_;
  bool first_ = false;
};

std::uint64_t big_endian(const std::uint8_t* bytes, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = value << 8 | bytes[i];
  return value;
}

/// How many of `borders` are at or below the key. `above(border)`: the border is above it. Without a branch that
/// depends on the data: addresses come in no order that a processor could guess.
template <class Key, class Above>
std::size_t count_at_or_below(const std::vector<Key>& borders, Above above) {
  const Key* base = borders.data();
  std::size_t left = borders.size();
  if (left == 0) return 0;
  while (left > 1) {
    const std::size_t half = left / 2;
    base += above(base[half - 1]) ? 0 : half;
    left -= half;
  }
  return static_cast<std::size_t>(base - borders.data()) + (above(*base) ? 0 : 1);
}

}  // namespace

CidrSet::CidrSet(std::span<const Cidr> in, std::span<const Cidr> out, bool otherwise) {
  std::vector<Block> v4, v6;
  for (const Cidr& cidr : in) (cidr.network.v6 ? v6 : v4).push_back(block_of(cidr, true));
  for (const Cidr& cidr : out) (cidr.network.v6 ? v6 : v4).push_back(block_of(cidr, false));
  Sweep sweep_v4(4, otherwise), sweep_v6(16, otherwise);
  const std::vector<Bytes> changes_v4 = sweep_v4.run(std::move(v4));
  const std::vector<Bytes> changes_v6 = sweep_v6.run(std::move(v6));
  first_v4_ = sweep_v4.first();
  first_v6_ = sweep_v6.first();
  borders_v4_.reserve(changes_v4.size());
  for (const Bytes& at : changes_v4) {
    borders_v4_.push_back(static_cast<std::uint32_t>(big_endian(at.data(), 4)));
  }
  borders_v6_.reserve(changes_v6.size());
  for (const Bytes& at : changes_v6) {
    borders_v6_.push_back({big_endian(at.data(), 8), big_endian(at.data() + 8, 8)});
  }
}

bool CidrSet::contains(const IpAddress& address) const {
  const std::uint64_t high = big_endian(address.bytes.data(), 8);
  if (!address.v6) {
    const auto key = static_cast<std::uint32_t>(high >> 32);
    const auto above = [key](std::uint32_t border) { return border > key; };
    return first_v4_ != (count_at_or_below(borders_v4_, above) % 2 == 1);
  }
  const std::uint64_t low = big_endian(address.bytes.data() + 8, 8);
  const auto above = [high, low](const Key128& border) {
    return (border.high > high) | ((border.high == high) & (border.low > low));
  };
  return first_v6_ != (count_at_or_below(borders_v6_, above) % 2 == 1);
}

std::size_t CidrSet::bytes() const {
  return borders_v4_.capacity() * sizeof(std::uint32_t) + borders_v6_.capacity() * sizeof(Key128);
}

}  // namespace weir
