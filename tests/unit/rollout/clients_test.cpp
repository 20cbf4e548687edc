// Clients as units: each counts once in a step, with the chance that what is known of it leaves.
#include "rollout/clients.hpp"

#include <gtest/gtest.h>

#include "core/rng.hpp"

namespace weir::rollout {
namespace {

struct Fixture {
  Clients clients;
  std::array<Tallies, signal_count> tallies;
  SlowBounds bounds{Bucket{60}, Bucket{40}};

  void request(std::uint64_t client, Side side, Share share, bool failed, Bucket latency = 0,
               bool counting = true) {
    clients.count({client, side, failed, false, true, latency}, share, counting, bounds, tallies);
  }
  const Tallies& of(Signal signal) const { return tallies[static_cast<std::size_t>(signal)]; }
};

TEST(RolloutClients, OnlyTheFirstFailureOfAStepCounts) {
  Fixture f;
  for (int i = 0; i < 5; ++i) f.request(7, Side::canary, 500, true);
  f.request(8, Side::comparison, 500, true);
  f.request(9, Side::comparison, 500, false);
  EXPECT_EQ(f.of(Signal::failures), (Tallies{{{500, whole}, Badness::full, 2, 1}}));
  EXPECT_EQ(f.clients.seen(Side::canary), 1u);
  EXPECT_EQ(f.clients.seen(Side::comparison), 2u);
}

TEST(RolloutClients, InTheNextStepOnlyWhatIsNotKnownCounts) {
  Fixture f;
  f.request(7, Side::canary, 500, true);
  f.request(8, Side::comparison, 500, true);
  f.clients.begin_step();
  f.tallies = {};
  f.request(7, Side::canary, 2'500, true);      // was on the canary: stays there
  f.request(8, Side::comparison, 2'500, true);  // was not: 20 of 95
  f.request(9, Side::canary, 2'500, true);      // new
  EXPECT_EQ(f.of(Signal::failures),
            (Tallies{{{2'000, 9'500}, Badness::full, 1, 0}, {{2'500, whole}, Badness::full, 1, 1}}));
}

TEST(RolloutClients, GoingBackIsExactToo) {
  Fixture f;
  f.request(7, Side::canary, 2'500, true);
  f.request(8, Side::comparison, 2'500, true);
  f.clients.begin_step();
  f.tallies = {};
  f.request(7, Side::comparison, 500, true);  // 5 of 25
  f.request(8, Side::comparison, 500, true);  // surely not
  EXPECT_EQ(f.of(Signal::failures), (Tallies{{{500, 2'500}, Badness::full, 1, 0}}));
}

TEST(RolloutClients, OfThreeTargetsAClientCountsOnce) {
  Clients clients;
  std::array<Tallies, signal_count> tallies;
  clients.count({7, Side::canary, true, false, false, 0}, {7'500, true}, true, {}, tallies);
  clients.count({8, Side::comparison, true, false, false, 0}, {7'500, true}, true, {}, tallies);
  EXPECT_EQ(tallies[0], (Tallies{{{7'500, whole}, Badness::full, 2, 1}}));
  for (const Share share : {5'000u, 9'000u}) {
    clients.begin_step();
    for (const std::uint64_t client : {7u, 8u})
      clients.count({client, Side::canary, true, false, false, 0}, {share, true}, true, {}, tallies);
  }
  EXPECT_EQ(tallies[0], (Tallies{{{7'500, whole}, Badness::full, 2, 1}}));
}

TEST(RolloutClients, WhatFailsInAPauseIsNotNewAfterIt) {
  Fixture f;
  f.request(7, Side::canary, 500, true, 0, false);
  f.request(7, Side::canary, 500, true);
  EXPECT_TRUE(f.of(Signal::failures).empty());
  f.clients.begin_step();
  f.request(7, Side::canary, 2'500, true);
  EXPECT_TRUE(f.of(Signal::failures).empty());
}

TEST(RolloutClients, SlownessIsOfEightRequests) {
  Fixture f;
  for (int i = 0; i < 8; ++i) f.request(7, Side::canary, 500, false, i == 0 ? 50 : 0);
  for (int i = 0; i < 8; ++i) f.request(8, Side::comparison, 500, false, i < 3 ? 70 : 0);
  for (int i = 0; i < 8; ++i) f.request(9, Side::comparison, 500, false, 0);
  for (int i = 0; i < 20; ++i) f.request(7, Side::canary, 500, false, 100);
  EXPECT_EQ(f.of(Signal::slow95), (Tallies{{{500, whole}, Badness::full, 1, 0}}));
  EXPECT_EQ(f.of(Signal::slow50),
            (Tallies{{{500, whole}, Badness::half, 1, 1}, {{500, whole}, Badness::full, 1, 0}}));
}

TEST(RolloutClients, APeriodsEndClosesThem) {
  Fixture f;
  f.request(7, Side::canary, 500, false, 70);
  EXPECT_TRUE(f.of(Signal::slow95).empty());
  f.clients.close_period(500, f.tallies);
  f.clients.close_period(500, f.tallies);
  EXPECT_EQ(f.of(Signal::slow95), (Tallies{{{500, whole}, Badness::half, 1, 1}}));
  for (int i = 0; i < 9; ++i) f.request(7, Side::canary, 500, false, 70);
  EXPECT_EQ(f.of(Signal::slow95).size(), 1u);
}

TEST(RolloutClients, FamiliesAreApart) {
  Fixture f;
  f.request(7, Side::canary, 500, true);
  for (int i = 0; i < 7; ++i) f.request(7, Side::canary, 500, false, 70);
  f.clients.count({7, Side::canary, false, true, false, 0}, 500, true, {}, f.tallies);
  EXPECT_EQ(f.of(Signal::failures).size(), 1u);
  EXPECT_EQ(f.of(Signal::slow95).size(), 1u);
  EXPECT_EQ(f.of(Signal::client_errors).size(), 1u);
}

TEST(RolloutClients, NothingIsSlowWithoutBounds) {
  Fixture f;
  f.bounds = {};
  for (int i = 0; i < 20; ++i) f.request(7, Side::canary, 500, false, 140);
  f.clients.close_period(500, f.tallies);
  EXPECT_TRUE(f.of(Signal::slow95).empty());
}

TEST(RolloutClients, ManyAreSampled) {
  Fixture f;
  Rng rng(5);
  constexpr std::uint64_t count = 3 * clients_max;
  for (std::uint64_t i = 0; i < count; ++i)
    f.request(rng(), rng() % 10 == 0 ? Side::canary : Side::comparison, 1'000, false);
  EXPECT_LE(f.clients.all().size(), clients_max);
  EXPECT_GE(f.clients.sampled_bits(), 1u);
  EXPECT_NEAR(static_cast<double>(f.clients.seen(Side::canary)), count / 10.0, count / 100.0);
  const auto kept = f.clients.all();
  f.clients.begin_step();
  EXPECT_TRUE(f.clients.all().empty()) << "nothing was counted, so nothing is known";
}

TEST(RolloutClients, RestoresWhatItWas) {
  Fixture f;
  for (std::uint64_t i = 0; i < 100; ++i)
    f.request(i, i % 3 == 0 ? Side::canary : Side::comparison, 500, i % 7 == 0);
  Clients restored;
  ASSERT_TRUE(restored.restore(f.clients.all(), 0));
  EXPECT_EQ(restored, f.clients);
  EXPECT_FALSE(restored.restore(f.clients.all(), 5)) << "not sampled so";
  EXPECT_FALSE(restored.restore({}, 60));
}

}  // namespace
}  // namespace weir::rollout
