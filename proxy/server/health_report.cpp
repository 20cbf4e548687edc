#include "server/health_report.hpp"

#include "server/health_events.hpp"
#include "upstream/ejection.hpp"

namespace weir::server {
void report_health(const UpstreamView& view, const balance::Pick& pick, TimePoint now, const Error* error,
                   int status, std::uint16_t failure) {
  const UpstreamRuntime& upstream = *view.runtime;
  const config::PassiveHealth& settings = upstream.config->passive_health;
  upstream::EndpointState& endpoint = *upstream.endpoints[pick.index].state;
  auto& counters = view.pools[pick.index]->counters();
  if (error != nullptr && error->origin == Origin::upstream) ++counters.failures[facts(error->kind).name];
  if ((failure & settings.failures) == 0) {
    if (error == nullptr) {
      const auto answered =
          upstream::report_success(upstream.candidates, endpoint, settings, now, pick.ticket);
      tell(upstream, endpoint, answered, now);
    } else {
      endpoint.health.abandon_probe(now, pick.ticket);
    }
    return;
  }
  const health::Cause cause =
      error != nullptr ? health::Cause(error->kind) : health::Cause::of_status(status);
  const auto failed = upstream::report_failure(upstream.shared->ejections, upstream.candidates, endpoint,
                                               settings, now, pick.ticket, {cause, failure});
  const bool ejected =
      failed.change == health::Change::ejected || failed.change == health::Change::re_ejected;
  if (ejected) ++counters.ejections[upstream::to_string(failed.reason)];
  if (failed.held != upstream::Held::none) ++counters.ejections_held[upstream::to_string(failed.held)];
  tell(upstream, endpoint, failed, now);
}

}  // namespace weir::server
