// How a rollout counts: clocks, periods, and what comes in.
#include <algorithm>

#include "rollout/rollout.hpp"
#include "rollout/shared_cause.hpp"

namespace weir::rollout {
namespace {

bool is_paused(const State& state) {
  return state.held == Held::shared_cause;
}

/// Requests are counted by sides; the order in which they ended does not matter.
void count_requests(const Counts& counts, Chance chance, std::array<Tallies, signal_count>& tallies) {
  const SideCounts& canary = counts.sides[index(Side::canary)];
  const SideCounts& other = counts.sides[index(Side::comparison)];
  const auto tally = [&](Signal signal, std::uint64_t there, std::uint64_t elsewhere) {
    add(tallies[static_cast<std::size_t>(signal)], chance, Badness::full, there + elsewhere, there);
  };
  tally(Signal::failures, canary.failed, other.failed);
  tally(Signal::client_errors, canary.client_errors, other.client_errors);
}

}  // namespace

void Rollout::advance(const Tick& tick) {
  const auto passed =
      std::clamp(std::chrono::duration_cast<Milliseconds>(tick.now - last_), Milliseconds{0}, tick_max);
  last_ = passed == tick_max || tick.now < last_ ? tick.now
                                                 : last_ + passed;  // keeps what is below a millisecond
  Clocks& clocks = state_.clocks;
  const std::int64_t ms = passed.count();
  clocks.rollout_ms += ms;
  clocks.step_ms += ms;
  const bool is_stopped = is_paused(state_) || state_.is_operator_hold;
  if (!is_stopped) clocks.hold_ms += ms;
  clocks.warmup_left_ms = std::max<std::int64_t>(0, clocks.warmup_left_ms - ms);
  if (tick.canary_restarted) clocks.warmup_left_ms = settings_.warmup.count();
  const bool is_down = !tick.canary_usable && tick.stable_usable;
  clocks.canary_down_ms = is_down ? clocks.canary_down_ms + std::min(ms, down_look_max.count()) : 0;
  recent_.advance(clocks.rollout_ms, !is_paused(state_));
  if (is_paused(state_)) clocks.calm_ms += ms;
}

void Rollout::count(const Tick& tick) {
  const Share share = compared_share(settings_, state_.share);
  const Chance chance{share, whole};
  const Division division(share, settings_.has_baseline);
  Period& period = state_.periods.back();
  const bool is_warm = state_.canary_seen && state_.clocks.warmup_left_ms == 0;
  for (const Counts& counts : tick.counts) {
    if (counts.publication != state_.publication) continue;
    recent_.add(counts.sides[index(Side::comparison)], !is_paused(state_));
    if (!state_.canary_seen && counts.sides[index(Side::canary)].requests > 0) {
      state_.canary_seen = true;
      state_.clocks.warmup_left_ms = settings_.warmup.count();
    }
    if (settings_.by_client) {
      const SlowBounds bounds = is_warm && settings_.latency ? state_.bounds : SlowBounds{};
      for (const ClientRequest& request : counts.clients)
        state_.clients.count(request, division, !is_paused(state_), bounds, period.tallies);
    }
    if (is_paused(state_)) continue;
    for (std::size_t side = 0; side < side_count; ++side) {
      const SideCounts& from = counts.sides[side];
      const Totals totals{from.requests, from.failed, from.client_errors};
      period.totals[side] += totals;
      state_.step_totals[side] += totals;
    }
    if (!settings_.by_client) count_requests(counts, chance, period.tallies);
    if (is_warm && settings_.latency) count_latency(counts, period, chance);
  }
  if (is_paused(state_) && is_shared_cause(recent_.last_seconds(), recent_.past())) state_.clocks.calm_ms = 0;
}

void Rollout::count_latency(const Counts& counts, Period& period, Chance chance) {
  for (std::size_t side = 0; side < side_count; ++side) {
    if (counts.sides[side].requests == 0) continue;
    state_.step_latency[side] += counts.sides[side].latency;
    state_.period_latency[side] += counts.sides[side].latency;
  }
  if (settings_.by_client || !state_.bounds.slow95 || !state_.bounds.slow50) return;
  const auto above = [&](Side side, Bucket bound) {
    const SideCounts& from = counts.sides[index(side)];
    return from.requests == 0 ? 0 : from.latency.above(bound);
  };
  for (const auto& [signal, bound] :
       {std::pair(Signal::slow95, *state_.bounds.slow95), std::pair(Signal::slow50, *state_.bounds.slow50)}) {
    const std::uint64_t there = above(Side::canary, bound), elsewhere = above(Side::comparison, bound);
    add(period.tallies[static_cast<std::size_t>(signal)], chance, Badness::full, there + elsewhere, there);
  }
}

/// From the past only, and the same until the period ends: which units become slow ones is settled before they come.
void Rollout::set_bounds() {
  const Histogram latency = recent_.latency();
  if (latency.total() < slow_bounds_values_min) return;
  state_.bounds = {latency.quantile(95), latency.quantile(50)};
}

void Rollout::begin_quarter() {
  const std::int64_t quarter_ms = settings_.hold.count() / static_cast<std::int64_t>(quarters);
  const auto reached = std::min<std::int64_t>(state_.clocks.hold_ms / quarter_ms, quarters - 1);
  if (reached <= state_.quarter) return;
  state_.quarter = static_cast<std::uint32_t>(reached);
  begin_period(static_cast<std::uint32_t>(state_.step * quarters) + state_.quarter);
}

/// `regular_place` where no period has it yet, else an extra one. Out of extra ones the present period goes on.
void Rollout::begin_period(std::uint32_t regular_place) {
  const auto regular = static_cast<std::uint32_t>(quarters * compared_steps(settings_));
  const bool is_taken =
      regular_place >= regular || std::ranges::any_of(state_.periods, [&](const Period& period) {
        return period.place == regular_place;
      });
  if (is_taken && state_.extra_periods >= extra_periods_max) return;
  if (state_.periods.size() >= periods_max) return;
  if (settings_.by_client && !state_.periods.empty())
    state_.clients.close_period({compared_share(settings_, state_.share), settings_.has_baseline},
                                state_.periods.back().tallies);
  Period period;
  period.place = is_taken ? regular + state_.extra_periods++ : regular_place;
  period.began_ms = state_.clocks.rollout_ms;
  state_.periods.push_back(std::move(period));
  state_.period_latency = {};
  sum_ = EvidenceSum(settings_, state_.periods);
  evidence_ = sum_.with(settings_, state_.periods.back());
  set_bounds();
}

void Rollout::begin_step(std::uint32_t step, Share share) {
  if (settings_.by_client)
    state_.clients.close_period({compared_share(settings_, state_.share), settings_.has_baseline},
                                state_.periods.back().tallies);
  evidence_ = sum_.with(settings_, state_.periods.back());
  ++state_.publication;
  state_.step = step;
  state_.share = share;
  state_.quarter = state_.prolongations = 0;
  state_.clocks.step_ms = state_.clocks.hold_ms = 0;
  state_.step_totals = {};
  state_.step_latency = {};
  state_.clients.begin_step();
  if (share == 0 || share >= whole) return;
  begin_period(static_cast<std::uint32_t>(step * quarters));
  state_.step_period = static_cast<std::uint32_t>(state_.periods.size() - 1);
}

}  // namespace weir::rollout
