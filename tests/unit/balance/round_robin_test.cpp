#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "unit/balance/choosing.hpp"

namespace weir::balance {
namespace {

std::vector<std::size_t> sequence(const Endpoints& endpoints, std::uint64_t from, std::size_t turns,
                                  std::uint64_t excluded = 0) {
  std::vector<std::size_t> picked;
  for (std::uint64_t turn = from; turn < from + turns; ++turn) {
    picked.push_back(chosen(round_robin, endpoints, turn_of(turn), tried_of(excluded)));
  }
  return picked;
}

class RoundRobin : public testing::TestWithParam<std::vector<std::uint32_t>> {};

TEST_P(RoundRobin, EachCycleGivesExactlyTheWeights) {
  const auto& weights = GetParam();
  const Endpoints endpoints(weights);
  const std::size_t total = std::accumulate(weights.begin(), weights.end(), std::size_t{0});
  for (const std::uint64_t from :
       {std::uint64_t{0}, std::uint64_t{total * 7}, ~std::uint64_t{0} / total * total - total}) {
    const auto picked = sequence(endpoints, from, total);
    for (std::size_t i = 0; i < weights.size(); ++i) {
      EXPECT_EQ(std::ranges::count(picked, i), weights[i]) << "candidate " << i << " from turn " << from;
    }
  }
}

TEST_P(RoundRobin, TurnsAreSpreadOut) {
  const auto& weights = GetParam();
  const Endpoints endpoints(weights);
  const std::size_t total = std::accumulate(weights.begin(), weights.end(), std::size_t{0});
  const auto picked = sequence(endpoints, 0, 3 * total);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const std::size_t even = (total + weights[i] - 1) / weights[i];
    std::size_t last = 0;
    std::size_t gap_max = 0;
    for (std::size_t turn = 0; turn < picked.size(); ++turn) {
      if (picked[turn] != i) continue;
      gap_max = std::max(gap_max, turn - last);
      last = turn;
    }
    EXPECT_LE(gap_max, 3 * even) << "candidate " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, RoundRobin,
    testing::Values(std::vector<std::uint32_t>{1}, std::vector<std::uint32_t>{1, 1},
                    std::vector<std::uint32_t>{1, 1, 1, 1, 1}, std::vector<std::uint32_t>{100, 100},
                    std::vector<std::uint32_t>{5, 1, 1}, std::vector<std::uint32_t>{1, 2, 3, 4, 5},
                    std::vector<std::uint32_t>{1000, 1}, std::vector<std::uint32_t>{7, 11, 13},
                    std::vector<std::uint32_t>{1, 1000, 3, 999, 500}));

TEST(RoundRobinOrder, EqualWeightsRotate) {
  for (const std::uint32_t weight : {1u, 100u}) {
    const Endpoints endpoints({weight, weight, weight});
    const auto picked = sequence(endpoints, 0, 30);
    for (std::size_t turn = 3; turn < picked.size(); ++turn) EXPECT_EQ(picked[turn], picked[turn - 3]);
    EXPECT_NE(picked[0], picked[1]);
    EXPECT_NE(picked[1], picked[2]);
    EXPECT_NE(picked[2], picked[0]);
  }
}

TEST(RoundRobinOrder, AHeavyOneIsInterrupted) {
  const auto picked = sequence(Endpoints({5, 1, 1}), 0, 7);
  const auto first_other = std::ranges::find_if(picked, [](std::size_t i) { return i != 0; });
  ASSERT_NE(first_other, picked.end());
  EXPECT_EQ(*(first_other + 1), 0u) << "the two light ones do not follow each other";
}

TEST(RoundRobinSkips, ExcludedAndEjected) {
  Endpoints endpoints({1, 2, 1, 1});
  endpoints.eject(3, time_zero);
  const auto picked = sequence(endpoints, 0, 300, 0b0001);
  EXPECT_EQ(std::ranges::count(picked, 1u), 200);
  EXPECT_EQ(std::ranges::count(picked, 2u), 100);
  EXPECT_EQ(chosen(round_robin, endpoints, turn_of(0), tried_of(0b0111)), none);
  EXPECT_EQ(chosen(round_robin, Endpoints({}), turn_of(0)), none);
}

}  // namespace
}  // namespace weir::balance
