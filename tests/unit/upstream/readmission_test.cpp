#include "upstream/readmission.hpp"

#include <gtest/gtest.h>

#include "unit/balance/endpoints.hpp"

namespace weir::upstream {
namespace {

using health::State;
using std::chrono::seconds;

TEST(EndEjection, PutsItBackWithNothingAgainstIt) {
  Endpoints endpoints({1, 1});
  EndpointState& one = endpoints[0];
  EXPECT_FALSE(end_ejection(one, time_zero, "for nothing"));
  EXPECT_EQ(one.serving_since, 0) << "it was in service all the time";
  endpoints.eject(0, time_zero);
  one.due.set(config::failure_503, time_zero);
  one.discounted = 3;
  const TimePoint later = time_zero + seconds(5);
  EXPECT_TRUE(end_ejection(one, later, "put into use by ada"));
  EXPECT_TRUE(one.usable());
  EXPECT_EQ(one.health.ejections_in_row(), 0u);
  EXPECT_EQ(one.discounted, 0u);
  EXPECT_FALSE(one.due.is_set(config::failure_503, time_zero));
  EXPECT_EQ(TimePoint(Milliseconds(one.serving_since)), later);
  EXPECT_EQ(one.last_change.get().why, "put into use by ada");
  EXPECT_FALSE(end_ejection(one, later, "again"));
}

TEST(EndEjection, WhatWasSentBeforeSaysNothing) {
  Endpoints endpoints({1, 1});
  EndpointState& one = endpoints[0];
  endpoints.eject(0, time_zero);
  health::Ticket probe;
  ASSERT_TRUE(one.health.claim_probe(time_zero + seconds(30), probe));
  EXPECT_TRUE(end_ejection(one, time_zero + seconds(31), "enabled"));
  EXPECT_EQ(one.health.report_failure(ejecting_after(1), time_zero + seconds(32), true, probe),
            health::Change::none);
  EXPECT_TRUE(one.usable());
  EXPECT_FALSE(one.health.probe_due(time_zero + seconds(99)));
}

TEST(AdjustEjection, EndsItWherePassiveHealthIsOff) {
  Endpoints endpoints({1});
  endpoints.eject(0, time_zero);
  config::PassiveHealth settings;
  settings.consecutive_failures = 0;
  EXPECT_EQ(adjust_ejection(endpoints[0], settings, time_zero), Adjusted::ended);
  EXPECT_TRUE(endpoints[0].usable());
  EXPECT_EQ(adjust_ejection(endpoints[0], settings, time_zero), Adjusted::kept);
}

TEST(AdjustEjection, ShortensItToWhatIsTheLongestNow) {
  Endpoints endpoints({1});
  endpoints.eject(0, time_zero, seconds(200));
  EndpointState& one = endpoints[0];
  config::PassiveHealth settings;  // 30 s, 300 s at most
  EXPECT_EQ(adjust_ejection(one, settings, time_zero), Adjusted::kept);
  settings.max_ejection_time = seconds(60);
  EXPECT_EQ(adjust_ejection(one, settings, time_zero + seconds(10)), Adjusted::shortened);
  EXPECT_EQ(one.health.ejected_until(), time_zero + seconds(70));
  EXPECT_EQ(adjust_ejection(one, settings, time_zero + seconds(20)), Adjusted::kept)
      << "a reload does not lengthen it";
  EXPECT_EQ(one.health.ejected_until(), time_zero + seconds(70));
  settings.max_ejection_time = seconds(1);  // less than ejection_time
  EXPECT_EQ(adjust_ejection(one, settings, time_zero + seconds(30)), Adjusted::shortened);
  EXPECT_EQ(one.health.ejected_until(), time_zero + seconds(60));
}

TEST(ReadmitAlike, IsForThatFaultOnly) {
  Endpoints endpoints({1, 1, 1, 1});
  for (const std::size_t i : {0, 1, 2, 3}) endpoints.eject(i, time_zero);
  endpoints[0].due.set(config::failure_503, time_zero);
  endpoints[1].due.set(config::failure_502, time_zero);
  endpoints[2].due.set(config::failure_503, time_zero - seconds(20));
  endpoints[3].due.set(config::failure_503, time_zero);
  endpoints[3].out = out_drain;
  EXPECT_EQ(readmit_alike(endpoints.candidates(), config::failure_503, time_zero - seconds(10), time_zero),
            1u);
  EXPECT_EQ(endpoints[0].health.state(), State::healthy);
  for (const std::size_t i : {1, 2, 3}) EXPECT_EQ(endpoints[i].health.state(), State::ejected) << i;
}

}  // namespace
}  // namespace weir::upstream
