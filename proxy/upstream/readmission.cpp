#include "upstream/readmission.hpp"

#include <algorithm>

namespace weir::upstream {
namespace {

using health::PassiveHealth;

constexpr unsigned this_one_only = 1;

}  // namespace

bool end_ejection(EndpointState& endpoint, TimePoint now, const std::string& why) {
  if (endpoint.health.usable()) return false;
  endpoint.due.clear();
  endpoint.discounted.store(0, std::memory_order_relaxed);
  // Before it is usable, as with a probe that succeeds: slow start looks at it.
  endpoint.serving_since.store(std::chrono::ceil<Milliseconds>(now.time_since_epoch()).count(),
                               std::memory_order_release);
  if (!endpoint.health.end_ejection(PassiveHealth::in_row_max)) return false;
  endpoint.last_change.set(why, now);
  return true;
}

Adjusted adjust_ejection(EndpointState& endpoint, const config::PassiveHealth& settings, TimePoint now) {
  const bool off = settings.consecutive_failures == 0 && settings.failure_rate == 0;
  if (off) return end_ejection(endpoint, now, "passive health is off") ? Adjusted::ended : Adjusted::kept;
  const Milliseconds longest = std::max(settings.max_ejection_time, settings.ejection_time);
  return endpoint.health.shorten_ejection(now + longest) ? Adjusted::shortened : Adjusted::kept;
}

std::size_t readmit_alike(std::span<const Candidate> candidates, std::uint16_t failure, TimePoint since,
                          TimePoint now) {
  std::size_t count = 0;
  for (const Candidate& candidate : candidates) {
    EndpointState& endpoint = *candidate.state;
    if (endpoint.taken_out() || !endpoint.due.is_set(failure, since)) continue;
    if (!endpoint.health.end_ejection(this_one_only)) continue;
    endpoint.last_change.set("all endpoints fail the same way", now);
    ++count;
  }
  return count;
}

std::size_t readmit_primaries(std::span<const Candidate> candidates, TimePoint now) {
  std::size_t count = 0;
  for (const Candidate& candidate : candidates) {
    EndpointState& endpoint = *candidate.state;
    if (candidate.backup || endpoint.taken_out() || !endpoint.health.end_ejection(this_one_only)) continue;
    endpoint.last_change.set("the backup that took its place fails, too", now);
    ++count;
  }
  return count;
}

}  // namespace weir::upstream
