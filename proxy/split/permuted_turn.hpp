// The turns of a split in an order that cannot be foreseen from outside: each cycle of turns (cycle_length) is permuted
// by a secret key, anew every time. Shares stay exact over it, and traffic with a period (a check every tenth request,
// two calls that always come together) cannot land on one side more than its share. Used where a rollout compares
// sides, for each of its requests: what depends on key and weights alone is worked out once. Pure; immutable, any
// thread; no allocation.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "config/model.hpp"
#include "core/sip_hash.hpp"
#include "split/weights.hpp"

namespace weir::split {

/// Of fewer turns the permutation is noticeably not uniform.
inline constexpr std::uint64_t cycle_turns_min = 64;
/// With fewer turns of one target in a cycle, what came up so far tells noticeably what comes next.
inline constexpr std::uint64_t target_turns_min = 16;

/// The least multiple of the total weight that has both: 320 turns for weights 19 and 1. 0 when all weights are 0.
std::uint64_t cycle_length(std::span<const std::uint32_t> weights, Mask allowed = everyone);

/// `weights` divided by what they have in common: 500 and 9,500 are 1 and 19, a cycle of 320 turns instead of 10,000.
void reduce(std::span<std::uint32_t> weights);

/// A permutation of each cycle of turns.
class CycleOrder {
 public:
  /// `cycle` from 1 to 2^40.
  CycleOrder(const SipKey& key, std::uint64_t cycle);
  /// Where in its cycle the turn comes, 0 .. cycle - 1: for turns n * cycle .. (n + 1) * cycle - 1 each place once.
  /// Each place is equally likely for each turn, over keys.
  std::uint64_t place_of(std::uint64_t turn) const;
  std::uint64_t cycle() const { return cycle_; }

 private:
  static constexpr std::size_t rounds = 8;
  std::uint64_t permute(std::uint64_t cycle_key, std::uint64_t value) const;

  std::uint64_t cycle_, secret_;
  std::array<std::uint64_t, rounds> keys_;
  int low_bits_, high_bits_;
};

/// Who gets which turn, in that order: over a cycle each target comes exactly in proportion to its weight.
class PermutedTurns {
 public:
  PermutedTurns(const SipKey& key, std::span<const std::uint32_t> weights, Mask allowed = everyone);
  /// `none` when all weights are 0.
  std::size_t pick(std::uint64_t turn) const {
    if (count_ == 0) return none;
    const std::uint64_t place = order_.place_of(turn);
    std::size_t i = 0;
    while (place >= parts_[i].end) ++i;
    return parts_[i].target;
  }
  const SipKey& key() const { return key_; }
  /// 0 when all weights are 0.
  std::uint64_t cycle() const { return count_ == 0 ? 0 : order_.cycle(); }

 private:
  /// The places from the part before it up to `end` are the target's. The last one ends with the cycle.
  struct Part {
    std::uint64_t end;
    std::size_t target;
  };
  SipKey key_;
  CycleOrder order_;
  std::size_t count_ = 0;
  std::array<Part, config::split_targets_max> parts_{};
};

}  // namespace weir::split
