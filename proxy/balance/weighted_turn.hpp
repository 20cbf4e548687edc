// Whose turn it is among candidates of different weights, as a pure function of the turn: over sum(weights) turns each
// comes exactly `weight` times, spread out. Any thread; no allocation.
#pragma once

#include <cstddef>
#include <cstdint>

#include "balance/policies.hpp"

namespace weir::balance {

// The turns of one cycle are dealt out candidate by candidate: the first takes `weight` of the `total` turns,
// evenly spaced (a turn is its own when turn * weight / total steps up there); the turns that are left,
// renumbered, are dealt to the next in the same way. So each gets exactly its weight a cycle, and equal
// weights simply rotate.
/// `takes_part(i, in_flight)` is asked twice for each candidate, and may say something else the second time: then the
/// choice is the last that takes part, if there is one.
template <class TakesPart>
Choice weighted_turn(const Field& field, std::uint64_t turn, TakesPart takes_part) {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (takes_part(i, field.load(i))) total += field.weight(i);
  }
  if (total == 0) return {};

  turn %= total;
  Choice last;
  for (std::size_t i = 0; i < field.size() && total != 0; ++i) {
    const std::uint32_t in_flight = field.load(i);
    if (!takes_part(i, in_flight)) continue;
    const std::uint64_t weight = field.weight(i);
    last = {i, in_flight};
    if (weight >= total) break;
    const std::uint64_t dealt = turn * weight;
    if (dealt % total + weight >= total) break;
    turn -= dealt / total;
    total -= weight;
  }
  return last;
}

}  // namespace weir::balance
