#include "upstream/blame.hpp"

#include <algorithm>
#include <limits>

namespace weir::upstream {
namespace {

void count_one_more(std::atomic<std::uint32_t>& counter) {
  if (counter.load(std::memory_order_relaxed) < std::numeric_limits<std::uint32_t>::max() / 2)
    counter.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

void RequestBlame::note_other(std::uint16_t failure) {
  other_ = other_ || failure != config::failure_connect;
}

bool RequestBlame::excuses(bool answered) const {
  if (answered || other_ || count_ < 2) return false;
  return std::ranges::all_of(held(),
                             [this](const HeldFailure& each) { return each.failure == held_[0].failure; });
}

bool is_suspect(std::span<const Candidate> candidates, const EndpointState& which,
                const config::PassiveHealth& settings) {
  if (settings.consecutive_failures == 0 ||
      which.held.load(std::memory_order_relaxed) < settings.consecutive_failures) {
    return false;
  }
  bool others = false;
  for (const Candidate& candidate : candidates) {
    if (candidate.state == &which || !candidate.state->usable()) continue;
    if (candidate.state->held.load(std::memory_order_relaxed) != 0) return false;
    others = true;
  }
  return others;
}

Verdict excuse(EjectionGuard& guard, std::span<const Candidate> candidates, std::span<const HeldFailure> held,
               const config::PassiveHealth& settings, TimePoint now) {
  Verdict verdict;
  verdict.held = Held::request;
  verdict.failure = held.front().failure;
  verdict.alike = held.size();
  verdict.total = candidates.size();
  for (const HeldFailure& each : held) {
    EndpointState& endpoint = *candidates[each.endpoint].state;
    endpoint.health.abandon_probe(now, each.ticket);
    if (endpoint.health.judges(each.ticket)) count_one_more(endpoint.excused);
  }
  if (!guard.try_enter()) return verdict;  // said by the next one
  verdict.announce = guard.may_announce(Held::request, now, settings.window);
  guard.leave();
  return verdict;
}

}  // namespace weir::upstream
