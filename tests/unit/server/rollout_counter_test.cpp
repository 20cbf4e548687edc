// What a worker counts of rollouts between two takes.
#include "server/rollout_counter.hpp"

#include <gtest/gtest.h>

#include "core/rng.hpp"

namespace weir::server {
namespace {

using rollout::Side;

RolloutRuntime runtime_of(std::uint64_t id, std::uint32_t publication, bool by_client = false) {
  RolloutRuntime runtime;
  runtime.id = id;
  runtime.publication = publication;
  runtime.by_client = by_client;
  return runtime;
}

TEST(RolloutCounter, CountsByRolloutAndSide) {
  RolloutCounter counter;
  const RolloutRuntime api = runtime_of(1, 3), web = runtime_of(2, 1);
  counter.count(api, {.side = Side::canary, .failed = true, .client_error = true});
  counter.count(api, {.side = Side::canary, .has_latency = true, .latency = 9});
  counter.count(api, {.side = Side::comparison, .failed = true, .has_latency = true, .latency = 145});
  counter.count(web, {.side = Side::comparison});
  const auto counts = counter.take();
  ASSERT_EQ(counts.size(), 2U);
  EXPECT_EQ(counts[0].id, 1U);
  EXPECT_EQ(counts[0].counts.publication, 3U);
  const auto& canary = counts[0].counts.sides[index(Side::canary)];
  const auto& other = counts[0].counts.sides[index(Side::comparison)];
  EXPECT_EQ(canary.requests, 2U);
  EXPECT_EQ(canary.failed, 1U);
  EXPECT_EQ(canary.client_errors, 1U);
  EXPECT_EQ(canary.latency.total(), 1U);
  EXPECT_EQ(canary.latency.counts[9], 1U);
  EXPECT_EQ(other.requests, 1U);
  EXPECT_EQ(other.failed, 1U);
  EXPECT_EQ(other.latency.counts[145], 1U);
  EXPECT_TRUE(counts[0].counts.clients.empty()) << "requests are the units";
  EXPECT_EQ(counts[1].id, 2U);
  EXPECT_EQ(counts[1].counts.sides[index(Side::comparison)].requests, 1U);
  EXPECT_TRUE(counter.take().empty()) << "taken once";
}

TEST(RolloutCounter, CountsForTheNewestPublicationOnly) {
  RolloutCounter counter;
  const RolloutRuntime before = runtime_of(1, 3, true), now = runtime_of(1, 4, true);
  counter.count(before, {.side = Side::canary, .failed = true});
  counter.count(now, {.side = Side::comparison});
  counter.count(before, {.side = Side::canary, .failed = true});  // began before the weights changed
  const auto counts = counter.take();
  ASSERT_EQ(counts.size(), 1U);
  EXPECT_EQ(counts[0].counts.publication, 4U);
  EXPECT_EQ(counts[0].counts.sides[index(Side::canary)].requests, 0U);
  EXPECT_EQ(counts[0].counts.sides[index(Side::comparison)].requests, 1U);
  EXPECT_EQ(counts[0].counts.clients.size(), 1U);
}

TEST(RolloutCounter, AClientIsRecordedForAsLongAsItsRequestsSayMore) {
  RolloutCounter counter;
  const RolloutRuntime before = runtime_of(1, 1, true), now = runtime_of(1, 2, true);
  const auto recorded = [&] {
    auto counts = counter.take();
    return counts.empty() ? 0 : counts[0].counts.clients.size();
  };
  const RolloutUnit plain{.client = 5, .has_latency = true, .latency = 3};
  const std::size_t most = rollout::slow_requests_max;
  for (int i = 0; i < 100; ++i) counter.count(before, plain);
  EXPECT_EQ(recorded(), most);

  for (int i = 0; i < 100; ++i) counter.count(before, plain);
  for (int i = 0; i < 100; ++i) counter.count(before, {.client = 5, .failed = true, .has_latency = true});
  for (int i = 0; i < 100; ++i) counter.count(before, {.client = 5, .client_error = true});
  auto counts = counter.take();
  ASSERT_EQ(counts.size(), 1U);
  EXPECT_EQ(counts[0].counts.sides[0].requests, 300U) << "all are counted";
  const auto& clients = counts[0].counts.clients;
  ASSERT_EQ(clients.size(), most + 2) << "anew after a take, and its first failure and client error";
  EXPECT_TRUE(clients[most].failed);
  EXPECT_TRUE(clients[most + 1].client_error);

  for (int i = 0; i < 100; ++i) counter.count(before, {.client = 5});
  counter.count(before, {.client = 5, .side = Side::canary});
  EXPECT_EQ(recorded(), 2U) << "without a latency one says it all; on another side it is another one";

  counter.count(before, plain);
  for (int i = 0; i < 100; ++i) counter.count(now, plain);
  EXPECT_EQ(recorded(), most) << "another step";
}

/// What is recorded comes to the same as all requests would.
TEST(RolloutCounter, WhatIsLeftOutChangesNothing) {
  Rng rng(5);
  RolloutCounter counter;
  const RolloutRuntime runtime = runtime_of(1, 1, true);
  const rollout::Division division(2'500);
  const rollout::SlowBounds bounds{rollout::Bucket{60}, rollout::Bucket{30}};
  rollout::Clients all, recorded;
  std::array<rollout::Tallies, rollout::signal_count> of_all, of_recorded;
  std::size_t requests = 0, records = 0;
  for (int tick = 0; tick < 60; ++tick) {
    const bool is_counting = tick % 7 != 6;
    for (int i = 0; i < 2'000; ++i) {
      // Few that send much and many that send little, some of them with the same place; a few on both sides.
      const std::uint64_t client =
          rng() % 2 == 0 ? rng() % 10 : rng() % 300 + ClientFilter::places * (rng() % 40);
      const RolloutUnit unit{.client = client,
                             .side = client % 5 == 0 || rng() % 500 == 0 ? Side::canary : Side::comparison,
                             .failed = rng() % 50 == 0,
                             .client_error = rng() % 50 == 0,
                             .has_latency = rng() % 3 != 0,
                             .latency = static_cast<rollout::Bucket>(rng() % 90)};
      counter.count(runtime, unit);
      all.count(unit, division, is_counting, bounds, of_all);
    }
    const auto taken = counter.take();
    ASSERT_EQ(taken.size(), 1U);
    for (const RolloutUnit& unit : taken[0].counts.clients)
      recorded.count(unit, division, is_counting, bounds, of_recorded);
    requests += 2'000;
    records += taken[0].counts.clients.size();
    if (tick % 20 == 19) {
      all.begin_step();
      recorded.begin_step();
    }
    ASSERT_EQ(all, recorded) << tick;
    ASSERT_EQ(of_all, of_recorded) << tick;
  }
  EXPECT_LT(records, requests * 9 / 10);
}

TEST(RolloutCounter, KeepsClientsInOrderUpToABound) {
  RolloutCounter counter;
  const RolloutRuntime runtime = runtime_of(1, 1, true);
  for (std::uint64_t i = 0; i < RolloutCounter::clients_max + 5; ++i)
    counter.count(runtime, {.client = i, .side = i % 2 == 0 ? Side::canary : Side::comparison});
  auto counts = counter.take();
  ASSERT_EQ(counts.size(), 1U);
  const auto& clients = counts[0].counts.clients;
  ASSERT_EQ(clients.size(), RolloutCounter::clients_max);
  for (std::uint64_t i = 0; i < clients.size(); ++i) ASSERT_EQ(clients[i].client, i);
  EXPECT_EQ(counts[0].dropped, 5U);
  EXPECT_EQ(counts[0].counts.sides[0].requests + counts[0].counts.sides[1].requests, clients.size() + 5);
  counter.count(runtime, {.client = 1});
  counts = counter.take();
  EXPECT_EQ(counts[0].dropped, 0U);
  EXPECT_EQ(counts[0].counts.clients.size(), 1U);
}

TEST(RolloutCounter, NothingIsLeftOfThoseThatAreOver) {
  RolloutCounter counter;
  counter.count(runtime_of(1, 1), {.side = Side::canary});
  counter.clear();
  EXPECT_TRUE(counter.take().empty());
}

TEST(RolloutCounter, ARecordIsSmall) {
  EXPECT_LE(sizeof(RolloutUnit), 24U);
}

}  // namespace
}  // namespace weir::server
