// Passive health of one endpoint: consecutive failures eject it for a while, then one probe request decides
// (half-open). A pure state machine over a passed-in clock. All workers report to it, so the whole state is
// one atomic word and each transition one compare-and-swap: of two reports that race, exactly one makes the
// change.
//
//   healthy --N failures in a row--> ejected until t        (unless it is the last one in use)
//   ejected --t passed, one picker wins a CAS--> half_open  (exactly one probe request)
//   half_open --success--> healthy, --failure--> ejected again, --probe abandoned--> ejected with t = now
//
// A request is judged by the ticket that it got when it was sent. Each entry into `ejected` starts a new
// epoch, and a report with an older ticket says nothing about the endpoint as it is now: it changes nothing.
// While ejected or half-open only the probe's own ticket counts.
#pragma once

#include <atomic>
#include <cstdint>

#include "config/model.hpp"
#include "core/clock.hpp"

namespace weir::health {

enum class State : std::uint8_t { healthy, ejected, half_open };

/// What a report changed; the caller logs and counts it.
enum class Change : std::uint8_t { none, ejected, recovered, re_ejected };

/// Given to a request when it is sent, handed back with its report.
struct Ticket {
  std::uint16_t epoch = 0;
  bool probe = false;  // this request is the half-open probe: it must end in a report or in abandon_probe
};

class PassiveHealth {
 public:
  /// An ejection whose time has passed still reads `ejected`; see probe_due.
  State state() const { return state_of(word_.load(std::memory_order_acquire)); }
  bool usable() const { return state_of(word_.load(std::memory_order_relaxed)) == State::healthy; }
  /// When the ejection ends; TimePoint::min() unless ejected.
  TimePoint ejected_until() const;
  /// Failures in a row while healthy; 0 otherwise.
  std::uint64_t consecutive_failures() const;

  /// For a request that is sent now and is not the probe.
  Ticket ticket() const { return {epoch_of(word_.load(std::memory_order_acquire)), false}; }
  /// The ejection time has passed and nobody probes yet.
  bool probe_due(TimePoint now) const { return probe_due(word_.load(std::memory_order_relaxed), now); }
  /// Takes the one half-open probe and fills `ticket`; false when another request was faster.
  bool claim_probe(TimePoint now, Ticket& ticket);
  /// The probe ended without a verdict. Nothing happens for a ticket that is not the running probe's.
  void abandon_probe(TimePoint now, Ticket ticket);

  Change report_success(Ticket ticket);
  /// `may_eject`: another endpoint of the upstream stays in use. Without it failures are still counted, so
  /// that a later one ejects. With `consecutive_failures: 0` nothing is counted, and a probe that fails ends
  /// the ejection. Use upstream::report_failure where other workers may eject at the same time.
  Change report_failure(const config::PassiveHealth& settings, TimePoint now, bool may_eject, Ticket ticket);

  /// Enough failures in a row are counted and the ticket is not outdated; only `may_eject` was missing.
  bool due_for_ejection(const config::PassiveHealth& settings, Ticket ticket) const;
  /// Ejects if still due. Callers keep the last endpoint in use: upstream/ejection.hpp.
  Change eject_if_due(const config::PassiveHealth& settings, TimePoint now, Ticket ticket);

 private:
  // state: 2 bits | epoch: 16 bits | payload: 46 bits (healthy: failures in a row; ejected: end in
  // milliseconds)
  using Word = std::uint64_t;
  static constexpr unsigned state_bits = 2;
  static constexpr unsigned epoch_bits = 16;
  static constexpr unsigned payload_shift = state_bits + epoch_bits;
  static constexpr Word payload_max = (Word{1} << (64 - payload_shift)) - 1;

  static constexpr State state_of(Word word) { return static_cast<State>(word & 3); }
  static constexpr std::uint16_t epoch_of(Word word) {
    return static_cast<std::uint16_t>(word >> state_bits);
  }
  static constexpr Word payload_of(Word word) { return word >> payload_shift; }
  static constexpr Word make(State state, std::uint16_t epoch, Word payload);
  static Word ejected_word(Word before, TimePoint until);
  static bool probe_due(Word word, TimePoint now);
  static bool due(Word word, const config::PassiveHealth& settings, Ticket ticket);
  static bool is_probe(Word word, Ticket ticket);
  bool replace(Word& expected, Word desired);

  std::atomic<Word> word_{0};
};

}  // namespace weir::health
