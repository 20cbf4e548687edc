// The prior sums to 1 in each of its parts, and the allowance for permuted turns covers what they can do.
#include "rollout/mixture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "split/permuted_turn.hpp"

namespace weir::rollout {
namespace {

TEST(RolloutMixture, RatiosSumToOne) {
  for (const Signal signal : {Signal::failures, Signal::slow95, Signal::slow50, Signal::client_errors}) {
    double sum = 0;
    for (const Ratio& ratio : ratios(signal)) {
      EXPECT_GT(ratio.ratio, 1);
      sum += ratio.prior;
    }
    EXPECT_NEAR(sum, 1, 1e-12);
  }
}

TEST(RolloutMixture, FamiliesSumToOne) {
  EXPECT_EQ(slow95_share + slow50_share, 1);
  for (const bool latency : {false, true}) {
    for (const bool client_errors : {false, true}) {
      Settings settings;
      settings.latency = latency;
      settings.client_errors = client_errors;
      double sum = 0;
      for (std::size_t i = 0; i < family_count; ++i) sum += family_share(settings, static_cast<Family>(i));
      EXPECT_NEAR(sum, 1, 1e-12);
      EXPECT_EQ(family_share(settings, Family::latency) > 0, latency);
      EXPECT_EQ(family_share(settings, Family::client_errors) > 0, client_errors);
    }
  }
}

TEST(RolloutMixture, PeriodsNeverSumToMoreThanOne) {
  for (std::size_t steps = 1; steps <= steps_max; ++steps) {
    double sum = 0;
    for (std::size_t place = 0; place < quarters * steps; ++place) sum += period_prior(steps, place);
    EXPECT_NEAR(sum, .95, 1e-12);
    for (std::size_t i = 0; i < extra_periods_max; ++i) sum += period_prior(steps, quarters * steps + i);
    EXPECT_LE(sum, 1 + 1e-12);
    EXPECT_NEAR(sum, 1, 1e-9);
  }
}

/// The most that stopping within a cycle of `cycle` turns, `canary` of them the canary's, can make of an evidence of 1
/// when every turn is an event: by backward induction over (turns, canary turns) so far.
double best_stop(int cycle, int canary, double ratio) {
  const double d = 1 + static_cast<double>(canary) / cycle * (ratio - 1);
  std::vector<double> value(static_cast<std::size_t>(canary) + 2, 1.0);
  for (int turn = cycle - 1; turn >= 0; --turn) {
    std::vector<double> before(value.size(), 1.0);
    for (int seen = 0; seen <= std::min(turn, canary); ++seen) {
      const double chance = std::min(1.0, static_cast<double>(canary - seen) / (cycle - turn));
      const auto at = static_cast<std::size_t>(seen);
      before[at] = std::max(1.0, chance * ratio / d * value[at + 1] + (1 - chance) / d * value[at]);
    }
    value = std::move(before);
  }
  return value[0];
}

double mixed_stop(const Settings& settings, int cycle, int canary) {
  double sum = 0;
  const auto of = [&](Signal signal) {
    double mixed = 0;
    for (const Ratio& ratio : ratios(signal)) mixed += ratio.prior * best_stop(cycle, canary, ratio.ratio);
    return mixed;
  };
  sum += family_share(settings, Family::failures) * of(Signal::failures);
  sum += family_share(settings, Family::latency) * of(Signal::slow95);
  sum += family_share(settings, Family::client_errors) * of(Signal::client_errors);
  return sum;
}

/// A cycle has at least split::target_turns_min turns of each side. More of them, or a shorter cycle, gain less.
TEST(RolloutMixture, TheAllowanceCoversEveryCycle) {
  constexpr auto least = static_cast<int>(split::target_turns_min);
  for (const bool latency : {false, true}) {
    for (const bool client_errors : {false, true}) {
      Settings settings;
      settings.latency = latency;
      settings.client_errors = client_errors;
      const double most = mixed_stop(settings, 400 * least, least);
      EXPECT_LE(most, allowance(settings) - 0.004);
      for (const auto& [cycle, canary] : std::vector<std::pair<int, int>>{
               {64, 16}, {64, 48}, {100, 33}, {320, 16}, {400, 20}, {1'000, 51}, {1'600, 16}, {320, 304}}) {
        EXPECT_LE(mixed_stop(settings, cycle, canary), most + 1e-3) << cycle << ' ' << canary;
      }
    }
  }
}

TEST(RolloutMixture, ClientsNeedNoAllowance) {
  Settings settings;
  settings.by_client = true;
  EXPECT_EQ(allowance(settings), 1);
}

}  // namespace
}  // namespace weir::rollout
