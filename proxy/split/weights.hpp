// Who gets the next request of a split without affinity: targets take turns in proportion to their weights. Pure;
// any thread; no allocation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "config/model.hpp"

namespace weir::split {

inline constexpr std::size_t none = static_cast<std::size_t>(-1);

/// Which targets may be picked: bit i is target i.
using Mask = std::uint32_t;
static_assert(config::split_targets_max <= 32);
inline constexpr Mask everyone = ~Mask{0};

constexpr bool contains(Mask mask, std::size_t target) {
  return ((mask >> target) & 1) != 0;
}

/// The sum of the weights of `allowed`.
std::uint64_t total_weight(std::span<const std::uint32_t> weights, Mask allowed = everyone);

/// A pure function of the turn: over total_weight turns in a row each target comes exactly `weight` times, spread
/// out as evenly as whole turns allow, so that a target with less than half never comes twice in a row and the
/// others wait for it no longer than total / weight turns. `none` when all weights are 0. Workers draw turns from
/// one counter, so that the shares are exact over all of them.
std::size_t pick_by_turn(std::span<const std::uint32_t> weights, Mask allowed, std::uint64_t turn);

}  // namespace weir::split
