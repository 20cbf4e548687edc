// Passive health of one endpoint: consecutive failures eject it for a while, then one probe request decides
// (half-open). A pure state machine over a passed-in clock, kept in atomics because all workers report to it.
//
//   healthy  --N failures in a row-->  ejected (until t)      unless it is the last one in use (the caller asks)
//   ejected  --t passed, one picker wins a CAS-->  half_open  (exactly one probe request)
//   half_open --success--> healthy      half_open --failure--> ejected again
//   half_open --probe abandoned (client left)--> ejected with t = now: the next request probes
#pragma once

#include <atomic>
#include <cstdint>

#include "config/model.hpp"
#include "core/clock.hpp"

namespace weir::health {

enum class State : std::uint8_t { healthy, ejected, half_open };

/// What a report changed; the caller logs and counts it.
enum class Change : std::uint8_t { none, ejected, recovered, re_ejected };

class PassiveHealth {
 public:
  /// May a request be sent there now? healthy: yes. ejected and due: yes for the one caller that `claim`s it.
  State state(TimePoint now) const;   // an ejection whose time has passed still reads `ejected`; see probe_due
  bool usable() const { return state_.load(std::memory_order_relaxed) == State::healthy; }
  /// The ejection time has passed and nobody probes yet.
  bool probe_due(TimePoint now) const;
  /// Takes the one half-open probe; false when another request was faster.
  bool claim_probe(TimePoint now);
  /// The probe ended without a verdict.
  void abandon_probe(TimePoint now);

  Change report_success();
  /// `may_eject`: another endpoint of the upstream stays in use. `probe`: this request held the probe.
  Change report_failure(const config::PassiveHealth& settings, TimePoint now, bool may_eject, bool probe);

  std::uint32_t consecutive_failures() const { return failures_.load(std::memory_order_relaxed); }

 private:
  std::atomic<State> state_{State::healthy};
  std::atomic<std::uint32_t> failures_{0};
  std::atomic<TimePoint::rep> ejected_until_{0};
};

}  // namespace weir::health
