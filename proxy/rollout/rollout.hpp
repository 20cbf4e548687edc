// A rollout: takes a canary from step to step while nothing speaks against it, holds where that cannot be known, and
// takes it back when it is worse. A state machine without clock, socket or randomness: counts and the time go in, a
// decision comes out, and its owner publishes the weights in it. All of its memory is `State`. One thread.
//
//   running --hold over, enough units, no evidence--> next step .. --last--> finished
//   running --evidence, no endpoint, operator--> rolled_back        (final, as finished is)
//   running <-> held (shared cause, suspicious, low traffic; an operator)
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "core/error.hpp"
#include "rollout/decision.hpp"
#include "rollout/evidence.hpp"
#include "rollout/recent.hpp"
#include "rollout/state.hpp"

namespace weir::rollout {

/// How often its owner ticks.
inline constexpr Milliseconds tick_interval{250};
/// A pause between ticks that is longer counts as this long: the process was stopped, and nothing was seen.
inline constexpr Milliseconds tick_max{10'000};
/// A look at a canary that is down counts as no more: after a pause of the process one look is no proof.
inline constexpr Milliseconds down_look_max{1'000};
/// As many values of the comparison side have to be known before anything is called slow.
inline constexpr std::uint64_t slow_bounds_values_min = 200;

struct Tick {
  TimePoint now;
  bool canary_usable = true, stable_usable = true;  // at least one endpoint each
  bool canary_restarted = false;                    // an endpoint of it came back, or is new: it warms up
  bool may_raise = true;           // false: what it would raise cannot be saved, so it does not
  std::span<const Counts> counts;  // since the last tick
};

class Rollout {
 public:
  /// Begins at the first step. `settings` without faults.
  Rollout(Settings settings, Names names, TimePoint now);
  /// Goes on from a saved state. Error (internal): it does not fit the settings.
  static Result<Rollout> restore(Settings settings, Names names, State state, TimePoint now);

  /// Of a new rollout: its first weights.
  Decision started() const;
  /// Counts, then decides: at most one decision, the next one at the next tick.
  std::optional<Decision> tick(const Tick& tick);

  // What operators ask for. Error (self, `internal`), and nothing changed: it makes no sense now, and why.
  Result<Decision> hold(std::string reason);
  /// Ends an operator's hold, or that of a shared cause: what the comparison side does now is usual from now on.
  Result<Decision> resume(std::string reason);
  /// The next step, or the share `to` above the present one, whatever the evidence is.
  Result<Decision> promote(std::optional<Share> to, std::string reason);
  Result<Decision> roll_back(std::string reason);

  /// The last decision raised the canary's share, or ended the rollout well, and could not be saved: all is as before
  /// it. Before the next tick or command.
  void undo();

  const State& state() const { return state_; }
  const Settings& settings() const { return settings_; }
  bool is_over() const { return state_.phase != Phase::running; }
  Weights weights() const { return weights_for(settings_, state_.share); }
  /// What counts have to carry.
  std::uint32_t publication() const { return state_.publication; }
  const Evidence& evidence() const { return evidence_; }

 private:
  Rollout(Settings settings, Names names, State state, TimePoint now);

  // rollout_count.cpp
  void advance(const Tick& tick);
  void count(const Tick& tick);
  void count_latency(const Counts& counts, Period& period, Chance chance);
  void set_bounds();
  void begin_quarter();
  void begin_period(std::uint32_t regular_place);
  void begin_step(std::uint32_t step, Share share);

  Facts facts() const;
  bool reaches(Family family, double limit) const;
  std::optional<Decision> act(Verdict verdict, bool may_raise);
  Decision held(Held held);
  Decision go_to(std::uint32_t step, Share share, Cause cause, std::string reason = {});
  Decision back(Cause cause, std::string reason = {});
  Decision make(Kind kind, Cause cause, std::string reason = {}) const;
  Decision worded(Decision decision) const;

  Settings settings_;
  Names names_;
  State state_;
  std::shared_ptr<const State> before_;  // the last decision, where it may be undone
  Recent recent_;
  TimePoint last_;
  EvidenceSum sum_;
  Evidence evidence_;
};

}  // namespace weir::rollout
