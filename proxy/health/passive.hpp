// Passive health of one endpoint: failures eject it for a while, then one probe request decides (half-open). A pure
// state machine over a passed-in clock: one atomic word, each transition one compare-and-swap, so that of two reports
// of workers that race exactly one makes the change.
//
//   healthy --failures--> ejected until t                   (which one stays all the same: upstream/ejection.hpp)
//   ejected --t passed, one picker wins a CAS--> half_open  (exactly one probe request)
//   half_open --success--> healthy, --failure--> ejected again, --probe abandoned--> ejected with t = now
//   half_open --probe_patience passed, one picker wins a CAS--> half_open with one probe more
//
// A request is judged by the ticket that it got when it was sent. Each ejection starts a new epoch (an abandoned probe
// does not), and a report with an older ticket changes nothing. Out of use only tickets of probes count.
#pragma once

#include <atomic>
#include <cstdint>

#include "config/model.hpp"
#include "core/clock.hpp"

namespace weir::health {

enum class State : std::uint8_t { healthy, ejected, half_open };

/// What a report changed; the caller reports and counts it.
enum class Change : std::uint8_t { none, ejected, recovered, re_ejected };

/// Given to a request when it is sent, handed back with its report.
struct Ticket {
  std::uint16_t epoch = 0;
  bool probe = false;  // this request is a half-open probe: it must end in a report or in abandon_probe
  std::uint64_t patience_end = 0;  // of a probe: distinguishes it from others of the same epoch
};

/// What else decides how long an ejection lasts.
struct Service {
  TimePoint since{};          // in service since then; TimePoint{}: for ever
  bool shared_cause = false;  // the cause may be elsewhere: a failed probe does not lengthen the ejection
};

/// How long the `in_row`th ejection in a row lasts (from 1): `ejection_time`, and each time twice as long, up to
/// `max_ejection_time` and never below `ejection_time`. The row loses one step for each full `ejection_time` that
/// the endpoint was in service since its return, so that after long enough the next one is as short as the first.
Milliseconds ejection_time(const config::PassiveHealth& settings, unsigned in_row);

class PassiveHealth {
 public:
  /// After so long without a verdict another request probes as well: a client that sends its request slowly must not
  /// decide how long an endpoint stays out. Whichever has a verdict first decides, or a hung endpoint whose requests
  /// time out later than that would never be judged; only the latest of them can be abandoned.
  static constexpr Milliseconds probe_patience{30'000};
  /// The same from when the probe has the head of a response that is no verdict yet: a stream of gRPC may be silent for
  /// as long as it likes.
  static constexpr Milliseconds begun_patience{2'000};
  /// So long a probe that is due waits for a request that can be tried again elsewhere; then any request may probe, or
  /// an endpoint that gets no such requests would stay out for ever.
  static constexpr Milliseconds probe_reserve{10'000};
  static constexpr unsigned in_row_max = 63;  // further ejections in a row are as long as this one

  /// Becomes what `other` is at the moment.
  void copy(const PassiveHealth& other) { word_.store(other.word_.load(std::memory_order_acquire)); }

  /// An ejection whose time has passed still reads `ejected`; see probe_due.
  State state() const { return state_of(word_.load(std::memory_order_acquire)); }
  bool usable() const { return state_of(word_.load(std::memory_order_relaxed)) == State::healthy; }
  /// When the ejection ends; TimePoint::min() unless ejected.
  TimePoint ejected_until() const;
  /// Failures in a row while healthy; 0 otherwise.
  std::uint64_t consecutive_failures() const;
  /// The ejections in a row, what has decayed since the last return included (see row_now).
  unsigned ejections_in_row() const { return in_row_of(word_.load(std::memory_order_acquire)); }
  /// The same without what has decayed: 0 once the endpoint was in service for long enough.
  unsigned row_now(const config::PassiveHealth& settings, TimePoint now, TimePoint since) const;

  /// For a request that is sent now and is not the probe.
  Ticket ticket() const { return {epoch_of(word_.load(std::memory_order_acquire)), false}; }
  /// A report with this ticket counts for the endpoint as it is now; not so for a probe's.
  bool judges(Ticket ticket) const { return is_current(word_.load(std::memory_order_acquire), ticket); }
  /// The ticket is that of a probe whose verdict counts.
  bool is_probed_by(Ticket ticket) const { return is_probe(word_.load(std::memory_order_acquire), ticket); }
  /// The ejection time has passed and no request probes yet, or one does for too long already.
  bool probe_due(TimePoint now) const { return probe_due(word_.load(std::memory_order_relaxed), now); }
  /// The probe is due, and has been for probe_reserve.
  bool probe_overdue(TimePoint now) const { return probe_due(now - probe_reserve); }
  /// Takes the one half-open probe and fills `ticket`; false when another request was faster.
  bool claim_probe(TimePoint now, Ticket& ticket);
  /// The probe ended without a verdict. Nothing happens for a ticket that is not the latest probe's.
  void abandon_probe(TimePoint now, Ticket ticket);

  /// The probe has the head of a response, and its verdict comes later, if ever: after begun_patience another request
  /// probes as well. Nothing happens for a ticket that is not the latest probe's.
  void begun_probe(TimePoint now, Ticket& ticket);

  Change report_success(Ticket ticket);
  /// `may_eject`: another endpoint of the upstream stays in use. Without it failures are still counted, so
  /// that a later one ejects. With `consecutive_failures` and `failure_rate` both 0 nothing is counted, and a
  /// probe that fails ends the ejection. Use upstream::report_failure where other workers may eject at the
  /// same time.
  Change report_failure(const config::PassiveHealth& settings, TimePoint now, bool may_eject, Ticket ticket,
                        Service service = {});

  /// Ejects if enough failures in a row are counted and the ticket is not outdated. Callers keep the last endpoint in
  /// use: upstream/ejection.hpp.
  Change eject_if_due(const config::PassiveHealth& settings, TimePoint now, Ticket ticket,
                      Service service = {});
  /// Ejects whatever the failures in a row are, if healthy and the ticket is not outdated.
  Change eject(const config::PassiveHealth& settings, TimePoint now, Ticket ticket, Service service = {});

  /// Back in use without a probe, with `discounted` ejections less in the row; the result of a probe that runs no
  /// longer counts. False when it is in use already.
  bool end_ejection(unsigned discounted);
  /// An ejection that would last longer than until `latest` ends then. False when none would.
  bool shorten_ejection(TimePoint latest);

 private:
  // state: 2 bits | epoch: 16 bits | ejections in a row: 6 bits | payload: 40 bits (healthy: failures in a row;
  // ejected, half-open: end or patience's end in milliseconds, 34 years)
  using Word = std::uint64_t;
  static constexpr unsigned state_bits = 2;
  static constexpr unsigned epoch_bits = 16;
  static constexpr unsigned row_shift = state_bits + epoch_bits;
  static constexpr unsigned payload_shift = row_shift + 6;
  static constexpr Word payload_max = (Word{1} << (64 - payload_shift)) - 1;

  static constexpr State state_of(Word word) { return static_cast<State>(word & 3); }
  static constexpr std::uint16_t epoch_of(Word word) {
    return static_cast<std::uint16_t>(word >> state_bits);
  }
  static constexpr unsigned in_row_of(Word word) {
    return static_cast<unsigned>(word >> row_shift) & in_row_max;
  }
  static constexpr Word payload_of(Word word) { return word >> payload_shift; }
  static constexpr Word make(State state, std::uint16_t epoch, unsigned in_row, Word payload);
  static Word ejected_word(Word before, unsigned in_row, TimePoint until);
  static Word next_ejection(Word before, const config::PassiveHealth& settings, TimePoint now,
                            Service service);
  static bool probe_due(Word word, TimePoint now);
  static bool is_current(Word word, Ticket ticket);
  static bool due(Word word, const config::PassiveHealth& settings, Ticket ticket);
  static bool is_probe(Word word, Ticket ticket);
  static bool is_latest_probe(Word word, Ticket ticket);
  bool replace(Word& expected, Word desired);

  std::atomic<Word> word_{0};
};

}  // namespace weir::health
