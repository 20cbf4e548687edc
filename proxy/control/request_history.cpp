#include "control/request_history.hpp"

namespace weir::control {
namespace {

constexpr std::uint16_t client_left = 499, first_failure = 500;

}  // namespace

bool count_some(const observe::WorkerMetrics& metrics, std::size_t& place, std::size_t most,
                RouteCounts& into) {
  for (; place < metrics.requests.places() && most > 0; ++place, --most) {
    const auto* const entry = metrics.requests.at(place);
    if (entry == nullptr) continue;
    const auto key = observe::WorkerMetrics::RequestKey::unpack(entry->key);
    if (key.status == client_left || key.route == observe::no_name) continue;
    rollout::RequestCount& count = into[key.route];
    count.requests += entry->value;
    if (key.status >= first_failure || key.status == 0) count.failed += entry->value;
  }
  return place >= metrics.requests.places();
}

RouteCounts difference(const RouteCounts& now, const RouteCounts& before) {
  RouteCounts gone;
  for (const auto& [route, count] : now) {
    rollout::RequestCount more = count;
    const auto known = before.find(route);
    if (known != before.end() && known->second.requests <= count.requests &&
        known->second.failed <= count.failed) {
      more.requests -= known->second.requests;
      more.failed -= known->second.failed;
    }
    if (more.requests != 0) gone.emplace(route, more);
  }
  return gone;
}

void RequestHistory::add(const RouteCounts& totals) {
  stretches_.push_back(difference(totals, totals_));
  if (stretches_.size() > stretches_max) stretches_.pop_front();
  totals_ = totals;
}

std::vector<rollout::RequestCount> RequestHistory::of(observe::NameId route) const {
  std::vector<rollout::RequestCount> counts;
  counts.reserve(stretches_.size());
  for (const RouteCounts& each : stretches_) {
    const auto found = each.find(route);
    counts.push_back(found == each.end() ? rollout::RequestCount{} : found->second);
  }
  return counts;
}

std::vector<rollout::RequestCount> RequestHistory::of_all() const {
  std::vector<rollout::RequestCount> counts;
  counts.reserve(stretches_.size());
  for (const RouteCounts& each : stretches_) {
    rollout::RequestCount sum;
    for (const auto& [route, count] : each) sum += count;
    counts.push_back(sum);
  }
  return counts;
}

}  // namespace weir::control
