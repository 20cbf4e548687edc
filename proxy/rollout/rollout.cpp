#include "rollout/rollout.hpp"

#include <cmath>
#include <utility>

#include "rollout/sensitivity.hpp"
#include "rollout/shared_cause.hpp"

namespace weir::rollout {
namespace {

State first_state(const Settings& settings) {
  State state;
  state.share = settings.steps.front();
  state.periods.emplace_back();
  return state;
}

Cause cause_of(Held held) {
  switch (held) {
    case Held::shared_cause:
      return Cause::shared_cause;
    case Held::suspicious:
      return Cause::suspicious;
    case Held::low_traffic:
      return Cause::low_traffic;
  }
  return Cause::none;
}

/// What a step of this length would have noticed.
std::optional<Share> jump_of(const Settings& settings, const State& state) {
  const std::uint32_t first = state.step_period;
  Exposure exposure{compared_share(settings, state.share), 0, 0, state.periods[first].place};
  const Totals& other = state.step_totals[index(Side::comparison)];
  std::uint64_t failed = other.failed, units = other.requests;
  exposure.canary_units = state.step_totals[index(Side::canary)].requests;
  if (settings.by_client) {
    exposure.canary_units = state.clients.seen(Side::canary);
    units = state.clients.seen(Side::comparison);
    failed = 0;
    for (std::size_t i = first; i < state.periods.size(); ++i) {
      for (const Tally& tally : state.periods[i].tallies[static_cast<std::size_t>(Signal::failures)])
        failed += tally.events - tally.on_canary;
    }
  }
  if (units == 0 || exposure.canary_units == 0) return std::nullopt;
  exposure.base_rate = std::min(1.0, static_cast<double>(failed) / static_cast<double>(units));
  return smallest_jump(settings, exposure);
}

bool fits(const Settings& settings, const State& state) {
  const std::size_t places = quarters * compared_steps(settings) + extra_periods_max;
  if (state.step >= settings.steps.size() || state.periods.empty() || state.periods.size() > periods_max)
    return false;
  if (state.share > whole || state.step_period >= state.periods.size()) return false;
  if (state.phase == Phase::running && (state.share == 0 || state.share >= whole)) return false;
  for (const Period& period : state.periods) {
    if (period.place >= places) return false;
  }
  return true;
}

}  // namespace

Rollout::Rollout(Settings settings, Names names, TimePoint now)
    : Rollout(settings, std::move(names), first_state(settings), now) {}

Rollout::Rollout(Settings settings, Names names, State state, TimePoint now)
    : settings_(std::move(settings)),
      names_(std::move(names)),
      state_(std::move(state)),
      last_(now),
      sum_(settings_, state_.periods),
      evidence_(sum_.with(settings_, state_.periods.back())) {
  recent_.advance(state_.clocks.rollout_ms, true);
}

Result<Rollout> Rollout::restore(Settings settings, Names names, State state, TimePoint now) {
  if (!faults(settings).empty() || !fits(settings, state))
    return self_error(ErrorKind::internal, "the saved state of the rollout does not fit its settings");
  return Rollout(std::move(settings), std::move(names), std::move(state), now);
}

std::optional<Decision> Rollout::tick(const Tick& tick) {
  if (is_over()) return std::nullopt;
  before_.reset();
  advance(tick);
  begin_quarter();
  count(tick);
  if (!state_.bounds.slow95) set_bounds();
  evidence_ = sum_.with(settings_, state_.periods.back());
  return act(decide(facts()), tick.may_raise);
}

void Rollout::undo() {
  if (!before_) return;
  state_ = *std::exchange(before_, nullptr);
  sum_ = EvidenceSum(settings_, state_.periods);
  evidence_ = sum_.with(settings_, state_.periods.back());
}

bool Rollout::reaches(Family family, double limit) const {
  return evidence_.logs[static_cast<std::size_t>(family)] >= std::log(limit);
}

namespace {

bool is_material(const Settings& settings, const State& state, Family family) {
  if (family == Family::latency) {
    return is_latency_material(state.step_latency, settings.tolerate_latency) ||
           is_latency_material(state.period_latency, settings.tolerate_latency);
  }
  const SideTotals totals = totals_since(state.periods, leading_period(state.periods, family));
  const Totals& canary = totals[index(Side::canary)];
  const Totals& other = totals[index(Side::comparison)];
  const bool failures = family == Family::failures;
  return is_rate_material(failures ? canary.failed : canary.client_errors, canary.requests,
                          failures ? other.failed : other.client_errors, other.requests,
                          settings.tolerate_failures);
}

}  // namespace

Facts Rollout::facts() const {
  Facts facts;
  for (std::size_t i = 0; i < family_count; ++i) {
    const auto family = static_cast<Family>(i);
    if (!reaches(family, suspicion_limit(settings_))) continue;
    const bool reached = reaches(family, evidence_limit(settings_));
    const bool material = is_material(settings_, state_, family);
    facts.is_suspicious |= material;
    facts.is_worse |= reached && material;
    facts.is_tolerated |= reached && !material;
  }
  const std::int64_t hold = settings_.hold.count();
  const Clocks& clocks = state_.clocks;
  facts.canary_down = Milliseconds(clocks.canary_down_ms);
  facts.is_shared_cause = is_shared_cause(recent_.last_seconds(), recent_.past());
  facts.calm = Milliseconds(clocks.calm_ms);
  facts.is_noted = state_.is_noted;
  facts.is_operator_hold = state_.is_operator_hold;
  facts.held = state_.held;
  facts.is_hold_over =
      clocks.hold_ms >= hold + state_.prolongations * hold / static_cast<std::int64_t>(quarters);
  facts.is_max_hold_over = clocks.hold_ms >= settings_.max_hold.count();
  facts.has_enough = state_.step_totals[index(Side::canary)].requests >= settings_.min_requests &&
                     (!settings_.by_client || state_.clients.seen(Side::canary) >= settings_.min_clients);
  facts.prolongations = state_.prolongations;
  facts.on_low_traffic = settings_.on_low_traffic;
  return facts;
}

std::optional<Decision> Rollout::act(Verdict verdict, bool may_raise) {
  const bool is_raise = verdict == Verdict::next_step || verdict == Verdict::promote_unproven;
  if (is_raise && !may_raise) return std::nullopt;
  switch (verdict) {
    case Verdict::nothing:
      return std::nullopt;
    case Verdict::roll_back_down:
      return back(Cause::canary_down);
    case Verdict::hold_shared_cause:
      return held(Held::shared_cause);
    case Verdict::resume: {
      const Cause cause = cause_of(*state_.held);
      state_.held.reset();
      return worded(make(Kind::resumed, cause));
    }
    case Verdict::roll_back_worse:
      return back(Cause::evidence);
    case Verdict::note_tolerated:
      state_.is_noted = true;
      return worded(make(Kind::noted, Cause::worse_within_tolerance));
    case Verdict::next_step:
      return go_to(state_.step + 1, 0, Cause::none);
    case Verdict::prolong:
      ++state_.prolongations;
      begin_period(~std::uint32_t{0});
      return worded(make(Kind::noted, Cause::prolonged));
    case Verdict::hold_suspicious:
      return held(Held::suspicious);
    case Verdict::hold_low_traffic:
      return held(Held::low_traffic);
    case Verdict::promote_unproven:
      return go_to(state_.step + 1, 0, Cause::low_traffic);
    case Verdict::roll_back_unproven:
      return back(Cause::low_traffic);
  }
  return std::nullopt;
}

Decision Rollout::held(Held held) {
  state_.held = held;
  Decision decision = make(Kind::held, cause_of(held));
  if (held == Held::shared_cause) {
    state_.clocks.calm_ms = 0;
    if (settings_.on_shared_cause == OnSharedCause::step_back && state_.step > 0) {
      begin_step(state_.step - 1, settings_.steps[state_.step - 1]);
      decision.to = state_.share;
    }
  }
  return worded(std::move(decision));
}

/// To that step; `share` 0: its own share. Past the last one: finished as it is.
Decision Rollout::go_to(std::uint32_t step, Share share, Cause cause, std::string reason) {
  before_ = std::make_shared<const State>(state_);
  const bool is_last = step >= settings_.steps.size();
  const Share target = is_last ? state_.share : share == 0 ? settings_.steps[step] : share;
  const bool is_end = is_last || target >= whole;
  Decision decision = make(is_end ? Kind::finished : Kind::step, cause, std::move(reason));
  decision.jump = jump_of(settings_, state_);
  decision.to = target;
  state_.held.reset();
  state_.is_operator_hold = false;
  if (!is_last) begin_step(step, target);
  if (is_end) state_.phase = Phase::finished;
  return worded(std::move(decision));
}

Decision Rollout::back(Cause cause, std::string reason) {
  Decision decision = make(Kind::rolled_back, cause, std::move(reason));
  if (cause == Cause::evidence) {
    for (std::size_t i = 0; i < family_count; ++i) {
      const auto family = static_cast<Family>(i);
      if (!reaches(family, evidence_limit(settings_)) || !is_material(settings_, state_, family)) continue;
      decision.family = family;
      decision.evidence = std::exp(std::min(evidence_.logs[i], 690.0));
      break;
    }
    const std::size_t since = leading_period(state_.periods, decision.family);
    decision.totals = totals_since(state_.periods, since);
    decision.counted_time = Milliseconds(state_.clocks.rollout_ms - state_.periods[since].began_ms);
  }
  decision.to = 0;
  begin_step(state_.step, 0);
  state_.held.reset();
  state_.is_operator_hold = false;
  state_.phase = Phase::rolled_back;
  return worded(std::move(decision));
}

Decision Rollout::make(Kind kind, Cause cause, std::string reason) const {
  Decision decision;
  decision.kind = kind;
  decision.cause = cause;
  decision.from = decision.to = state_.share;
  decision.rollout_time = Milliseconds(state_.clocks.rollout_ms);
  decision.step_time = decision.counted_time = Milliseconds(state_.clocks.step_ms);
  decision.totals = state_.step_totals;
  decision.family = evidence_.strongest;
  decision.evidence = evidence_.value();
  decision.limit = evidence_limit(settings_);
  const SideLatency& latency = is_latency_material(state_.step_latency, settings_.tolerate_latency)
                                   ? state_.step_latency
                                   : state_.period_latency;
  for (std::size_t side = 0; side < side_count; ++side) {
    if (const auto bucket = latency[side].quantile(95)) decision.p95[side] = bucket_bound(*bucket);
  }
  decision.canary_requests = state_.step_totals[index(Side::canary)].requests;
  decision.canary_clients = state_.clients.seen(Side::canary);
  decision.recent = recent_.last_seconds();
  decision.reason = std::move(reason);
  return decision;
}

/// With the weights and the sentence, after the state changed.
Decision Rollout::worded(Decision decision) const {
  decision.weights = weights();
  decision.publication = state_.publication;
  decision.sentence = sentence(decision, settings_, names_);
  return decision;
}

Decision Rollout::started() const {
  Decision decision = make(Kind::started, Cause::none);
  decision.from = 0;
  return worded(std::move(decision));
}

}  // namespace weir::rollout
