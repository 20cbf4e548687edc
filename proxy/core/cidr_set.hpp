// A set of IP addresses, given as blocks that are in it and blocks that are out of it: of all blocks that hold an
// address the one with the longest prefix decides, and a block given both ways is out. Flattened when it is built: a
// look-up is one binary search, whatever the blocks overlap. Immutable; any thread; depends on ip.hpp only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/ip.hpp"

namespace weir {

class CidrSet {
 public:
  /// `otherwise`: whether addresses that no block holds are in the set. Takes O(n log n).
  CidrSet(std::span<const Cidr> in, std::span<const Cidr> out, bool otherwise);

  /// At most about 20 steps for 100,000 blocks; no allocation.
  bool contains(const IpAddress& address) const;
  /// Of the heap: at most 8 bytes an IPv4 block and 32 an IPv6 block.
  std::size_t bytes() const;

 private:
  struct Key128 {
    std::uint64_t high = 0, low = 0;
  };

  // Where membership changes, ascending: the borders of a family alternate, so that the parity of an address's
  // position says whether it is in.
  std::vector<std::uint32_t> borders_v4_;
  std::vector<Key128> borders_v6_;
  bool first_v4_ = false, first_v6_ = false;  // below the first border
};

}  // namespace weir
