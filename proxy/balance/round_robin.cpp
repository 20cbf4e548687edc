#include "balance/policies.hpp"

namespace weir::balance {

// The turns of one cycle are dealt out candidate by candidate: the first takes `weight` of the `total` turns,
// evenly spaced (a turn is its own when turn * weight / total steps up there); the turns that are left,
// renumbered, are dealt to the next in the same way. So each gets exactly its weight a cycle, and equal
// weights simply rotate.
Choice round_robin(const Field& field, const Draw& draw) {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field.may_pick(i)) total += field.weight(i);
  }
  if (total == 0) return {};

  std::uint64_t turn = draw.turn % total;
  Choice last;
  for (std::size_t i = 0; i < field.size() && total != 0; ++i) {
    if (!field.may_pick(i)) continue;
    const std::uint64_t weight = field.weight(i);
    last = {i, field.load(i)};
    if (weight >= total) break;
    const std::uint64_t dealt = turn * weight;
    if (dealt % total + weight >= total) break;
    turn -= dealt / total;
    total -= weight;
  }
  return last;  // also where an endpoint went out between the two passes
}

}  // namespace weir::balance
