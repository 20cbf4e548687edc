// How often a reload that changes nothing is taken back, and how soon one that breaks a route is: simulated with the
// product's own verdict over traffic of several kinds, seeded. The figures stand in proxy/decisions/049.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <optional>
#include <random>
#include <vector>

#include "rollout/reload_verdict.hpp"

namespace weir::rollout {
namespace {

constexpr std::uint32_t looks = 30;        // of a second each
constexpr std::size_t stretches = 60;      // of five seconds each
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
  for (int i = 0; i < reloads; ++i) taken += requests_until_taken_back(random, shape(random)).has_value() ? 1 : 0;
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
  for (const auto& [rps, rate, routes] :
       {Case{100, .001, 1}, {100, .01, 1}, {100, .05, 1}, {100, .2, 1}, {1, .01, 1}, {1, .2, 1}, {10, .05, 10}}) {
    const int taken = taken_back(reloads, [&](Random&) {
      return Traffic{rps, routes, [rate = rate](double) { return rate; }};
    });
    RecordProperty("taken_back", taken);
    EXPECT_LE(upper_bound(taken, reloads), .01) << rps << " " << rate << " " << routes << ": " << taken;
  }
}

// A rate that wanders, as of a day's curve, or doubles over the five minutes.
TEST(ReloadGuardSimulation, ADriftIsKept) {
  const int taken = taken_back(1'000, [](Random&) {
    return Traffic{100, 1, [](double second) { return .01 * std::exp2((second + 300) / 330); }};
  });
  EXPECT_LE(taken, 10);
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
  EXPECT_LE(taken, 10);
}

// What no rule over time can tell apart: an outage that begins during the guard for another reason. It is taken back,
// about as often as one begins then: of one outage a day and 30 s of guard, 1 of 2,880 reloads.
TEST(ReloadGuardSimulation, AnOutageThatBeginsRightThenLooksLikeTheReload) {
  const int taken = taken_back(200, [](Random& random) {
    const double begins = std::uniform_real_distribution<double>(0, 25)(random);
    return Traffic{100, 1, [begins](double second) { return second >= begins ? .5 : .001; }};
  });
  EXPECT_GE(taken, 190);
}

TEST(ReloadGuardSimulation, ABrokenRouteIsTakenBackSoon) {
  Random random(7);
  const auto broken = [](double rate) {
    return [rate](double second) { return second >= 0 ? rate : .001; };
  };
  for (const auto& [rps, rate, within] : {std::tuple{100.0, 1.0, 150.0}, {1.0, 1.0, 8.0}, {100.0, .05, 1'000.0}}) {
    for (int i = 0; i < 200; ++i) {
      const auto requests = requests_until_taken_back(random, {rps, 1, broken(rate)});
      ASSERT_TRUE(requests) << rps << " " << rate;
      EXPECT_LE(static_cast<double>(*requests), within) << rps << " " << rate;
    }
  }
}

}  // namespace
}  // namespace weir::rollout
