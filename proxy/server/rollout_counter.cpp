#include "server/rollout_counter.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace weir::server {

RolloutCounts* RolloutCounter::entry_of(const RolloutRuntime& runtime) noexcept {
  if (!counts_.empty() && counts_.front().id == runtime.id) return &counts_.front();  // mostly one runs
  const auto found = std::ranges::find(counts_, runtime.id, &RolloutCounts::id);
  if (found != counts_.end()) return &*found;
  try {
    counts_.emplace_back().id = runtime.id;
  } catch (const std::bad_alloc&) {
    ++without_memory_;
    return nullptr;
  }
  RolloutCounts& fresh = counts_.back();
  fresh.counts.publication = runtime.publication;
  fresh.dropped = std::exchange(without_memory_, 0);
  return &fresh;
}

void RolloutCounter::count(const RolloutRuntime& runtime, const RolloutUnit& unit) noexcept {
  RolloutCounts* const entry = entry_of(runtime);
  if (entry == nullptr) return;
  rollout::Counts& counts = entry->counts;
  if (runtime.publication != counts.publication) {
    if (runtime.publication < counts.publication) return;
    counts = {};
    counts.publication = runtime.publication;
    if (filter_) filter_->begin();
  }
  rollout::SideCounts& side = counts.sides[rollout::index(unit.side)];
  ++side.requests;
  side.failed += unit.failed ? 1 : 0;
  side.client_errors += unit.client_error ? 1 : 0;
  if (unit.has_latency) side.latency.add(unit.latency);
  if (runtime.by_client) record(*entry, unit);
}

void RolloutCounter::record(RolloutCounts& entry, const RolloutUnit& unit) noexcept {
  if (!filter_) filter_.reset(new (std::nothrow) ClientFilter);
  if (filter_ && !filter_->adds(unit)) return;
  auto& clients = entry.counts.clients;
  if (clients.size() == clients_max) {
    ++entry.dropped;
    return;
  }
  try {
    clients.push_back(unit);
  } catch (const std::bad_alloc&) {
    ++entry.dropped;
  }
}

std::vector<RolloutCounts> RolloutCounter::take() {
  if (filter_) filter_->begin();
  return std::exchange(counts_, {});
}

}  // namespace weir::server
