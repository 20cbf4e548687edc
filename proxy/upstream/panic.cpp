#include "upstream/panic.hpp"

namespace weir::upstream {

Standing standing_of(std::span<const Candidate> candidates) {
  Standing standing;
  standing.total = candidates.size();
  for (const Candidate& candidate : candidates) {
    const EndpointState& endpoint = *candidate.state;
    const std::uint8_t out = endpoint.out.load(std::memory_order_relaxed);
    const bool healthy = endpoint.health.usable();
    if ((out & out_by_operator) != 0) {
      ++standing.by_operator;
    } else {
      standing.failed_checks += (out & out_check_failed) != 0 ? 1 : 0;
      standing.unchecked += (out & out_check_pending) != 0 ? 1 : 0;
      standing.ejected += healthy ? 0 : 1;
      standing.usable += out == 0 && healthy ? 1 : 0;
    }
  }
  return standing;
}

bool panicking(std::span<const Candidate> candidates) {
  bool distrusted = false;
  for (const Candidate& candidate : candidates) {
    if (candidate.state->usable()) return false;
    const std::uint8_t out = candidate.state->out.load(std::memory_order_relaxed);
    const bool seen_bad = (out & out_check_failed) != 0 || !candidate.state->health.usable();
    distrusted = distrusted || ((out & out_by_operator) == 0 && seen_bad);
  }
  return distrusted;
}

}  // namespace weir::upstream
