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
      standing.distrusted += (out & out_check_failed) != 0 || !healthy ? 1 : 0;
      standing.backup_usable = standing.backup_usable || (candidate.backup && out == 0 && healthy);
    }
  }
  return standing;
}

bool panicking(std::span<const Candidate> candidates) {
  return standing_of(candidates).panic();
}

}  // namespace weir::upstream
