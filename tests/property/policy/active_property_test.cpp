// Active checks under random outcomes and changes of settings: the state follows from the outcomes alone, as the
// documentation says it, and waits spread evenly.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "core/rng.hpp"
#include "health/active.hpp"

namespace weir::health {
namespace {

std::size_t tail_of(const std::vector<bool>& outcomes, bool kind) {
  const auto end = std::find(outcomes.rbegin(), outcomes.rend(), !kind);
  return static_cast<std::size_t>(end - outcomes.rbegin());
}

/// The rules once more, over the whole history instead of a counter.
struct Model {
  CheckState state = CheckState::pending;
  std::vector<bool> since_restart;

  CheckChange report(bool passed, const config::HealthCheck& settings) {
    since_restart.push_back(passed);
    const CheckState before = state;
    if (state == CheckState::pending && passed) {
      state = CheckState::passing;
      return CheckChange::first_pass;
    }
    if (tail_of(since_restart, false) >= settings.unhealthy_threshold) state = CheckState::failing;
    if (state == CheckState::failing && tail_of(since_restart, true) >= settings.healthy_threshold) {
      state = CheckState::passing;
    }
    if (state == before) return CheckChange::none;
    return state == CheckState::failing ? CheckChange::out : CheckChange::back;
  }
};

TEST(ActiveHealthProperty, FollowsTheModelAndReportsEachChangeOnce) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Rng rng(seed);
    config::HealthCheck settings;
    const auto reroll = [&] {
      settings.healthy_threshold = static_cast<std::uint32_t>(1 + rng() % 4);
      settings.unhealthy_threshold = static_cast<std::uint32_t>(1 + rng() % 4);
    };
    reroll();
    ActiveHealth health(CheckState::pending);
    Model model;
    int outs = 0, ins = 0;
    for (int step = 0; step < 300; ++step) {
      if (rng() % 40 == 0) {
        reroll();
        health.restart();
        model.since_restart.clear();
      }
      if (rng() % 100 == 0) {
        health.forget();
        model = Model{};
        outs = ins = 0;
      }
      const bool passed = rng() % 3 != 0;
      const CheckChange change = health.report(passed, settings);
      ASSERT_EQ(change, model.report(passed, settings)) << "seed " << seed << " step " << step;
      ASSERT_EQ(health.state(), model.state);
      ASSERT_EQ(health.in_a_row(), tail_of(model.since_restart, passed));
      outs += change == CheckChange::out ? 1 : 0;
      ins += change == CheckChange::back || change == CheckChange::first_pass ? 1 : 0;
      // Out and in take turns, and the state is what the last of them says.
      ASSERT_LE(std::abs(outs - ins), 1);
      ASSERT_TRUE(health.state() != CheckState::failing || !passed ||
                  health.in_a_row() < settings.healthy_threshold);
    }
  }
}

TEST(ActiveHealthProperty, FewerFailuresThanTheThresholdTakeNoneOut) {
  for (std::uint32_t threshold = 2; threshold <= 10; ++threshold) {
    config::HealthCheck settings;
    settings.unhealthy_threshold = threshold;
    ActiveHealth health(CheckState::passing);
    for (int round = 0; round < 50; ++round) {
      for (std::uint32_t i = 1; i < threshold; ++i)
        EXPECT_EQ(health.report(false, settings), CheckChange::none);
      EXPECT_EQ(health.report(true, settings), CheckChange::none);
    }
    EXPECT_EQ(health.state(), CheckState::passing);
  }
}

TEST(JitterProperty, IsBoundedAndSpreadEvenly) {
  Rng rng(7);
  for (const std::int64_t ms : {1, 9, 100, 1000, 30'000, 86'400'000}) {
    const Milliseconds interval(ms);
    const Milliseconds spread(ms * check_jitter_percent / 100);
    std::int64_t sum = 0;
    constexpr int draws = 20'000;
    Milliseconds low = Milliseconds::max(), high = Milliseconds::min();
    for (int i = 0; i < draws; ++i) {
      const Milliseconds next = jittered(interval, rng());
      ASSERT_GE(next, interval - spread);
      ASSERT_LE(next, interval + spread);
      low = std::min(low, next);
      high = std::max(high, next);
      sum += next.count() - ms;
    }
    // The mean of so many even draws lies within a fiftieth of the spread.
    EXPECT_LE(std::abs(sum / draws), spread.count() / 50 + 1) << ms;
    if (spread.count() >= 100) {
      EXPECT_LE(low, interval - spread * 98 / 100);
      EXPECT_GE(high, interval + spread * 98 / 100);
    }
  }
}

TEST(JitterProperty, TheSameSeedGivesTheSameSchedule) {
  Rng a(42), b(42);
  for (int i = 0; i < 1000; ++i)
    EXPECT_EQ(jittered(Milliseconds(5000), a()), jittered(Milliseconds(5000), b()));
}

}  // namespace
}  // namespace weir::health
