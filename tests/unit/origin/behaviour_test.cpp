// How weir-origin draws failures and answer times, and reads changes of them.
#include "origin/behaviour.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace weir::origin {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr std::uint64_t requests = 20'000;

double failed_percent(const Behaviour& behaviour, std::uint64_t seed) {
  int failed = 0;
  for (std::uint64_t i = 0; i < requests; ++i) failed += outcome_of(behaviour, seed, i, 0s).fails ? 1 : 0;
  return 100.0 * failed / static_cast<double>(requests);
}

/// Sorted, milliseconds.
std::vector<double> times(const Behaviour& behaviour, std::chrono::milliseconds age = 0ms) {
  std::vector<double> sorted;
  for (std::uint64_t i = 0; i < requests; ++i) {
    sorted.push_back(static_cast<double>(outcome_of(behaviour, 7, i, age).delay.count()));
  }
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

double quantile(const std::vector<double>& sorted, double part) {
  return sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1))];
}

TEST(OriginBehaviour, NothingByDefault) {
  const Outcome outcome = outcome_of({}, 1, 1, 0s);
  EXPECT_FALSE(outcome.fails);
  EXPECT_EQ(outcome.delay, 0ms);
  EXPECT_EQ(fault_of({}), "");
}

TEST(OriginBehaviour, FailsTheShareThatIsAskedFor) {
  for (const double percent : {0.0, 0.5, 5.0, 50.0, 100.0}) {
    const double deviation = std::sqrt(percent * (100 - percent) / static_cast<double>(requests));
    EXPECT_NEAR(failed_percent({.fail_percent = percent}, 1), percent, 4 * deviation) << percent;
  }
}

TEST(OriginBehaviour, InstancesFailOnDifferentRequests) {
  const Behaviour half{.fail_percent = 50};
  int same = 0;
  for (std::uint64_t i = 0; i < requests; ++i) {
    same += outcome_of(half, 1, i, 0s).fails == outcome_of(half, 2, i, 0s).fails ? 1 : 0;
  }
  EXPECT_NEAR(same, requests / 2, requests / 50);
}

TEST(OriginBehaviour, AnswerTimesAreLognormal) {
  const auto sorted = times({.latency_ms = 100, .latency_spread = 0.5});
  EXPECT_NEAR(quantile(sorted, 0.5), 100, 3);
  EXPECT_NEAR(quantile(sorted, 0.95), 100 * 2.276, 8);  // exp(0.5 * 1.645)
  EXPECT_NEAR(quantile(sorted, 0.05), 100 / 2.276, 2);
}

TEST(OriginBehaviour, WithoutSpreadAlwaysTheMedian) {
  const auto sorted = times({.latency_ms = 20, .latency_spread = 0});
  EXPECT_EQ(sorted.front(), 20);
  EXPECT_EQ(sorted.back(), 20);
}

TEST(OriginBehaviour, TheFactorMultiplies) {
  EXPECT_EQ(times({.latency_ms = 20, .latency_spread = 0, .slow_factor = 2.5}).front(), 50);
  EXPECT_NEAR(quantile(times({.latency_ms = 100, .slow_factor = 2}), 0.5), 200, 6);
}

TEST(OriginBehaviour, AColdStartFadesEvenly) {
  const Behaviour cold{.latency_ms = 10, .latency_spread = 0, .cold_start = 9};
  EXPECT_EQ(times(cold, 0ms).front(), 10 * cold_factor);
  EXPECT_EQ(times(cold, 3000ms).front(), 70);
  EXPECT_EQ(times(cold, 9000ms).front(), 10);
  EXPECT_EQ(times(cold, 3600s).front(), 10);
}

TEST(OriginBehaviour, NoAnswerTakesForEver) {
  EXPECT_EQ(times({.latency_ms = 60'000, .latency_spread = 3, .slow_factor = 1000}).back(),
            answer_time_max.count());
}

TEST(OriginBehaviour, AChangeNamesWhatItChanges) {
  Behaviour behaviour{.fail_percent = 1, .latency_ms = 10};
  EXPECT_EQ(apply("slow_factor=2&fail_percent=2.5", behaviour), "");
  EXPECT_EQ(behaviour, (Behaviour{.fail_percent = 2.5, .latency_ms = 10, .slow_factor = 2}));
  EXPECT_EQ(to_json(behaviour),
            R"({"fail_percent":2.5,"latency_ms":10,"latency_spread":0.5,"slow_factor":2,"cold_start":0})");
}

TEST(OriginBehaviour, ARefusedChangeChangesNothing) {
  for (const char* query : {"", "fail_percent", "fail_percent=", "fail_percent=x", "fail_percent=-1",
                            "fail_percent=101", "fail_percent=5%", "fail_percent=nan", "slow_factor=0",
                            "slow_factor=1e9", "speed=2", "fail_percent=5&speed=2", "fail_percent=5&"}) {
    Behaviour behaviour{.latency_ms = 10};
    EXPECT_NE(apply(query, behaviour), "") << query;
    EXPECT_EQ(behaviour, (Behaviour{.latency_ms = 10})) << query;
  }
  Behaviour behaviour;
  EXPECT_THAT(apply("speed=2", behaviour), HasSubstr("fail_percent, latency_ms"));
}

TEST(OriginBehaviour, AFactorNeedsATime) {
  Behaviour behaviour;
  EXPECT_EQ(apply("slow_factor=2", behaviour), "slow_factor multiplies latency_ms, which is 0");
  EXPECT_EQ(apply("cold_start=2", behaviour), "cold_start multiplies latency_ms, which is 0");
  EXPECT_EQ(apply("slow_factor=2&latency_ms=5", behaviour), "");
}

TEST(OriginBehaviour, TheSwitchRefusesAndKeepsWhatItHas) {
  BehaviourSwitch change({.latency_ms = 5}, "one");
  EXPECT_NE(change.change("fail_percent=200"), "");
  EXPECT_EQ(change.get(), (Behaviour{.latency_ms = 5}));
  EXPECT_EQ(change.change("fail_percent=100&latency_ms=0"), "");
  EXPECT_TRUE(change.next().fails);
  EXPECT_EQ(change.next().delay, 0ms);
}

}  // namespace
}  // namespace weir::origin
