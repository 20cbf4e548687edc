// What a worker counts of rollouts between two takes.
#include "server/rollout_counter.hpp"

#include <gtest/gtest.h>

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
