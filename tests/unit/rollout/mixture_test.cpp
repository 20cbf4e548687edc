// The prior sums to 1 in each of its parts, and the allowance for permuted turns covers what they can do.
#include "rollout/mixture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

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

/// The worst: one canary turn in an endless cycle.
double limit_stop(const Settings& settings) {
  double sum = 0;
  const auto of = [](Signal signal) {
    double mixed = 0;
    for (const Ratio& ratio : ratios(signal))
      mixed += ratio.prior * ratio.ratio * (1 - std::exp(1 - ratio.ratio)) / (ratio.ratio - 1);
    return mixed;
  };
  for (std::size_t i = 0; i < family_count; ++i) {
    const auto family = static_cast<Family>(i);
    sum += family_share(settings, family) * of(family == Family::latency ? Signal::slow95 : Signal::failures);
  }
  return sum;
}

TEST(RolloutMixture, TheAllowanceCoversEveryCycle) {
  for (const bool latency : {false, true}) {
    for (const bool client_errors : {false, true}) {
      Settings settings;
      settings.latency = latency;
      settings.client_errors = client_errors;
      EXPECT_LE(limit_stop(settings), allowance(settings));
      for (const auto& [cycle, canary] : std::vector<std::pair<int, int>>{{2, 1},
                                                                          {4, 1},
                                                                          {4, 3},
                                                                          {10, 1},
                                                                          {20, 1},
                                                                          {20, 19},
                                                                          {100, 1},
                                                                          {100, 33},
                                                                          {200, 15},
                                                                          {400, 1},
                                                                          {1000, 51}}) {
        EXPECT_LE(mixed_stop(settings, cycle, canary), limit_stop(settings) + 1e-9) << cycle << ' ' << canary;
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
