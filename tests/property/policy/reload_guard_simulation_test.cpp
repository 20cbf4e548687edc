// How often a reload that changes nothing is taken back, and how soon one that breaks a route is: simulated with the
// product's own verdict over traffic of several kinds, seeded. The figures stand in proxy/decisions/049.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <random>
#include <vector>

#include "rollout/reload_verdict.hpp"

namespace weir::rollout {
namespace {

constexpr std::uint32_t looks = 30;    // of a second each
constexpr std::size_t stretches = 60;  // of five seconds each
constexpr double stretch_seconds = 5;

using Random = std::mt19937_64;
/// The rate of failures at a second that counts from the reload; negative before it.
using Rate = std::function<double(double)>;

RequestCount draw(Random& random, double requests, double rate) {
  const auto count = std::poisson_distribution<std::uint64_t>(requests)(random);
  return {count, std::binomial_distribution<std::uint64_t>(count, rate)(random)};
}

struct Traffic {
  double rps = 100;
  std::size_t routes = 1;
  Rate rate;
};

/// One guarded reload; the requests of the worst route until it is taken back, nothing where it is kept.
std::optional<std::uint64_t> requests_until_taken_back(Random& random, const Traffic& traffic) {
  std::vector<JudgedRoutes> judged;
  for (std::size_t i = 0; i < traffic.routes; ++i) {
    std::vector<RequestCount> past;
    for (std::size_t at = 0; at < stretches; ++at) {
      const double second = (static_cast<double>(at) - stretches) * stretch_seconds;
      past.push_back(draw(random, traffic.rps * stretch_seconds, traffic.rate(second)));
    }
    JudgedRoutes route{"route", {}};
    for (const RequestCount& each : past) route.counts.before += each;
    route.counts.dispersion = dispersion(past);
    if (route.counts.before.requests != 0) judged.push_back(route);
  }
  for (std::uint32_t look = 0; look < looks && !judged.empty(); ++look) {
    for (JudgedRoutes& route : judged) route.counts.after += draw(random, traffic.rps, traffic.rate(look));
    const ReloadVerdict verdict = judge_reload(judged, {}, looks);
    if (verdict.take_back) return judged[verdict.worst].counts.after.requests;
  }
  return std::nullopt;
}

/// Taken back, of `reloads`; the shape of each one's traffic comes from `shape`.
int taken_back(int reloads, const std::function<Traffic(Random&)>& shape) {
  Random random(20261130);
  int taken = 0;
  for (int i = 0; i < reloads; ++i)
    taken += requests_until_taken_back(random, shape(random)).has_value() ? 1 : 0;
  return taken;
}

/// The true share is below this with 99 %: of a binomial count, by its normal bound.
double upper_bound(int taken, int of) {
  const double n = of, p = (taken + 1.0) / n;
  return p + 2.33 * std::sqrt(p * (1 - p) / n);
}

TEST(ReloadGuardSimulation, AReloadThatChangesNothingIsKept) {
  constexpr int reloads = 2'000;
  struct Case {
    double rps, rate;
    std::size_t routes;
  };
  for (const auto& [rps, rate, routes] : {Case{100, .001, 1},
                                          {100, .01, 1},
                                          {100, .05, 1},
                                          {100, .2, 1},
                                          {1, .01, 1},
                                          {1, .2, 1},
                                          {10, .05, 10}}) {
    const int taken = taken_back(reloads, [&](Random&) {
      return Traffic{rps, routes, [rate = rate](double) { return rate; }};
    });
    RecordProperty(fmt::format("taken_back_{}_rps_{}_failing_{}_routes", rps, rate, routes), taken);
    EXPECT_LE(upper_bound(taken, reloads), .01) << rps << " " << rate << " " << routes << ": " << taken;
  }
}

/// By that factor over the five minutes before the reload, and on.
Traffic rising(double factor) {
  return {100, 1, [factor](double second) { return .01 * std::pow(factor, (second + 300) / 300); }};
}

// A drift is not exchangeable: a slow one, as of a day's curve, stays below the stated rate, a fast one does not.
TEST(ReloadGuardSimulation, ADriftIsKeptAsFarAsItIsSlow) {
  const int slow = taken_back(2'000, [](Random&) { return rising(1.25); });
  RecordProperty("taken_back_of_2000_rising_by_a_quarter", slow);
  EXPECT_LE(upper_bound(slow, 2'000), .01) << slow;
  const int fast = taken_back(2'000, [](Random&) { return rising(2); });
  RecordProperty("taken_back_of_2000_doubling", fast);
  EXPECT_LE(upper_bound(fast, 2'000), .03) << fast;
}

// Hiccups of the app: five seconds in which 30 % fail, one a minute, before the reload as after it.
TEST(ReloadGuardSimulation, BurstsAsBeforeAreKept) {
  const int taken = taken_back(1'000, [](Random& random) {
    const double phase = std::uniform_real_distribution<double>(0, 60)(random);
    return Traffic{100, 1, [phase](double second) {
                     const double at = std::fmod(second + 600 + phase, 60);
                     return at < 5 ? .3 : .001;
                   }};
  });
  RecordProperty("taken_back_of_1000_with_bursts", taken);
  EXPECT_LE(taken, 10);
}

// What no rule over time can tell apart: an outage that begins during the guard for another reason. It is taken back,
// about as often as one begins then: of one outage a day and 30 s of guard, 1 of 2,880 reloads.
TEST(ReloadGuardSimulation, AnOutageThatBeginsRightThenLooksLikeTheReload) {
  const int taken = taken_back(200, [](Random& random) {
    const double begins = std::uniform_real_distribution<double>(0, 25)(random);
    return Traffic{100, 1, [begins](double second) { return second >= begins ? .5 : .001; }};
  });
  RecordProperty("taken_back_of_200_outages", taken);
  EXPECT_GE(taken, 190);
}

// Requests of the route until the look that takes it back: of those that come in a second some are more than needed.
TEST(ReloadGuardSimulation, ABrokenRouteIsTakenBackSoon) {
  constexpr std::size_t reloads = 400;
  struct Case {
    double rps, rate;
    std::uint64_t within;  // in 95 of 100
  };
  for (const auto& [rps, rate, within] : {Case{100, 1, 150}, {1, 1, 8}, {100, .1, 250}, {100, .05, 500}}) {
    Random random(7);
    const Traffic broken{rps, 1, [rate = rate](double second) { return second >= 0 ? rate : .001; }};
    std::vector<std::uint64_t> requests;
    for (std::size_t i = 0; i < reloads; ++i) {
      const auto until = requests_until_taken_back(random, broken);
      ASSERT_TRUE(until) << rps << " " << rate;
      requests.push_back(*until);
    }
    std::ranges::sort(requests);
    const std::uint64_t p95 = requests[reloads * 95 / 100];
    RecordProperty(fmt::format("requests_{}_rps_{}_failing", rps, rate),
                   fmt::format("median {}, p95 {}", requests[reloads / 2], p95));
    EXPECT_LE(p95, within) << rps << " " << rate;
  }
}

}  // namespace
}  // namespace weir::rollout
