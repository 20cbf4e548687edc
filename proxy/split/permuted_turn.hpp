// The turns of a split in an order that cannot be foreseen from outside: each cycle of turns (cycle_length) is permuted
// by a secret key, anew every time. Shares stay exact over it, and traffic with a period (a check every tenth request,
// two calls that always come together) cannot land on one side more than its share. Used where a rollout compares
// sides. Pure; any thread; no allocation.
#pragma once

#include <cstdint>
#include <span>

#include "core/sip_hash.hpp"
#include "split/weights.hpp"

namespace weir::split {

/// Of fewer turns the permutation is noticeably not uniform.
inline constexpr std::uint64_t cycle_turns_min = 64;
/// With fewer turns of one target in a cycle, what came up so far tells noticeably what comes next.
inline constexpr std::uint64_t target_turns_min = 16;

/// The least multiple of the total weight that has both: 320 turns for weights 19 and 1. 0 when all weights are 0.
std::uint64_t cycle_length(std::span<const std::uint32_t> weights, Mask allowed = everyone);

/// Which turn of the cycle is dealt instead of `turn`: for turns n * cycle .. (n + 1) * cycle - 1 a permutation of the
/// same range. Each turn is equally likely to become each other one, over keys. `cycle` from 1 to 2^40.
std::uint64_t permuted_turn(const SipKey& key, std::uint64_t cycle, std::uint64_t turn);

/// `weights` divided by what they have in common: 500 and 9,500 are 1 and 19, a cycle of 20 turns.
void reduce(std::span<std::uint32_t> weights);

/// pick_by_turn of the permuted turn: over a cycle, each target comes exactly in proportion to its weight.
std::size_t pick_by_permuted_turn(const SipKey& key, std::span<const std::uint32_t> weights, Mask allowed,
                                  std::uint64_t turn);

}  // namespace weir::split
