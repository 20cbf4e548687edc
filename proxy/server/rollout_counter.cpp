#include "server/rollout_counter.hpp"

#include <algorithm>
#include <utility>

namespace weir::server {

void RolloutCounter::count(const RolloutRuntime& runtime, const RolloutUnit& unit) {
  auto entry = std::ranges::find(counts_, runtime.id, &RolloutCounts::id);
  if (entry == counts_.end()) {
    counts_.emplace_back().id = runtime.id;
    entry = counts_.end() - 1;
    entry->counts.publication = runtime.publication;
  }
  rollout::Counts& counts = entry->counts;
  if (runtime.publication != counts.publication) {
    if (runtime.publication < counts.publication) return;
    counts = {};
    counts.publication = runtime.publication;
  }
  rollout::SideCounts& side = counts.sides[rollout::index(unit.side)];
  ++side.requests;
  side.failed += unit.failed ? 1 : 0;
  side.client_errors += unit.client_error ? 1 : 0;
  if (unit.has_latency) side.latency.add(unit.latency);
  if (!runtime.by_client) return;
  if (counts.clients.size() < clients_max) {
    counts.clients.push_back(unit);
  } else {
    ++entry->dropped;
  }
}

std::vector<RolloutCounts> RolloutCounter::take() {
  return std::exchange(counts_, {});
}

}  // namespace weir::server
