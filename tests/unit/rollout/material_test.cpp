// Differences that matter, and what a step would have noticed.
#include "rollout/material.hpp"

#include <gtest/gtest.h>

#include "rollout/sensitivity.hpp"

namespace weir::rollout {
namespace {

TEST(RolloutMaterial, ARateIsByPoints) {
  EXPECT_TRUE(is_rate_material(10, 1'000, 5, 1'000, 50));
  EXPECT_FALSE(is_rate_material(9, 1'000, 5, 1'000, 50));
  EXPECT_FALSE(is_rate_material(5, 1'000, 10, 1'000, 0)) << "better";
  EXPECT_FALSE(is_rate_material(5, 1'000, 5, 1'000, 0)) << "equal";
  EXPECT_TRUE(is_rate_material(3, 4, 0, 0, 50)) << "nothing to compare with";
  EXPECT_FALSE(is_rate_material(0, 0, 0, 10, 0));
}

SideLatency latencies(Bucket comparison, Bucket canary, std::uint64_t values) {
  SideLatency latency;
  latency[index(Side::comparison)].add(comparison, values);
  latency[index(Side::canary)].add(canary, values);
  return latency;
}

TEST(RolloutMaterial, LatencyIsByPercentAndFiveMilliseconds) {
  const Bucket slow = bucket_of(std::chrono::milliseconds{100}),
               fast = bucket_of(std::chrono::milliseconds{2});
  EXPECT_TRUE(is_latency_material(latencies(slow, static_cast<Bucket>(slow + 2), 20), 10));
  EXPECT_FALSE(is_latency_material(latencies(slow, slow, 20), 10));
  EXPECT_FALSE(is_latency_material(latencies(slow, static_cast<Bucket>(slow + 2), 20), 30));
  EXPECT_FALSE(is_latency_material(latencies(fast, static_cast<Bucket>(fast + 5), 20), 10)) << "below 5 ms";
  EXPECT_FALSE(is_latency_material({}, 0));
}

TEST(RolloutSensitivity, SaysWhatWouldHaveBeenNoticed) {
  Settings settings;
  settings.by_client = true;
  const auto points = [&](std::uint64_t units) { return *smallest_jump(settings, {500, units, 0.005, 0}); };
  EXPECT_NEAR(points(200), 610, 20);
  EXPECT_NEAR(points(1'000), 210, 15);
  EXPECT_NEAR(points(5'000), 70, 8);
}

TEST(RolloutSensitivity, MoreUnitsNoticeMore) {
  const Settings settings;
  Share before = whole;
  for (const std::uint64_t units : {100u, 200u, 500u, 1'000u, 10'000u, 1'000'000u}) {
    const auto jump = smallest_jump(settings, {500, units, 0.01, 0});
    ASSERT_TRUE(jump);
    EXPECT_LT(*jump, before);
    before = *jump;
  }
  EXPECT_LE(*smallest_jump(settings, {500, 1'000, 0.01, 0}), *smallest_jump(settings, {500, 1'000, 0.01, 5}));
}

TEST(RolloutSensitivity, TooFewUnitsNoticeNothing) {
  EXPECT_FALSE(smallest_jump(Settings{}, {500, 1, 0.005, 0}));
  EXPECT_FALSE(smallest_jump(Settings{}, {500, 1, 1.0, 0}));
  EXPECT_FALSE(smallest_jump(Settings{}, {0, 1'000, 0.005, 0}));
  EXPECT_FALSE(smallest_jump(Settings{}, {whole, 1'000, 0.005, 0}));
}

}  // namespace
}  // namespace weir::rollout
