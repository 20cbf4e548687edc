#include <gtest/gtest.h>

#include "core/rng.hpp"
#include "unit/balance/choosing.hpp"

namespace weir::balance {
namespace {

std::vector<double> shares(const Endpoints& endpoints, Policy policy, int draws = 60'000) {
  Rng rng(7);
  std::vector<double> shares(endpoints.size());
  for (int i = 0; i < draws; ++i) shares[chosen(policy, endpoints, random_of(rng()))] += 1.0 / draws;
  return shares;
}

TEST(RandomTwo, AtRestTheDrawFollowsTheWeights) {
  const auto even = shares(Endpoints({1, 1, 1, 1}), random_two);
  for (const double share : even) EXPECT_NEAR(share, 0.25, 0.01);
  const auto weighted = shares(Endpoints({1, 2, 7}), random_two);
  EXPECT_NEAR(weighted[0], 0.1, 0.01);
  EXPECT_NEAR(weighted[1], 0.2, 0.01);
  EXPECT_NEAR(weighted[2], 0.7, 0.01);
}

TEST(RandomTwo, TheMostLoadedGetsNothing) {
  Endpoints endpoints({1, 1, 1});
  endpoints[1].in_flight = 3;
  const auto found = shares(endpoints, random_two);
  EXPECT_EQ(found[1], 0);
  EXPECT_NEAR(found[0], 0.5, 0.01);
}

TEST(RandomTwo, LoadCountsByWeight) {
  Endpoints endpoints({1, 10});
  endpoints[0].in_flight = 1;
  endpoints[1].in_flight = 9;  // 1/1 against 9/10
  EXPECT_EQ(shares(endpoints, random_two)[0], 0);
  endpoints[1].in_flight = 11;
  EXPECT_EQ(shares(endpoints, random_two)[1], 0);
}

TEST(RandomTwo, FewerThanTwo) {
  EXPECT_EQ(chosen(random_two, Endpoints({}), random_of(3)), none);
  Endpoints endpoints({1, 1});
  endpoints[1].in_flight = 50;
  for (std::uint64_t random = 0; random < 50; ++random) {
    EXPECT_EQ(chosen(random_two, endpoints, random_of(random), {0}), 1u);
    EXPECT_EQ(chosen(random_two, endpoints, random_of(random), {0, 1}), none);
  }
}

TEST(RandomTwo, HeldRequestsSpreadFarBetterThanByChance) {
  Endpoints endpoints(std::vector<std::uint32_t>(50, 1));
  Shared shared;
  Rng rng(3);
  for (int i = 0; i < 5000; ++i) {
    PickRequest request = asking();
    request.random = rng();
    acquire(config::Balance::random_two, shared, endpoints.candidates(), request);
  }
  const auto loads = endpoints.loads();
  const auto [low, high] = std::ranges::minmax(loads);
  EXPECT_LE(high, 104u);  // one at random: about 125
  EXPECT_GE(low, 94u);
}

}  // namespace
}  // namespace weir::balance
