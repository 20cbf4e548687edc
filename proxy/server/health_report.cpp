#include "server/health_report.hpp"

#include "server/health_events.hpp"
#include "upstream/ejection.hpp"

namespace weir::server {
namespace {

/// As the label of a metric; short enough to need no memory of its own.
std::string status_label(int status) {
  return "status_" + std::to_string(status);
}

void count_and_tell(const UpstreamView& view, std::size_t index, const upstream::Verdict& verdict,
                    TimePoint now) {
  const UpstreamRuntime& upstream = *view.runtime;
  auto& counters = view.pools[index]->counters();
  const bool ejected =
      verdict.change == health::Change::ejected || verdict.change == health::Change::re_ejected;
  if (ejected) ++counters.ejections[upstream::to_string(verdict.reason)];
  if (verdict.held != upstream::Held::none) ++counters.ejections_held[upstream::to_string(verdict.held)];
  tell(upstream, *upstream.endpoints[index].state, verdict, now);
  if (verdict.change != health::Change::none) watch_panic(upstream);
}

void report_failure(const UpstreamView& view, std::size_t index, health::Ticket ticket, TimePoint now,
                    upstream::FailedAttempt failed) {
  const UpstreamRuntime& upstream = *view.runtime;
  const auto verdict = upstream::report_failure(upstream.shared->ejections, upstream.candidates,
                                                *upstream.endpoints[index].state,
                                                upstream.config->passive_health, now, ticket, failed);
  count_and_tell(view, index, verdict, now);
}

}  // namespace

void report_health(const UpstreamView& view, const balance::Pick& pick, TimePoint now, const Error* error,
                   int status, std::uint16_t failure) {
  const UpstreamRuntime& upstream = *view.runtime;
  const config::PassiveHealth& settings = upstream.config->passive_health;
  upstream::EndpointState& endpoint = *upstream.endpoints[pick.index].state;
  auto& counters = view.pools[pick.index]->counters();
  if (error != nullptr && error->origin == Origin::upstream) ++counters.failures[facts(error->kind).name];
  if ((failure & settings.failures) != 0) {
    const health::Cause cause =
        error != nullptr ? health::Cause(error->kind) : health::Cause::of_status(status);
    if (error == nullptr) ++counters.failures[status_label(status)];
    return report_failure(view, pick.index, pick.ticket, now, {cause, failure});
  }
  if (error != nullptr) return endpoint.health.abandon_probe(now, pick.ticket);
  const auto answered = upstream::report_success(upstream.candidates, endpoint, settings, now, pick.ticket);
  count_and_tell(view, pick.index, answered, now);
}

void hold_failure(const UpstreamView& view, upstream::RequestBlame& blame,
                  const upstream::HeldFailure& failure) {
  const UpstreamRuntime& upstream = *view.runtime;
  upstream::EndpointState& endpoint = *upstream.candidates[failure.endpoint].state;
  blame.hold(failure);
  endpoint.held.fetch_add(1, std::memory_order_relaxed);
  if (upstream::is_suspect(upstream.candidates, endpoint, upstream.config->passive_health)) {
    upstream.shared->suspect.store(&endpoint, std::memory_order_relaxed);
  }
}

void settle_blame(const UpstreamView& view, upstream::RequestBlame& blame, bool answered, TimePoint now) {
  if (blame.empty()) return;
  const UpstreamRuntime& upstream = *view.runtime;
  for (const upstream::HeldFailure& each : blame.held()) {
    ++view.pools[each.endpoint]->counters().failures[status_label(each.status)];
    upstream::EndpointState& endpoint = *upstream.candidates[each.endpoint].state;
    const std::uint32_t held = endpoint.held.fetch_sub(1, std::memory_order_relaxed) - 1;
    const std::uint32_t enough = upstream.config->passive_health.consecutive_failures;
    const bool suspected = upstream.shared->suspect.load(std::memory_order_relaxed) == &endpoint;
    if (suspected && (held == 0 || held < enough)) {
      upstream.shared->suspect.store(nullptr, std::memory_order_relaxed);
    }
  }
  if (blame.excuses(answered)) {
    auto verdict = upstream::excuse(upstream.shared->ejections, upstream.candidates, blame.held(),
                                    upstream.config->passive_health, now);
    for (const upstream::HeldFailure& each : blame.held()) {
      count_and_tell(view, each.endpoint, verdict, now);
      verdict.announce = false;  // it was one request
    }
  } else {
    for (const upstream::HeldFailure& each : blame.held())
      report_failure(view, each.endpoint, each.ticket, now,
                     {health::Cause::of_status(each.status), each.failure});
  }
  blame.clear();
}

}  // namespace weir::server
