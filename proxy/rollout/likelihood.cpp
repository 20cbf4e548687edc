#include "rollout/likelihood.hpp"

#include <cmath>

namespace weir::rollout {

double log_factor(const Tally& tally, double ratio) {
  const double chance = static_cast<double>(tally.chance.canary) / static_cast<double>(tally.chance.of);
  const double excess = chance * (ratio - 1);  // d - 1
  const auto events = static_cast<double>(tally.events), canary = static_cast<double>(tally.on_canary);
  if (tally.badness == Badness::full) return canary * std::log(ratio) - events * std::log1p(excess);
  // (d + r) / 2d on the canary, (d + 1) / 2d elsewhere.
  const double elsewhere = std::log1p(-excess / (2 * (1 + excess)));
  const double there = std::log1p((ratio - 1 - excess) / (2 * (1 + excess)));
  return canary * there + (events - canary) * elsewhere;
}

}  // namespace weir::rollout
