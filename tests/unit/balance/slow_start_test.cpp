#include "balance/slow_start.hpp"

#include <gtest/gtest.h>

#include "unit/balance/choosing.hpp"

namespace weir::balance {
namespace {

using std::chrono::seconds;

TEST(SlowStart, RampsFromATenthToAll) {
  Endpoints endpoints({4});
  EXPECT_EQ(ramp(endpoints[0], time_zero, seconds(10)), 1000u) << "it serves since long ago";
  endpoints[0].serving_since = serving_mark(time_zero);
  EXPECT_EQ(ramp(endpoints[0], time_zero, seconds(10)), 100u);
  EXPECT_EQ(ramp(endpoints[0], time_zero + seconds(5), seconds(10)), 550u);
  EXPECT_EQ(ramp(endpoints[0], time_zero + seconds(10), seconds(10)), 1000u);
  EXPECT_EQ(ramp(endpoints[0], time_zero + seconds(99), seconds(10)), 1000u);
  EXPECT_EQ(ramp(endpoints[0], time_zero - seconds(1), seconds(10)), 100u) << "another worker's clock";
  EXPECT_EQ(ramp(endpoints[0], time_zero, seconds(0)), 1000u) << "off";
}

TEST(SlowStart, TheMarkIsNeverLongAgo) {
  EXPECT_EQ(serving_mark(TimePoint{}), 1);
  EXPECT_GT(serving_mark(time_zero), 1);
}

TEST(SlowStart, SharesGrowWithTime) {
  Endpoints endpoints({1, 1});
  endpoints[1].serving_since = serving_mark(time_zero);
  const auto share_at = [&](TimePoint now) {
    int count = 0;
    for (std::uint64_t turn = 0; turn < 2000; ++turn) {
      Draw draw = turn_of(turn);
      draw.now = now;
      count += chosen(round_robin, endpoints, draw, {}, seconds(10)) == 1 ? 1 : 0;
    }
    return count / 2000.0;
  };
  EXPECT_NEAR(share_at(time_zero), 0.1 / 1.1, 0.01);
  EXPECT_NEAR(share_at(time_zero + seconds(5)), 0.55 / 1.55, 0.01);
  EXPECT_NEAR(share_at(time_zero + seconds(10)), 0.5, 0.001);
}

TEST(SlowStart, LeastConnectionsFollowsItAtRest) {
  Endpoints endpoints({1, 1, 1});
  endpoints[2].serving_since = serving_mark(time_zero);
  config::Upstream upstream;
  upstream.slow_start = seconds(10);
  const Rules rules(upstream, endpoints.candidates());
  Shared shared;
  const auto share_at = [&](TimePoint now) {
    int count = 0;
    for (int i = 0; i < 21'000; ++i) {
      const Pick pick = acquire(rules, shared, endpoints.candidates(), asking(now));
      count += pick.index == 2 ? 1 : 0;
      release(endpoints[pick.index]);
    }
    return count / 21'000.0;
  };
  EXPECT_NEAR(share_at(time_zero), 0.1 / 2.1, 0.001);
  EXPECT_NEAR(share_at(time_zero + seconds(5)), 0.55 / 2.55, 0.001);
  EXPECT_NEAR(share_at(time_zero + seconds(10)), 1 / 3.0, 0.001);
}

TEST(SlowStart, LeastConnectionsFollowsIt) {
  Endpoints endpoints({1, 1});
  endpoints[1].serving_since = serving_mark(time_zero);
  config::Upstream upstream;
  upstream.slow_start = seconds(10);
  const Rules rules(upstream, endpoints.candidates());
  Shared shared;
  for (int i = 0; i < 110; ++i) acquire(rules, shared, endpoints.candidates(), asking());
  EXPECT_EQ(endpoints.loads(), (std::vector<std::uint32_t>{100, 10}));
}

}  // namespace
}  // namespace weir::balance
