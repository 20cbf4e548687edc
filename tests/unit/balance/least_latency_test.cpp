#include <gtest/gtest.h>

#include "core/rng.hpp"
#include "unit/balance/choosing.hpp"

namespace weir::balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(LatencyAverage, NothingIsKnownAtFirst) {
  const Latency latency;
  EXPECT_EQ(latency.microseconds(time_zero), 0);
}

TEST(LatencyAverage, APeakCountsAtOnceAndFadesSlowly) {
  Latency latency;
  latency.observe(milliseconds(10), false, time_zero);
  EXPECT_NEAR(latency.microseconds(time_zero), 10'000, 1);
  latency.observe(milliseconds(500), false, time_zero);
  EXPECT_NEAR(latency.microseconds(time_zero), 500'000, 1);
  latency.observe(milliseconds(10), false, time_zero + milliseconds(10));
  EXPECT_GT(latency.microseconds(time_zero + milliseconds(10)), 490'000);
  for (int i = 1; i <= 3000; ++i) {
    latency.observe(milliseconds(10), false, time_zero + milliseconds(10 + i * 20));
  }
  EXPECT_NEAR(latency.microseconds(time_zero + seconds(60)), 10'000, 1500);
}

TEST(LatencyAverage, WithoutRequestsItFades) {
  Latency latency;
  latency.observe(seconds(1), false, time_zero);
  EXPECT_NEAR(latency.microseconds(time_zero + Latency::memory), 367'879, 1000);
  EXPECT_EQ(latency.microseconds(time_zero + seconds(600)), 0);
}

TEST(LatencyAverage, AFailureIsSlow) {
  Latency latency;
  latency.observe(milliseconds(1), true, time_zero);
  EXPECT_NEAR(latency.microseconds(time_zero), 1'000'000, 1);
  latency.observe(seconds(5), true, time_zero);
  EXPECT_NEAR(latency.microseconds(time_zero), 5'000'000, 1);
}

TEST(LatencyAverage, OddValues) {
  Latency latency;
  latency.observe(milliseconds(-5), false, time_zero);
  EXPECT_NEAR(latency.microseconds(time_zero), 1, 0.1);
  latency.observe(std::chrono::hours(48), false, time_zero);
  EXPECT_GT(latency.microseconds(time_zero), 4e9);
  EXPECT_GT(latency.microseconds(time_zero - seconds(1)), 4e9) << "another worker's clock";
}

TEST(LatencyPause, IsBounded) {
  Latency latency;
  EXPECT_FALSE(latency.avoided(time_zero));
  latency.avoid_for(seconds(2), time_zero);
  EXPECT_TRUE(latency.avoided(time_zero + milliseconds(1999)));
  EXPECT_FALSE(latency.avoided(time_zero + milliseconds(2000)));
  latency.avoid_for(std::chrono::hours(1), time_zero);
  EXPECT_TRUE(latency.avoided(time_zero + milliseconds(9999)));
  EXPECT_FALSE(latency.avoided(time_zero + Latency::avoid_max));
}

class LeastLatency : public testing::Test {
 protected:
  std::vector<int> draws(const Endpoints& endpoints, TimePoint now = time_zero) {
    std::vector<int> counts(endpoints.size());
    for (int i = 0; i < 3000; ++i) ++counts[chosen(least_latency, endpoints, random_of(rng_(), now))];
    return counts;
  }
  Rng rng_{11};
};

TEST_F(LeastLatency, TheSlowestOfThreeGetsNothing) {
  Endpoints endpoints({1, 1, 1});
  for (std::size_t i = 0; i < 3; ++i)
    endpoints[i].latency.observe(milliseconds(i == 1 ? 50 : 5), false, time_zero);
  const auto counts = draws(endpoints);
  EXPECT_EQ(counts[1], 0);
  EXPECT_GT(counts[0], 1000);
  EXPECT_GT(counts[2], 1000);
}

TEST_F(LeastLatency, TheOnlyFastOneOfFourGetsAll) {
  Endpoints endpoints({1, 1, 1, 1});
  for (std::size_t i = 0; i < 4; ++i)
    endpoints[i].latency.observe(milliseconds(i == 2 ? 5 : 50), false, time_zero);
  EXPECT_EQ(draws(endpoints)[2], 3000);
}

TEST_F(LeastLatency, OfManyTheFastHalfGetsNearlyAll) {
  Endpoints endpoints(std::vector<std::uint32_t>(40, 1));
  for (std::size_t i = 0; i < 40; ++i)
    endpoints[i].latency.observe(milliseconds(i < 20 ? 5 : 50), false, time_zero);
  const auto counts = draws(endpoints);
  int fast = 0;
  for (std::size_t i = 0; i < 20; ++i) {
    fast += counts[i];
    EXPECT_GT(counts[i], 80) << "no herd runs to one of them";
  }
  EXPECT_GT(fast, 2750);
}

TEST_F(LeastLatency, RequestsInFlightCountAgainstIt) {
  Endpoints endpoints({1, 1});
  endpoints[0].latency.observe(milliseconds(5), false, time_zero);
  endpoints[1].latency.observe(milliseconds(8), false, time_zero);
  EXPECT_EQ(draws(endpoints)[1], 0);
  endpoints[0].in_flight = 1;
  EXPECT_EQ(draws(endpoints)[0], 0);
}

TEST_F(LeastLatency, AnUnknownOneGetsOneRequestAtATime) {
  Endpoints endpoints({1, 1});
  endpoints[0].latency.observe(milliseconds(5), false, time_zero);
  EXPECT_EQ(draws(endpoints)[0], 0);
  endpoints[1].in_flight = 1;
  EXPECT_EQ(draws(endpoints)[1], 0);
}

TEST_F(LeastLatency, OneWithRetryAfterIsLeftOutWhileOthersAreThere) {
  Endpoints endpoints({1, 1, 1});
  endpoints[0].latency.avoid_for(seconds(3), time_zero);
  endpoints[1].latency.avoid_for(seconds(3), time_zero);
  EXPECT_EQ(draws(endpoints)[2], 3000);
  EXPECT_GT(draws(endpoints, time_zero + seconds(3))[0], 500);
  endpoints[2].latency.avoid_for(seconds(3), time_zero);
  for (const int count : draws(endpoints)) EXPECT_GT(count, 500);
}

TEST_F(LeastLatency, WeightsDecideAmongEquals) {
  Endpoints endpoints({1, 3});
  for (std::size_t i = 0; i < 2; ++i) endpoints[i].latency.observe(milliseconds(5), false, time_zero);
  EXPECT_NEAR(draws(endpoints)[1], 2250, 150);
}

}  // namespace
}  // namespace weir::balance
