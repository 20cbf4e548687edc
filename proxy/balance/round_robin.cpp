#include "balance/candidates.hpp"

namespace weir::balance {

// The turns of one cycle are dealt out candidate by candidate: the first takes `weight` of the `total` turns,
// evenly spaced (a turn is its own when turn * weight / total steps up there); the turns that are left,
// renumbered, are dealt to the next in the same way. So each gets exactly its weight a cycle, and equal
// weights simply rotate.
std::size_t round_robin(std::span<const upstream::Candidate> candidates, Excluded excluded,
                        std::uint64_t turn) {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (may_pick(candidates, excluded, i)) total += candidates[i].weight;
  }
  if (total == 0) return none;

  turn %= total;
  std::size_t last = none;
  for (std::size_t i = 0; i < candidates.size() && total != 0; ++i) {
    if (!may_pick(candidates, excluded, i)) continue;
    const std::uint64_t weight = candidates[i].weight;
    last = i;
    if (weight >= total) break;
    const std::uint64_t dealt = turn * weight;
    if (dealt % total + weight >= total) break;
    turn -= dealt / total;
    total -= weight;
  }
  return last;  // also where an endpoint went out between the two passes
}

}  // namespace weir::balance
