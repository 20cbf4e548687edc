#include "upstream/pending_failures.hpp"

#include <algorithm>
#include <limits>

namespace weir::upstream {
namespace {

void count_one_more(std::atomic<std::uint32_t>& counter) {
  if (counter.load(std::memory_order_relaxed) < std::numeric_limits<std::uint32_t>::max() / 2)
    counter.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

void PendingFailures::note_other(std::uint16_t failure) {
  other_ = other_ || failure != config::failure_connect;
}

bool PendingFailures::is_request_failure(bool answered) const {
  if (answered || other_ || count_ < 2) return false;
  return std::ranges::all_of(
      all(), [this](const PendingFailure& each) { return each.failure == failures_[0].failure; });
}

bool should_deprioritise(std::span<const Candidate> candidates, const EndpointState& which,
                         const config::PassiveHealth& settings) {
  if (settings.consecutive_failures == 0 ||
      which.pending.load(std::memory_order_relaxed) < settings.consecutive_failures) {
    return false;
  }
  bool others = false;
  for (const Candidate& candidate : candidates) {
    if (candidate.state == &which || !candidate.state->usable()) continue;
    if (candidate.state->pending.load(std::memory_order_relaxed) != 0) return false;
    others = true;
  }
  return others;
}

Verdict discount(EjectionGuard& guard, std::span<const Candidate> candidates,
                 std::span<const PendingFailure> failures, const config::PassiveHealth& settings,
                 TimePoint now) {
  Verdict verdict;
  verdict.held = Held::request;
  verdict.failure = failures.front().failure;
  verdict.alike = failures.size();
  verdict.total = candidates.size();
  for (const PendingFailure& each : failures) {
    EndpointState& endpoint = *candidates[each.endpoint].state;
    endpoint.health.abandon_probe(now, each.ticket);
    if (endpoint.health.judges(each.ticket)) count_one_more(endpoint.discounted);
  }
  if (!guard.try_enter()) return verdict;  // the next one announces it
  verdict.announce = guard.may_announce(Held::request, now, settings.window);
  guard.leave();
  return verdict;
}

}  // namespace weir::upstream
