// The history of the admin page: rates, quantiles and rings from counters that only grow, and its bounds.
#include "observe/traffic_history.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::observe {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Counts = std::vector<std::optional<std::uint64_t>>;

/// Counters of one worker, a configuration and a clock.
class History : public ::testing::Test {
 protected:
  History() { shown_ = {{"api", "web"}, {"blue", "green"}, {{"blue", "10.0.0.1:80"}}}; }

  void serve(const std::string& route, const std::string& upstream, int status, int times,
             double seconds = 0.003) {
    for (int i = 0; i < times; ++i) {
      metrics_.request_started(names_.intern(route));
      metrics_.request_finished(names_.intern(route), names_.intern(upstream), http::Method::get, status,
                                seconds);
    }
  }
  void pass(double seconds = 1) {
    now_ += std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
    history_.add(metrics_, names_, shown_, now_);
  }
  const TrafficRates& rates_of(const std::string& route) const { return history_.route(route)->rates; }
  Counts requests_of(const std::string& route) const {
    for (const auto& [name, points] : history_.points_of_routes()) {
      if (name == route) return points.requests;
    }
    return {};
  }

  NameTable names_;
  WorkerMetrics metrics_;
  ShownNames shown_;
  TrafficHistory history_;
  TimePoint now_{std::chrono::hours(1)};
};

TEST_F(History, TheFirstLookMeasuresNothing) {
  serve("api", "blue", 200, 100);
  pass();
  EXPECT_EQ(history_.size(), 0u);
  EXPECT_EQ(rates_of("api").requests, 0);
  EXPECT_EQ(history_.route("api")->totals.requests, 100u);
}

TEST_F(History, RatesAreOfTheLastSecond) {
  pass();
  serve("api", "blue", 200, 90);
  serve("api", "blue", 404, 6);
  serve("api", "green", 503, 3);
  serve("api", "", 0, 1);  // cut without a status
  serve("web", "blue", 200, 10);
  pass();
  EXPECT_EQ(rates_of("api").requests, 100);
  EXPECT_EQ(rates_of("api").client_errors, 6);
  EXPECT_EQ(rates_of("api").failed, 4);
  EXPECT_EQ(history_.all().rates.requests, 110);
  EXPECT_EQ(history_.upstream("blue")->rates.requests, 106);
  EXPECT_EQ(history_.upstream("green")->rates.failed, 3);
  pass();
  EXPECT_EQ(rates_of("api").requests, 0);
  EXPECT_THAT(requests_of("api"), ElementsAre(100, 0));
  EXPECT_EQ(history_.route("nothing"), nullptr);
}

TEST_F(History, QuantilesAreOfTenSeconds) {
  pass();
  EXPECT_FALSE(history_.all().rates.p95);
  serve("api", "blue", 200, 90, 0.004);  // between 2.5 and 5 ms
  serve("api", "blue", 200, 10, 0.2);    // between 100 and 250 ms
  pass();
  EXPECT_NEAR(*rates_of("api").p50, 0.0025 + 0.0025 * 50 / 90, 1e-9);
  EXPECT_NEAR(*rates_of("api").p95, 0.175, 1e-9);
  for (std::size_t i = 1; i < RecentLatency::seconds; ++i) pass();
  EXPECT_TRUE(rates_of("api").p95) << "still held";
  pass();
  EXPECT_FALSE(rates_of("api").p95) << "ten seconds ago";
}

TEST_F(History, WhatIsSlowerThanTheLastBoundIsThatBound) {
  Buckets buckets{};
  buckets.back() = 5;
  EXPECT_EQ(quantile(buckets, 0.5), 10);
  EXPECT_EQ(quantile(Buckets{}, 0.5), std::nullopt);
}

TEST_F(History, RingsHoldTheLastFiveMinutes) {
  for (std::size_t i = 0; i <= TrafficHistory::seconds + 7; ++i) {
    pass();
    serve("api", "blue", 200, static_cast<int>(i));
  }
  EXPECT_EQ(history_.size(), TrafficHistory::seconds);
  const Counts counts = requests_of("api");
  ASSERT_EQ(counts.size(), TrafficHistory::seconds);
  EXPECT_EQ(counts.back(), TrafficHistory::seconds + 6);
  EXPECT_EQ(counts.front(), 7u);
}

TEST_F(History, MissedSecondsAreHoles) {
  pass();
  serve("api", "blue", 200, 5);
  pass();
  serve("api", "blue", 200, 40);
  pass(4);  // the process was stopped
  EXPECT_THAT(requests_of("api"), ElementsAre(5, std::nullopt, std::nullopt, std::nullopt, 10));
  pass(100'000);
  EXPECT_EQ(history_.size(), TrafficHistory::seconds);
  Counts nothing_but_now(TrafficHistory::seconds);
  nothing_but_now.back() = 0;
  EXPECT_EQ(requests_of("api"), nothing_but_now);
}

TEST_F(History, WhatComesTooSoonWaitsForTheNextTime) {
  pass();
  serve("api", "blue", 200, 10);
  pass(0.1);
  EXPECT_EQ(history_.size(), 0u);
  pass(0.9);
  EXPECT_THAT(requests_of("api"), ElementsAre(10));
}

TEST_F(History, NamesComeAndGo) {
  pass();
  serve("api", "blue", 200, 5);
  pass();
  shown_.routes = {"web", "new"};
  pass();
  EXPECT_EQ(history_.route("api"), nullptr);
  ASSERT_NE(history_.route("new"), nullptr);
  EXPECT_EQ(requests_of("new"), (Counts{std::nullopt, std::nullopt}))
      << "nothing was measured before it was there";
  shown_.routes = {"api"};
  pass();
  EXPECT_EQ(rates_of("api").requests, 0) << "its earlier requests are none of this second";
}

TEST_F(History, ACounterThatBeganAnewIsNoHugeRate) {
  serve("api", "blue", 200, 1000);
  pass();
  metrics_ = WorkerMetrics();
  serve("api", "blue", 200, 3);
  pass();
  EXPECT_EQ(rates_of("api").requests, 3);
}

TEST_F(History, EndpointsHaveRatesOfTheirOwn) {
  pass();
  EndpointCounters& counters = metrics_.endpoint(names_.intern("blue"), names_.intern("10.0.0.1:80"));
  counters.responses[2] = 20;
  ++counters.failures["reset"];
  for (int i = 0; i < 20; ++i) counters.duration.observe(0.03);
  pass();
  const TrafficHistory::Now* const now = history_.endpoint("blue", "10.0.0.1:80");
  ASSERT_NE(now, nullptr);
  EXPECT_EQ(now->rates.requests, 20);
  EXPECT_EQ(now->rates.failed, 1);
  EXPECT_NEAR(*now->rates.p50, 0.0375, 1e-9);
  EXPECT_EQ(history_.endpoint("blue", "10.0.0.2:80"), nullptr);
  shown_.endpoints.clear();
  pass();
  EXPECT_EQ(history_.endpoint("blue", "10.0.0.1:80"), nullptr);
}

TEST_F(History, NamesPastTheBoundHaveNone) {
  shown_ = {};
  for (std::size_t i = 0; i < TrafficHistory::names_max + 1; ++i) {
    shown_.routes.push_back("route" + std::to_string(i));
    shown_.upstreams.push_back("upstream" + std::to_string(i));
  }
  for (std::size_t i = 0; i < TrafficHistory::endpoints_max + 1; ++i)
    shown_.endpoints.emplace_back("upstream0", "10.0.0.1:" + std::to_string(i));
  serve("route" + std::to_string(TrafficHistory::names_max), "upstream0", 200, 1);
  pass();
  serve("route" + std::to_string(TrafficHistory::names_max), "upstream0", 200, 1);
  pass();
  EXPECT_EQ(history_.points_of_routes().size(), TrafficHistory::names_max);
  EXPECT_EQ(history_.points_of_upstreams().size(), TrafficHistory::names_max);
  EXPECT_EQ(history_.route("route" + std::to_string(TrafficHistory::names_max)), nullptr);
  EXPECT_EQ(history_.endpoint("upstream0", "10.0.0.1:" + std::to_string(TrafficHistory::endpoints_max)),
            nullptr);
  EXPECT_EQ(history_.all().rates.requests, 1) << "it counts in the sum";
}

}  // namespace
}  // namespace weir::observe
