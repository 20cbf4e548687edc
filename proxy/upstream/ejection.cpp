#include "upstream/ejection.hpp"

#include <algorithm>

#include "upstream/readmission.hpp"
#include "upstream/retry.hpp"

namespace weir::upstream {
namespace {

using health::Change;

constexpr int guard_tries_max = 1000;

bool enter(EjectionGuard& guard) {
  for (int tries = 0; tries < guard_tries_max; ++tries) {
    if (guard.try_enter()) return true;
  }
  return false;
}

std::int64_t milliseconds_of(TimePoint time) {
  return std::chrono::ceil<Milliseconds>(time.time_since_epoch()).count();
}

TimePoint serving_since(const EndpointState& endpoint) {
  return TimePoint{Milliseconds{endpoint.serving_since.load(std::memory_order_acquire)}};
}

/// Nothing yet where neither is configured or the numbers are below.
Reason due_reason(const config::PassiveHealth& settings, const Verdict& verdict) {
  if (settings.consecutive_failures != 0 && verdict.failures >= settings.consecutive_failures)
    return Reason::consecutive_failures;
  const auto& counts = verdict.counts;
  const bool enough = settings.failure_rate != 0 && counts.requests >= std::max(settings.min_requests, 1U);
  const bool many = std::uint64_t{counts.failures} * 100 >=
                    std::uint64_t{settings.failure_rate} * std::uint64_t{counts.requests};
  return enough && many ? Reason::failure_rate : Reason::none;
}

/// What the rules depend on.
struct Tally {
  std::size_t endpoints = 0;
  std::size_t by_operator = 0;  // taken out
  std::size_t out = 0;          // all but the judged one that get no requests, whatever the reason
  std::size_t ejected = 0;      // of those that no operator took out
  std::size_t judged = 0;       // that requests go to, or went to until they failed
  std::size_t alike = 0;        // of these: that fail as this one does
};

Tally tally_of(std::span<const Candidate> candidates, const EndpointState& which, std::uint16_t failure,
               TimePoint since) {
  Tally tally;
  tally.endpoints = candidates.size();
  for (const Candidate& candidate : candidates) {
    const EndpointState& endpoint = *candidate.state;
    const bool usable = endpoint.usable();
    tally.out += &endpoint != &which && !usable ? 1 : 0;
    if (endpoint.taken_out()) {
      ++tally.by_operator;
      continue;
    }
    const bool alike = endpoint.due.is_set(failure, since);
    tally.ejected += endpoint.health.usable() ? 0 : 1;
    tally.alike += alike ? 1 : 0;
    // One that checks took out cannot fail.
    tally.judged += alike || endpoint.out.load(std::memory_order_relaxed) == 0 ? 1 : 0;
  }
  return tally;
}

/// `which` is no backup, and a backup can take its place: they are there for when all others fail alike. One that was
/// due for an ejection itself, and has not answered since, is none for as long as that would have lasted: it only
/// stayed for want of another one.
bool is_backed_up(std::span<const Candidate> candidates, const EndpointState& which,
                  const config::PassiveHealth& settings, TimePoint now) {
  const TimePoint since = now - settings.ejection_time;
  bool primary = false, backup = false;
  for (const Candidate& candidate : candidates) {
    const EndpointState& endpoint = *candidate.state;
    primary = primary || (&endpoint == &which && !candidate.backup);
    backup = backup || (candidate.backup && endpoint.usable() && !endpoint.due.is_set(since));
  }
  return primary && backup;
}

/// `which` is a backup, and no other endpoint but backups is usable.
bool is_standing_in(std::span<const Candidate> candidates, const EndpointState& which) {
  bool backup = false;
  for (const Candidate& candidate : candidates) {
    if (!candidate.backup && candidate.state->usable()) return false;
    backup = backup || (candidate.backup && candidate.state == &which);
  }
  return backup;
}

/// Some endpoint that fails as this one does is out for that, though all others fail so, too.
bool may_readmit(const Tally& tally, std::uint16_t failure) {
  return tally.ejected != 0 && is_fault_of_all(tally.alike, tally.judged) && is_status_failure(failure);
}

/// `which` has given nothing but failures for a whole window, while another one that is no backup serves: its latest
/// request did not fail. Such an endpoint is no capacity that max_ejection_percent could keep.
bool gives_only_failures(std::span<const Candidate> candidates, const EndpointState& which,
                         const config::PassiveHealth& settings, TimePoint now) {
  const TimePoint since{Milliseconds{which.failing_since.load(std::memory_order_relaxed)}};
  if (which.health.consecutive_failures() == 0 || now - since < settings.window) return false;
  return std::ranges::any_of(candidates, [&](const Candidate& candidate) {
    const EndpointState& other = *candidate.state;
    return &other != &which && !candidate.backup && other.usable() &&
           other.health.consecutive_failures() == 0;
  });
}

/// With the guard held: every ejection of this upstream but a failed probe's is made here, so an
/// endpoint that is seen healthy stays so until we leave.
void decide(EjectionGuard& guard, std::span<const Candidate> candidates, EndpointState& which,
            const config::PassiveHealth& settings, TimePoint now, health::Ticket ticket, bool shared_cause,
            Verdict& verdict) {
  const TimePoint since = now - settings.window;
  const Tally tally = tally_of(candidates, which, verdict.failure, since);
  verdict.ejected = tally.ejected;
  verdict.out = tally.out;
  verdict.alike = tally.alike;
  const health::Service service{serving_since(which), false};
  const bool backed_up = is_backed_up(candidates, which, settings, now);
  const bool capped = !backed_up && tally.out >= out_max(settings, tally.endpoints, tally.by_operator);
  verdict.beyond_cap = capped && gives_only_failures(candidates, which, settings, now);
  if (!backed_up && (shared_cause || is_shared_cause(tally.alike, tally.judged))) {
    if (!shared_cause) guard.set_shared_cause(verdict.failure, now);
    verdict.held = Held::shared_cause;
    if (may_readmit(tally, verdict.failure))
      verdict.readmitted = readmit_alike(candidates, verdict.failure, since, now);
  } else if (!may_eject(candidates, which)) {
    verdict.held = Held::last_endpoint;
  } else if (capped && !verdict.beyond_cap) {
    verdict.held = Held::max_ejection_percent;
  } else if (verdict.reason == Reason::consecutive_failures) {
    verdict.change = which.health.eject_if_due(settings, now, ticket, service);
  } else {
    verdict.change = which.health.eject(settings, now, ticket, service);
  }
  if (verdict.change == Change::ejected) ++verdict.ejected;
  if (verdict.held == Held::none) return;
  // All requests would go on to an endpoint that fails: the others are no worse.
  if (is_standing_in(candidates, which)) verdict.readmitted += readmit_primaries(candidates, now);
  verdict.announce = guard.may_announce(verdict.held, now, settings.window) || verdict.readmitted != 0;
}

/// The numbers that events show.
void complete(Verdict& verdict, std::span<const Candidate> candidates, const EndpointState& which,
              const config::PassiveHealth& settings) {
  verdict.causes = which.causes.recent();
  verdict.usable = usable_count(candidates);
  verdict.total = candidates.size();
  if (verdict.change != Change::ejected && verdict.change != Change::re_ejected) return;
  verdict.in_row = which.health.ejections_in_row();
  verdict.ejected_for = health::ejection_time(settings, verdict.in_row);
}

}  // namespace

std::string_view to_string(Reason reason) {
  switch (reason) {
    case Reason::none:
      return "";
    case Reason::consecutive_failures:
      return "consecutive_failures";
    case Reason::failure_rate:
      return "failure_rate";
    case Reason::probe_failed:
      return "probe_failed";
  }
  return "";
}

std::string_view to_string(Held held) {
  switch (held) {
    case Held::none:
      return "";
    case Held::last_endpoint:
      return "last_endpoint";
    case Held::max_ejection_percent:
      return "max_ejection_percent";
    case Held::shared_cause:
      return "shared_cause";
    case Held::request:
      return "request";
  }
  return "";
}

bool EjectionGuard::may_announce(Held held, TimePoint now, Milliseconds window) {
  TimePoint& quiet_until = quiet_until_[static_cast<std::size_t>(held)];
  if (now < quiet_until) return false;
  quiet_until = now + window;
  return true;
}

std::size_t usable_count(std::span<const Candidate> candidates) {
  return static_cast<std::size_t>(std::ranges::count_if(
      candidates, [](const Candidate& candidate) { return candidate.state->usable(); }));
}

bool may_eject(std::span<const Candidate> candidates, const EndpointState& which) {
  return std::ranges::any_of(candidates, [&](const Candidate& candidate) {
    return candidate.state != &which && candidate.state->usable();
  });
}

std::size_t out_max(const config::PassiveHealth& settings, std::size_t endpoints, std::size_t by_operator) {
  return std::max<std::size_t>(endpoints * settings.max_ejection_percent / 100, by_operator + 1);
}

Verdict report_success(std::span<const Candidate> candidates, EndpointState& which,
                       const config::PassiveHealth& settings, TimePoint now, health::Ticket ticket) {
  Verdict verdict;
  if (ticket.probe && which.health.is_probed_by(ticket)) {
    which.due.clear();
    which.serving_since.store(milliseconds_of(now), std::memory_order_release);
  } else if (settings.failure_rate != 0 && which.health.judges(ticket)) {
    which.outcomes.record(false, ticket.epoch, now, settings.window);
  }
  if (which.health.consecutive_failures() != 0 && which.health.judges(ticket)) which.due.clear();
  if (which.discounted.load(std::memory_order_relaxed) != 0)
    which.discounted.store(0, std::memory_order_relaxed);
  verdict.change = which.health.report_success(ticket);
  if (verdict.change != Change::none) complete(verdict, candidates, which, settings);
  return verdict;
}

Verdict report_failure(EjectionGuard& guard, std::span<const Candidate> candidates, EndpointState& which,
                       const config::PassiveHealth& settings, TimePoint now, health::Ticket ticket,
                       FailedAttempt failed) {
  Verdict verdict;
  verdict.failure = failed.failure;
  const bool shared_cause = guard.has_shared_cause(failed.failure, now, settings.window);
  if (ticket.probe && which.health.is_probed_by(ticket)) {
    which.causes.add(failed.cause);
    which.due.set(failed.failure, now);
    verdict.change = which.health.report_failure(settings, now, false, ticket, {{}, shared_cause});
    verdict.reason = Reason::probe_failed;
    if (verdict.change != Change::none) complete(verdict, candidates, which, settings);
    return verdict;
  }
  if (!which.health.judges(ticket) || which.taken_out()) return verdict;
  which.causes.add(failed.cause);
  which.health.report_failure(settings, now, false, ticket);
  verdict.failures = which.health.consecutive_failures();
  if (verdict.failures <= 1) which.failing_since.store(milliseconds_of(now), std::memory_order_relaxed);
  if (settings.failure_rate != 0) {
    which.outcomes.record(true, ticket.epoch, now, settings.window);
    verdict.counts = which.outcomes.counts(ticket.epoch, now, settings.window);
  }
  verdict.reason = due_reason(settings, verdict);
  if (verdict.reason == Reason::none) return verdict;
  const bool known = which.due.is_set(failed.failure, now - settings.window);
  which.due.set(failed.failure, now);
  // Only one that joins those that fail alike can make them all, and only a backup can give others their place back.
  if (shared_cause && (known || !is_status_failure(failed.failure)) &&
      !is_backed_up(candidates, which, settings, now) && !is_standing_in(candidates, which)) {
    verdict.held = Held::shared_cause;
    which.held.store(static_cast<std::uint8_t>(verdict.held), std::memory_order_relaxed);
    return verdict;
  }
  if (!enter(guard)) return verdict;
  decide(guard, candidates, which, settings, now, ticket, shared_cause, verdict);
  which.held.store(static_cast<std::uint8_t>(verdict.held), std::memory_order_relaxed);
  guard.leave();
  if (verdict.change != Change::none || verdict.announce) complete(verdict, candidates, which, settings);
  return verdict;
}

Verdict kept_in_use(const EndpointState& which, const config::PassiveHealth& settings, TimePoint now) {
  Verdict verdict;
  if (!which.usable()) return verdict;
  verdict.failures = which.health.consecutive_failures();
  if (settings.failure_rate != 0)
    verdict.counts = which.outcomes.counts(which.health.ticket().epoch, now, settings.window);
  verdict.reason = due_reason(settings, verdict);
  if (verdict.reason == Reason::none) return verdict;
  verdict.held = static_cast<Held>(which.held.load(std::memory_order_relaxed));
  verdict.causes = which.causes.recent();
  return verdict;
}

}  // namespace weir::upstream
