#include "upstream/name_schedule.hpp"

#include <gtest/gtest.h>

#include <set>

#include "core/rng.hpp"

namespace weir::upstream {
namespace {

using namespace std::chrono_literals;

constexpr Milliseconds min = 1s, max = 5min;

TEST(NameSchedule, TheTimeToLiveWithinFloorAndCap) {
  EXPECT_EQ(refresh_pause(30s, min, max, 0), 30s);
  EXPECT_EQ(refresh_pause(0s, min, max, 0), min);
  EXPECT_EQ(refresh_pause(24h, min, max, 0), max);
  EXPECT_EQ(refresh_pause(std::nullopt, min, max, 0), file_refresh) << "a file says none";
}

TEST(NameSchedule, PausesDoubleUpToTheirBound) {
  EXPECT_EQ(retry_pause(1, 0), 1s);
  EXPECT_EQ(retry_pause(2, 0), 2s);
  EXPECT_EQ(retry_pause(5, 0), 16s);
  EXPECT_EQ(retry_pause(6, 0), retry_pause_max);
  EXPECT_EQ(retry_pause(4'000'000'000u, 0), retry_pause_max);
}

TEST(NameSchedule, NeverBeforeTheTimeToLiveAndAtMostATenthLater) {
  Rng rng(1);
  for (int i = 0; i < 20'000; ++i) {
    const Milliseconds floor(1 + static_cast<int>(rng() % 10'000));
    const Milliseconds cap = floor + Milliseconds(rng() % 1'000'000);
    const Milliseconds ttl(rng() % 2'000'000);
    const Milliseconds expected = std::clamp(ttl, floor, cap);
    const Milliseconds pause = refresh_pause(ttl, floor, cap, rng());
    ASSERT_GE(pause, expected);
    ASSERT_LE(pause, expected + expected / 10);
  }
}

TEST(NameSchedule, RetriesStayBetweenHalfTheirPauseAndAllOfIt) {
  Rng rng(2);
  std::set<Milliseconds> seen;
  for (int i = 0; i < 20'000; ++i) {
    const auto failures = static_cast<std::uint32_t>(1 + rng() % 40);
    const Milliseconds whole = retry_pause(failures, 0);
    const Milliseconds pause = retry_pause(failures, rng());
    ASSERT_GE(pause, whole - whole / 2);
    ASSERT_LE(pause, whole);
    ASSERT_LE(pause, retry_pause_max);
    seen.insert(pause);
  }
  EXPECT_GT(seen.size(), 1000U) << "many names do not ask at once";
}

TEST(NameSchedule, LaterFailuresNeverWaitLess) {
  for (std::uint32_t failures = 1; failures < 100; ++failures) {
    EXPECT_LE(retry_pause(failures, 0), retry_pause(failures + 1, 0));
  }
}

}  // namespace
}  // namespace weir::upstream
