#include "rollout/shared_cause.hpp"

namespace weir::rollout {

bool is_shared_cause(const Outcomes& last_seconds, const Outcomes& past) {
  if (past.requests < shared_past_requests_min || last_seconds.failed < shared_failures_min) return false;
  if (last_seconds.failed * 100 <= last_seconds.requests * shared_rate_min_percent) return false;
  // Rates without division: failed / requests > factor * past.failed / past.requests.
  return last_seconds.failed * past.requests > shared_rate_factor * past.failed * last_seconds.requests;
}

}  // namespace weir::rollout
