// Which side a client belongs to: weighted rendezvous hashing. Each target draws a number from a hash of key and salt,
// and divides it by its weight; the smallest wins. So for any two targets only the ratio of their weights decides, and
// a change of weights is monotone: a client moves only from a target to one whose weight grew more. Raising green
// from 5 to 20 moves clients from blue to green and no other way; a third target takes its clients from the others
// in proportion and moves no client between them. The order in which targets are listed does not matter.
//
// Integers only: the same result on every machine, worker, replica, and after every restart and reload. Pure;
// immutable, any thread; no allocation after construction.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/stable_hash.hpp"
#include "split/weights.hpp"

namespace weir::split {

class Affinity {
 public:
  /// `salt`: the route's name, so that each divides clients anew, and a secret if any. `targets`: upstreams' names.
  Affinity(std::string_view salt, std::span<const std::string_view> targets);

  /// The client's side among `allowed`; `none` when all their weights are 0.
  std::size_t pick(std::string_view key, std::span<const std::uint32_t> weights,
                   Mask allowed = everyone) const;

 private:
  SipKey salt_;
  std::vector<std::uint64_t> targets_;  // hash of each name
};

/// -log2((bits + 1) / 2^64) as fixed point with 32 fractional bits, at least 1: exponentially distributed for
/// uniform `bits`.
std::uint64_t exponential(std::uint64_t bits);

}  // namespace weir::split
