#include "server/health_report.hpp"

#include <algorithm>

#include "server/health_events.hpp"
#include "upstream/ejection.hpp"
#include "upstream/retry.hpp"

namespace weir::server {
namespace {

/// Of a response, as the label of a metric: `status_503`, `grpc_unavailable`.
std::string label_of(health::Cause by_status) {
  std::string label = by_status.text();
  std::ranges::replace(label, ' ', '_');
  return label;
}

void count_and_report(const UpstreamView& view, std::size_t index, const upstream::Verdict& verdict,
                      TimePoint now) {
  const UpstreamRuntime& upstream = *view.runtime;
  auto& counters = view.pools[index]->counters();
  const bool ejected =
      verdict.change == health::Change::ejected || verdict.change == health::Change::re_ejected;
  if (ejected) ++counters.ejections[upstream::to_string(verdict.reason)];
  if (verdict.held != upstream::Held::none) ++counters.ejections_held[upstream::to_string(verdict.held)];
  report_verdict(upstream, *upstream.endpoints[index].state, verdict, now);
  if (verdict.change != health::Change::none) watch_panic(upstream);
}

void report_failure(const UpstreamView& view, std::size_t index, health::Ticket ticket, TimePoint now,
                    upstream::FailedAttempt failed) {
  const UpstreamRuntime& upstream = *view.runtime;
  const auto verdict = upstream::report_failure(upstream.shared->ejections, upstream.candidates,
                                                *upstream.endpoints[index].state,
                                                upstream.config->passive_health, now, ticket, failed);
  count_and_report(view, index, verdict, now);
}

}  // namespace

health::Cause cause_of_response(int status, std::optional<grpc::Status> grpc_status) {
  const bool by_grpc = grpc_status && upstream::failure_bit_of_status(status) == 0;
  return by_grpc ? health::Cause::of_grpc(*grpc_status) : health::Cause::of_status(status);
}

void report_health(const UpstreamView& view, const balance::Pick& pick, TimePoint now, const Error* error,
                   health::Cause by_status, std::uint16_t failure) {
  const UpstreamRuntime& upstream = *view.runtime;
  const config::PassiveHealth& settings = upstream.config->passive_health;
  upstream::EndpointState& endpoint = *upstream.endpoints[pick.index].state;
  auto& counters = view.pools[pick.index]->counters();
  if (error != nullptr && error->origin == Origin::upstream) ++counters.failures[facts(error->kind).name];
  if ((failure & settings.failures) != 0) {
    const health::Cause cause = error != nullptr ? health::Cause(error->kind) : by_status;
    if (error == nullptr) ++counters.failures[label_of(by_status)];
    return report_failure(view, pick.index, pick.ticket, now, {cause, failure});
  }
  if (error != nullptr) return endpoint.health.abandon_probe(now, pick.ticket);
  const auto answered = upstream::report_success(upstream.candidates, endpoint, settings, now, pick.ticket);
  count_and_report(view, pick.index, answered, now);
}

void add_pending(const UpstreamView& view, upstream::PendingFailures& pending,
                 const upstream::PendingFailure& failure) {
  const UpstreamRuntime& upstream = *view.runtime;
  upstream::EndpointState& endpoint = *upstream.candidates[failure.endpoint].state;
  pending.add(failure);
  endpoint.pending.fetch_add(1, std::memory_order_relaxed);
  if (upstream::should_deprioritise(upstream.candidates, endpoint, upstream.config->passive_health)) {
    upstream.shared->deprioritised.store(&endpoint, std::memory_order_relaxed);
  }
}

void settle_pending(const UpstreamView& view, upstream::PendingFailures& pending, bool answered,
                    TimePoint now) {
  if (pending.empty()) return;
  const UpstreamRuntime& upstream = *view.runtime;
  for (const upstream::PendingFailure& each : pending.all()) {
    ++view.pools[each.endpoint]->counters().failures[label_of(each.cause)];
    upstream::EndpointState& endpoint = *upstream.candidates[each.endpoint].state;
    const std::uint32_t left = endpoint.pending.fetch_sub(1, std::memory_order_relaxed) - 1;
    const std::uint32_t enough = upstream.config->passive_health.consecutive_failures;
    const bool deprioritised = upstream.shared->deprioritised.load(std::memory_order_relaxed) == &endpoint;
    if (deprioritised && (left == 0 || left < enough)) {
      upstream.shared->deprioritised.store(nullptr, std::memory_order_relaxed);
    }
  }
  if (pending.is_request_failure(answered)) {
    auto verdict = upstream::discount(upstream.shared->ejections, upstream.candidates, pending.all(),
                                      upstream.config->passive_health, now);
    for (const upstream::PendingFailure& each : pending.all()) {
      count_and_report(view, each.endpoint, verdict, now);
      verdict.announce = false;  // it was one request
    }
  } else {
    for (const upstream::PendingFailure& each : pending.all())
      report_failure(view, each.endpoint, each.ticket, now, {each.cause, each.failure});
  }
  pending.clear();
}

}  // namespace weir::server
