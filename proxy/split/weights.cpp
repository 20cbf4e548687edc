#include "split/weights.hpp"

#include <algorithm>

namespace weir::split {
namespace {

std::uint32_t weight_of(std::span<const std::uint32_t> weights, Mask allowed, std::size_t target) {
  return contains(allowed, target) ? weights[target] : 0;
}

}  // namespace

std::uint64_t total_weight(std::span<const std::uint32_t> weights, Mask allowed) {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) total += weight_of(weights, allowed, i);
  return total;
}

// The turns of one cycle are dealt out target by target: the first takes `weight` of the `total` turns, evenly
// spaced (a turn is its own when turn * weight / total steps up there); the turns that are left, renumbered, are
// dealt to the next in the same way. The lightest go first: they are spread over the whole cycle.
std::size_t pick_by_turn(std::span<const std::uint32_t> weights, Mask allowed, std::uint64_t turn) {
  std::uint64_t total = total_weight(weights, allowed);
  if (total == 0) return none;
  turn %= total;
  Mask dealt = 0;
  for (;;) {
    std::size_t next = none;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      if (contains(dealt, i) || weight_of(weights, allowed, i) == 0) continue;
      if (next == none || weights[i] < weights[next]) next = i;
    }
    const std::uint64_t weight = weights[next];
    if (weight == total) return next;
    const std::uint64_t steps = turn * weight;
    if (steps % total + weight >= total) return next;
    turn -= steps / total;
    total -= weight;
    dealt |= Mask{1} << next;
  }
}

}  // namespace weir::split
