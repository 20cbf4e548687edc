#include "rollout/likelihood.hpp"

#include <cmath>

namespace weir::rollout {

double log_factor(double chance, std::uint64_t events, std::uint64_t on_canary, double ratio) {
  return static_cast<double>(on_canary) * std::log(ratio) -
         static_cast<double>(events) * std::log1p(chance * (ratio - 1));
}

double log_factor(const Tally& tally, double ratio) {
  const double chance = static_cast<double>(tally.chance.canary) / static_cast<double>(tally.chance.of);
  if (tally.badness == Badness::full) return log_factor(chance, tally.events, tally.on_canary, ratio);
  const double excess = chance * (ratio - 1);  // d - 1
  const auto events = static_cast<double>(tally.events), canary = static_cast<double>(tally.on_canary);
  // (d + r) / 2d on the canary, (d + 1) / 2d elsewhere.
  const double elsewhere = std::log1p(-excess / (2 * (1 + excess)));
  const double there = std::log1p((ratio - 1 - excess) / (2 * (1 + excess)));
  return canary * there + (events - canary) * elsewhere;
}

}  // namespace weir::rollout
