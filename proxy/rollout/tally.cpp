#include "rollout/tally.hpp"

#include <algorithm>

namespace weir::rollout {

void add(Tallies& tallies, Chance chance, Badness badness, std::uint64_t events, std::uint64_t on_canary) {
  if (events == 0 || !chance.is_open()) return;
  auto found = std::ranges::find_if(
      tallies, [&](const Tally& tally) { return tally.chance == chance && tally.badness == badness; });
  if (found == tallies.end()) {
    if (tallies.size() == tallies_max) return;
    found = tallies.insert(found, Tally{chance, badness, 0, 0});
  }
  found->events += events;
  found->on_canary += on_canary;
}

}  // namespace weir::rollout
