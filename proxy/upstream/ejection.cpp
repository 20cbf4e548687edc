#include "upstream/ejection.hpp"

#include <algorithm>

namespace weir::upstream {
namespace {

constexpr int guard_tries_max = 1000;

bool enter(EjectionGuard& guard) {
  for (int tries = 0; tries < guard_tries_max; ++tries) {
    if (guard.try_enter()) return true;
  }
  return false;
}

}  // namespace

std::size_t usable_count(std::span<const Candidate> candidates) {
  return static_cast<std::size_t>(std::ranges::count_if(
      candidates, [](const Candidate& candidate) { return candidate.state->usable(); }));
}

bool may_eject(std::span<const Candidate> candidates, const EndpointState& which) {
  return std::ranges::any_of(candidates, [&](const Candidate& candidate) {
    return candidate.state != &which && candidate.state->usable();
  });
}

health::Change report_failure(EjectionGuard& guard, std::span<const Candidate> candidates,
                              EndpointState& which, const config::PassiveHealth& settings, TimePoint now,
                              health::Ticket ticket) {
  const health::Change change = which.health.report_failure(settings, now, false, ticket);
  if (change != health::Change::none || !which.health.due_for_ejection(settings, ticket)) return change;
  if (!enter(guard)) return change;
  // Every ejection of this upstream happens in here, so whoever is seen healthy stays so until we leave.
  const health::Change ejection =
      may_eject(candidates, which) ? which.health.eject_if_due(settings, now, ticket) : change;
  guard.leave();
  return ejection;
}

}  // namespace weir::upstream
