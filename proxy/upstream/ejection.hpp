// Reports about an upstream's endpoints, with the rules that look at several of them: one always stays in use, not
// more than max_ejection_percent go, and no endpoint goes for a fault that most of them share. Ejections (rare) of one
// upstream are decided one at a time; everything else stays a single atomic step on one endpoint. Pure; any
// thread; never waits.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "config/model.hpp"
#include "core/clock.hpp"
#include "health/cause.hpp"
#include "health/passive.hpp"
#include "health/window.hpp"
#include "upstream/endpoint.hpp"

namespace weir::upstream {

/// What made an ejection due.
enum class Reason : std::uint8_t { none, consecutive_failures, failure_rate, probe_failed };
/// Why an endpoint stays although its ejection is due.
enum class Held : std::uint8_t {
  none,
  last_endpoint,
  max_ejection_percent,
  shared_cause,
  request,  // its failure is not counted at all: the cause is the request (pending_failures.hpp)
};
inline constexpr std::size_t held_count = 5;

/// Names in metrics.
std::string_view to_string(Reason reason);
std::string_view to_string(Held held);

/// How an attempt failed: for people, and as passive_health.failures names it (0: no kind of its own).
struct FailedAttempt {
  health::Cause cause;
  std::uint16_t failure = 0;
};

/// What a report led to, with the numbers of that moment.
struct Verdict {
  health::Change change = health::Change::none;
  Reason reason = Reason::none;          // an ejection was due (or made) for this
  Held held = Held::none;                // it was not made because of this ...
  bool beyond_cap = false;               // ejected although max_ejection_percent are out
  bool announce = false;                 // ... and that was not announced for a window
  std::uint64_t failures = 0;            // in a row
  health::OutcomeWindow::Counts counts;  // of the window, where failure_rate is on
  health::RecentCauses causes = 0;       // latest failures of the endpoint
  std::uint16_t failure = 0;             // kind of the latest
  unsigned in_row = 0;                   // ejections in a row, this one included
  Milliseconds ejected_for{0};
  std::size_t alike = 0;       // endpoints that fail the same way
  std::size_t ejected = 0;     // by passive health, half-open ones included
  std::size_t out = 0;         // others that are out, for whatever reason
  std::size_t readmitted = 0;  // whose ejections ended because all endpoints, or their backups, fail, too
  std::size_t usable = 0, total = 0;  // endpoints
};

/// Serialises ejections, and holds the shared cause that was found and when each event was emitted. One per upstream,
/// shared by all workers and kept over reloads.
class EjectionGuard {
 public:
  bool try_enter() { return !busy_.exchange(true, std::memory_order_acquire); }
  void leave() { busy_.store(false, std::memory_order_release); }

  /// A shared cause of this kind was found within `window`: nothing needs to be decided. Any thread.
  bool has_shared_cause(std::uint16_t failure, TimePoint now, Milliseconds window) const {
    return shared_cause_.is_set(failure, now - window);
  }
  /// While entered.
  void set_shared_cause(std::uint16_t failure, TimePoint now) { shared_cause_.set(failure, now); }
  /// While entered: true at most once each window for each `held`.
  bool may_announce(Held held, TimePoint now, Milliseconds window);

 private:
  std::atomic<bool> busy_{false};
  DueMark shared_cause_;
  std::array<TimePoint, held_count> quiet_until_{};
};

/// How many candidates may take a request.
std::size_t usable_count(std::span<const Candidate> candidates);

/// Another candidate than `which` is usable. An answer for now only: as far as passive health goes it stays true
/// while the caller holds the upstream's EjectionGuard, because recoveries never take an endpoint away.
bool may_eject(std::span<const Candidate> candidates, const EndpointState& which);

/// Passive health takes no endpoint out while so many of `endpoints` are out, for whatever reason: max_ejection_percent
/// of them rounded down; but at least one more than `by_operator`, or small upstreams would have no passive health at
/// all, and larger ones none while one of their endpoints is serviced.
std::size_t out_max(const config::PassiveHealth& settings, std::size_t endpoints,
                    std::size_t by_operator = 0);

/// Reports that `which` answered. Its return to service, where the probe succeeded, is in serving_since before it
/// is usable.
Verdict report_success(std::span<const Candidate> candidates, EndpointState& which,
                       const config::PassiveHealth& settings, TimePoint now, health::Ticket ticket);

/// Reports a failed request to `which` and ejects it where that is due and allowed. At the moment of an ejection
/// another of `candidates` is usable and not more than out_max are out, whatever took them out, besides those that went
/// beyond; also when workers report about several endpoints at the same time. What an operator has taken out is not
/// judged. When the guard is held longer than a few microseconds (its holder lost the CPU) the failure is only counted
/// and the next one ejects.
///
/// Order: a shared cause (due_mark.hpp) holds for a window from the moment on that its rule is met, and
/// meanwhile no endpoint is ejected for that kind of failure and no failed probe lengthens an ejection; then the last
/// usable endpoint stays; then max_ejection_percent, but for one that gave nothing but failures for a window while
/// another that is no backup serves. Where the kind is a status and all endpoints share it, those that it ejected
/// within the window come back: they answer as well as the others do. A connection that fails is no such evidence,
/// because no request can cause it. For others than backups only the second rule holds while a usable backup can take
/// their place; where one that does is due for ejection and stays, the ejections of the others end, and it counts as
/// no such backup for ejection_time or until it answers.
Verdict report_failure(EjectionGuard& guard, std::span<const Candidate> candidates, EndpointState& which,
                       const config::PassiveHealth& settings, TimePoint now, health::Ticket ticket,
                       FailedAttempt failed = {});

/// Why `which` is in use although its failures make its ejection due: `held`, and the reason with its numbers. `held`
/// is none where it is out, where nothing is due any more, or where nothing held it. For people: of one moment.
Verdict kept_in_use(const EndpointState& which, const config::PassiveHealth& settings, TimePoint now);

}  // namespace weir::upstream
