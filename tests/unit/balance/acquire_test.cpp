#include <gtest/gtest.h>

#include "core/rng.hpp"
#include "unit/balance/choosing.hpp"

namespace weir::balance {
namespace {

using std::chrono::seconds;
constexpr std::uint64_t none_excluded = 0;

class Acquire : public testing::TestWithParam<config::Balance> {
 protected:
  Pick pick(Endpoints& endpoints, std::uint64_t excluded = none_excluded, TimePoint now = time_zero) {
    PickRequest request = asking(now, excluded);
    request.random = rng_();
    request.key = rng_();
    return acquire(GetParam(), shared_, endpoints.candidates(), request);
  }
  Shared shared_;
  Rng rng_{1};
};

INSTANTIATE_TEST_SUITE_P(Policies, Acquire,
                         testing::Values(config::Balance::least_connections, config::Balance::round_robin,
                                         config::Balance::random_two, config::Balance::least_latency,
                                         config::Balance::hash));

TEST_P(Acquire, CountsAndReleases) {
  Endpoints endpoints({1, 1});
  const Pick first = pick(endpoints);
  EXPECT_FALSE(first.ticket.probe);
  EXPECT_EQ(endpoints[first.index].in_flight, 1u);
  const Pick second = pick(endpoints);
  EXPECT_EQ(endpoints.loads()[0] + endpoints.loads()[1], 2u);
  release(endpoints[first.index]);
  release(endpoints[second.index]);
  EXPECT_EQ(endpoints.loads(), (std::vector<std::uint32_t>{0, 0}));
}

TEST_P(Acquire, EqualEndpointsGetEqualShares) {
  Endpoints endpoints({1, 1, 1});
  std::vector<int> served(3);
  for (int i = 0; i < 3000; ++i) {
    const Pick picked = pick(endpoints);
    ++served[picked.index];
    release(endpoints[picked.index]);
  }
  for (const int count : served) EXPECT_NEAR(count, 1000, 120);
}

TEST_P(Acquire, NothingToPick) {
  Endpoints nothing({});
  EXPECT_EQ(pick(nothing).index, none);
  Endpoints endpoints({1, 1});
  EXPECT_EQ(pick(endpoints, 0b11).index, none);
  EXPECT_EQ(endpoints.loads(), (std::vector<std::uint32_t>{0, 0}));
}

TEST_P(Acquire, ExcludedAreLeftAlone) {
  Endpoints endpoints({1, 1, 1});
  for (int i = 0; i < 12; ++i) EXPECT_EQ(pick(endpoints, 0b101).index, 1u);
}

TEST_P(Acquire, EjectedAreLeftAlone) {
  Endpoints endpoints({1, 1, 1});
  endpoints.eject(1, time_zero);
  for (int i = 0; i < 12; ++i) EXPECT_NE(pick(endpoints, none_excluded, time_zero + seconds(29)).index, 1u);
}

TEST_P(Acquire, ADueProbeComesFirstAndOnce) {
  Endpoints endpoints({1, 1, 1});
  endpoints.eject(1, time_zero);
  endpoints[1].in_flight = 50;  // old requests do not keep the probe away
  const TimePoint due = time_zero + seconds(30);
  const Pick probe = pick(endpoints, none_excluded, due);
  EXPECT_EQ(probe.index, 1u);
  EXPECT_TRUE(probe.ticket.probe);
  EXPECT_EQ(endpoints[1].in_flight, 51u);
  for (int i = 0; i < 12; ++i) {
    const Pick other = pick(endpoints, none_excluded, due);
    EXPECT_NE(other.index, 1u);
    EXPECT_FALSE(other.ticket.probe);
  }
  EXPECT_EQ(endpoints[1].health.report_success(probe.ticket), health::Change::recovered);
  EXPECT_NE(pick(endpoints, 0b101, due).index, none);
}

/// A POST, or an upload that has only begun.
TEST_P(Acquire, ARequestThatMustNotFailProbesOnlyWhereItHasNoOtherChoice) {
  Endpoints endpoints({1, 1, 1});
  endpoints.eject(1, time_zero);
  const TimePoint due = time_zero + seconds(30);
  PickRequest request = asking(due);
  request.may_probe = false;
  for (int i = 0; i < 12; ++i) {
    const Pick picked = acquire(GetParam(), shared_, endpoints.candidates(), request);
    EXPECT_NE(picked.index, 1u);
    EXPECT_FALSE(picked.ticket.probe);
  }
  EXPECT_TRUE(endpoints[1].health.probe_due(due)) << "it is left to others";
  request.tried = tried_of(0b101);
  const Pick last = acquire(GetParam(), shared_, endpoints.candidates(), request);
  EXPECT_EQ(last.index, 1u);
  EXPECT_TRUE(last.ticket.probe);
}

TEST_P(Acquire, WhereOnlySuchRequestsComeTheyProbeInTheEnd) {
  Endpoints endpoints({1, 1});
  endpoints.eject(1, time_zero);
  PickRequest request = asking(time_zero + seconds(30));
  request.may_probe = false;
  const auto probes_at = [&](TimePoint now) {
    request.now = now;
    return acquire(GetParam(), shared_, endpoints.candidates(), request).ticket.probe;
  };
  const TimePoint overdue = time_zero + seconds(30) + health::PassiveHealth::probe_reserve;
  EXPECT_FALSE(probes_at(overdue - Milliseconds(1)));
  EXPECT_TRUE(probes_at(overdue));
  EXPECT_FALSE(probes_at(overdue + health::PassiveHealth::probe_patience));
  EXPECT_TRUE(pick(endpoints, none_excluded, overdue + health::PassiveHealth::probe_patience).ticket.probe);
}

TEST_P(Acquire, AnExcludedEndpointIsNotProbed) {
  Endpoints endpoints({1, 1});
  endpoints.eject(0, time_zero);
  const Pick picked = pick(endpoints, 0b01, time_zero + seconds(31));
  EXPECT_EQ(picked.index, 1u);
  EXPECT_EQ(endpoints[0].health.state(), health::State::ejected);
}

TEST_P(Acquire, WhenAllAreEjectedTheyAllShare) {
  Endpoints endpoints({1, 1, 1});
  for (std::size_t i = 0; i < 3; ++i) endpoints.eject(i, time_zero);
  std::vector<int> served(3);
  for (int i = 0; i < 300; ++i) {
    const Pick picked = pick(endpoints);
    ASSERT_NE(picked.index, none);
    EXPECT_TRUE(picked.panic);
    EXPECT_FALSE(picked.ticket.probe);
    ++served[picked.index];
    release(endpoints[picked.index]);
  }
  for (const int count : served) EXPECT_GT(count, 60);
  EXPECT_EQ(pick(endpoints, 0b101).index, 1u);
  EXPECT_EQ(pick(endpoints, 0b111).index, none);
}

TEST_P(Acquire, ARetryWithNoUsableOneLeftIsNoPanic) {
  Endpoints endpoints({1, 1});
  endpoints.eject(1, time_zero);
  const Pick picked = pick(endpoints, 0b01);
  EXPECT_EQ(picked.index, 1u);
  EXPECT_FALSE(picked.panic);
}

TEST_P(Acquire, WhatAnOperatorTookOutStaysOutInPanicToo) {
  Endpoints endpoints({1, 1, 1});
  endpoints.put_out(0, upstream::out_drain);
  endpoints.put_out(1, upstream::out_check_failed);
  endpoints.put_out(2, upstream::out_disabled);
  for (int i = 0; i < 20; ++i) {
    const Pick picked = pick(endpoints);
    EXPECT_EQ(picked.index, 1u);
    EXPECT_TRUE(picked.panic);
  }
  const Pick none_left = pick(endpoints, 0b010);
  EXPECT_EQ(none_left.index, none);
  EXPECT_FALSE(none_left.full);
}

TEST_P(Acquire, OneThatIsOutGetsNoProbe) {
  Endpoints endpoints({1, 1});
  endpoints.eject(0, time_zero);
  endpoints.put_out(0, upstream::out_check_failed);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(pick(endpoints, none_excluded, time_zero + seconds(60)).index, 1u);
  EXPECT_EQ(endpoints[0].health.state(), health::State::ejected);
}

TEST_P(Acquire, WhatAnOperatorTookOutGetsNothing) {
  Endpoints endpoints({1, 1, 1});
  endpoints[0].out = upstream::out_drain;
  endpoints[2].out = upstream::out_disabled;
  for (int i = 0; i < 12; ++i) EXPECT_EQ(pick(endpoints).index, 1u);
  EXPECT_EQ(pick(endpoints, 0b010).index, none);
  endpoints.eject(1, time_zero);
  EXPECT_EQ(pick(endpoints).index, 1u) << "rather one that is ejected";
  endpoints[1].out = upstream::out_drain;
  EXPECT_EQ(pick(endpoints).index, none) << "not as the last one either";
  EXPECT_EQ(pick(endpoints, none_excluded, time_zero + seconds(30)).index, none) << "nor as a probe";
  EXPECT_EQ(endpoints[1].health.state(), health::State::ejected);
  endpoints[1].out = 0;
  EXPECT_TRUE(pick(endpoints, none_excluded, time_zero + seconds(30)).ticket.probe);
}

TEST(UsableLeft, OneThatIsOutOrTriedDoesNotCount) {
  Endpoints endpoints({1, 1, 1, 1});
  endpoints.eject(1, time_zero);
  endpoints.put_out(2, upstream::out_check_failed);
  endpoints.put_out(3, upstream::out_drain);
  EXPECT_TRUE(usable_left(endpoints.candidates(), {}));
  EXPECT_TRUE(usable_left(endpoints.candidates(), {1, 2}));
  EXPECT_FALSE(usable_left(endpoints.candidates(), {0}));
  EXPECT_TRUE(another_left(endpoints.candidates(), {0})) << "where nothing else is left they are tried";
  EXPECT_FALSE(another_left(endpoints.candidates(), {0, 1, 2}));
  endpoints.put_out(2, 0);
  EXPECT_TRUE(usable_left(endpoints.candidates(), {0}));
  EXPECT_FALSE(usable_left(endpoints.candidates(), {0, 2}));
}

TEST_P(Acquire, TicketsCarryTheEpoch) {
  Endpoints endpoints({1});
  const Pick before = pick(endpoints);
  endpoints.eject(0, time_zero);
  const Pick probe = pick(endpoints, none_excluded, time_zero + seconds(30));
  EXPECT_NE(before.ticket.epoch, probe.ticket.epoch);
  endpoints[0].health.report_success(probe.ticket);
  EXPECT_EQ(pick(endpoints).ticket.epoch, endpoints[0].health.ticket().epoch);
}

}  // namespace
}  // namespace weir::balance
