#include "server/health_report.hpp"

#include "observe/log.hpp"
#include "upstream/ejection.hpp"

namespace weir::server {
namespace {

void log_change(health::Change change, const config::Upstream& upstream,
                const upstream::EndpointState& endpoint, std::string_view why) {
  switch (change) {
    case health::Change::none:
      return;
    case health::Change::ejected:
      observe::log(config::LogLevel::warn, "ejected {}/{} for {} ms: {} failures in a row, last: {}",
                   upstream.name, endpoint.label, upstream.passive_health.ejection_time.count(),
                   upstream.passive_health.consecutive_failures, why);
      return;
    case health::Change::re_ejected:
      observe::log(config::LogLevel::warn, "ejected {}/{} for {} ms again: its probe failed: {}",
                   upstream.name, endpoint.label, upstream.passive_health.ejection_time.count(), why);
      return;
    case health::Change::recovered:
      observe::log(config::LogLevel::info, "{}/{} is back: its probe succeeded", upstream.name,
                   endpoint.label);
      return;
  }
}

}  // namespace

void report_health(const UpstreamView& view, const balance::Pick& pick, TimePoint now, const Error* error,
                   int status, std::uint16_t failure) {
  const UpstreamRuntime& upstream = *view.runtime;
  const config::PassiveHealth& settings = upstream.config->passive_health;
  upstream::EndpointState& endpoint = *upstream.endpoints[pick.index].state;
  auto& counters = view.pools[pick.index]->counters();
  if (error != nullptr && error->origin == Origin::upstream) ++counters.failures[facts(error->kind).name];
  if ((failure & settings.failures) == 0) {
    if (error == nullptr) {
      log_change(endpoint.health.report_success(pick.ticket), *upstream.config, endpoint, {});
    } else {
      endpoint.health.abandon_probe(now, pick.ticket);
    }
    return;
  }
  const std::string why =
      error != nullptr ? std::string(facts(error->kind).name) : "status " + std::to_string(status);
  const health::Change change = upstream::report_failure(upstream.shared->ejections, upstream.candidates,
                                                         endpoint, settings, now, pick.ticket);
  if (change == health::Change::ejected) ++counters.ejections["consecutive_failures"];
  if (change == health::Change::re_ejected) ++counters.ejections["probe_failed"];
  log_change(change, *upstream.config, endpoint, why);
}

}  // namespace weir::server
