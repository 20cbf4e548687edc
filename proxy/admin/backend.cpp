#include "admin/backend.hpp"

#include <algorithm>

namespace weir::control {

using observe::WorkerMetrics;

std::string_view HealthReport::status() const {
  const auto none = [](const UpstreamHealth& upstream) { return upstream.healthy == 0; };
  const auto some_missing = [](const UpstreamHealth& upstream) { return upstream.healthy < upstream.total; };
  if (std::any_of(upstreams.begin(), upstreams.end(), none)) return "unhealthy";
  return std::any_of(upstreams.begin(), upstreams.end(), some_missing) ? "degraded" : "healthy";
}

void add_counters(StatusReport& report, const WorkerMetrics& merged, const observe::NameTable& names) {
  for (const auto& [key, count] : merged.requests) report.requests_total += count;
  for (const auto& [key, count] : merged.in_flight) report.requests_in_flight += count;
  for (ListenerReport& listener : report.listeners) {
    const auto* counters = merged.listeners.find(names.find(listener.name));
    if (counters == nullptr) continue;
    listener.connections_total = counters->connections_total;
    listener.active = counters->active;
    listener.idle = counters->idle;
  }
}

void add_counters(std::vector<UpstreamReport>& reports, const WorkerMetrics& merged,
                  const observe::NameTable& names) {
  for (UpstreamReport& upstream : reports) {
    for (EndpointReport& endpoint : upstream.endpoints) {
      const auto key = WorkerMetrics::pair_key(names.find(upstream.name), names.find(endpoint.address));
      const auto* counters = merged.endpoints.find(key);
      if (counters == nullptr) continue;
      endpoint.requests_total = counters->requests_total();
      endpoint.failures_total = counters->failures.total();
      endpoint.connections_active = counters->active;
      endpoint.connections_idle = counters->idle;
    }
  }
}

std::string_view name_of(GuardReport::State state) {
  using State = GuardReport::State;
  switch (state) {
    case State::none:
      return "none";
    case State::watching:
      return "watching";
    case State::kept:
      return "kept";
    case State::taken_back:
      return "taken_back";
    case State::superseded:
      return "superseded";
    case State::failed:
      return "failed";
  }
  return {};
}

}  // namespace weir::control
