#include "control/rollout_counters.hpp"

#include <algorithm>

namespace weir::control {

void RolloutCounters::add(const rollout::Counts& counts, const rollout::State& state) {
  if (counts.publication != state.publication) return;
  for (std::size_t i = 0; i < rollout::side_count; ++i) {
    const rollout::SideCounts& from = counts.sides[i];
    BySide& side = sides[i];
    const std::uint64_t client_errors = std::min(from.client_errors, from.requests - from.failed);
    side.failed += from.failed;
    side.client_errors += client_errors;
    side.ok += from.requests - from.failed - client_errors;
    if (state.bounds.slow95) side.slow += from.latency.above(*state.bounds.slow95);
  }
}

void RolloutCounters::add(const std::string& kind, const std::string& cause) {
  ++decisions[cause == "none" ? kind : kind + "_" + cause];
}

}  // namespace weir::control
