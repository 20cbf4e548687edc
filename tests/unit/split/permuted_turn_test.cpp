// Turns in a secret order: exact over a cycle, another order each time, and every place as likely.
#include "split/permuted_turn.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "core/rng.hpp"

namespace weir::split {
namespace {

TEST(SplitPermutedTurn, IsAPermutationOfEachCycle) {
  for (const std::uint64_t cycle : {1u, 2u, 3u, 7u, 20u, 64u, 100u, 1'000u, 10'000u}) {
    for (const std::uint64_t block : {0u, 1u, 12'345u}) {
      std::set<std::uint64_t> seen;
      for (std::uint64_t i = 0; i < cycle; ++i) {
        const std::uint64_t turn = permuted_turn({1, 2}, cycle, block * cycle + i);
        EXPECT_GE(turn, block * cycle);
        EXPECT_LT(turn, (block + 1) * cycle);
        seen.insert(turn);
      }
      EXPECT_EQ(seen.size(), cycle);
    }
  }
}

TEST(SplitPermutedTurn, DependsOnTheKeyAndTheCycle) {
  const auto order = [](const SipKey& key, std::uint64_t block) {
    std::vector<std::uint64_t> turns;
    for (std::uint64_t i = 0; i < 100; ++i)
      turns.push_back(permuted_turn(key, 100, block * 100 + i) - block * 100);
    return turns;
  };
  EXPECT_NE(order({1, 2}, 0), order({1, 3}, 0));
  EXPECT_NE(order({1, 2}, 0), order({1, 2}, 1));
  EXPECT_EQ(order({1, 2}, 5), order({1, 2}, 5));
}

TEST(SplitPermutedTurn, ReducesWeights) {
  std::vector<std::uint32_t> weights{500, 9'500};
  reduce(weights);
  EXPECT_EQ(weights, (std::vector<std::uint32_t>{1, 19}));
  weights = {0, 7'000};
  reduce(weights);
  EXPECT_EQ(weights, (std::vector<std::uint32_t>{0, 1}));
  weights = {0, 0};
  reduce(weights);
  EXPECT_EQ(weights, (std::vector<std::uint32_t>{0, 0}));
}

TEST(SplitPermutedTurn, ACycleHasEnoughTurnsOfEach) {
  EXPECT_EQ(cycle_length(std::vector<std::uint32_t>{1, 19}), 320u);
  EXPECT_EQ(cycle_length(std::vector<std::uint32_t>{1, 1}), 64u);
  EXPECT_EQ(cycle_length(std::vector<std::uint32_t>{90, 10}), 200u);
  EXPECT_EQ(cycle_length(std::vector<std::uint32_t>{500, 9'500}), 10'000u);
  EXPECT_EQ(cycle_length(std::vector<std::uint32_t>{0, 7}), 70u);
  EXPECT_EQ(cycle_length(std::vector<std::uint32_t>{1, 19, 4}, 0b101), 80u);
  EXPECT_EQ(cycle_length(std::vector<std::uint32_t>{0, 0}), 0u);
}

TEST(SplitPermutedTurn, NobodyIsPickedWithoutWeight) {
  EXPECT_EQ(pick_by_permuted_turn({1, 2}, std::vector<std::uint32_t>{0, 0}, everyone, 3), none);
  EXPECT_EQ(pick_by_permuted_turn({1, 2}, std::vector<std::uint32_t>{5, 1}, 0b10, 3), 1u);
}

/// Over keys, a turn's place is uniform, and so is the way from one turn to the next: chi-squared, fixed seeds.
TEST(SplitPermutedTurn, EveryPlaceIsAsLikely) {
  for (const std::uint64_t cycle : {64u, 80u, 100u, 500u}) {
    Rng rng(cycle);
    std::vector<double> places(cycle), steps(cycle);
    constexpr int keys = 40'000;
    for (int i = 0; i < keys; ++i) {
      const SipKey key{rng(), rng()};
      const std::uint64_t first = permuted_turn(key, cycle, 1), next = permuted_turn(key, cycle, 0);
      ++places[first];
      ++steps[(next + cycle - first) % cycle];
    }
    const auto chi_squared = [](const std::vector<double>& counts, std::size_t from) {
      const double expected = keys / static_cast<double>(counts.size() - from);
      double sum = 0;
      for (std::size_t i = from; i < counts.size(); ++i)
        sum += (counts[i] - expected) * (counts[i] - expected) / expected;
      return sum;
    };
    const auto freedom = static_cast<double>(cycle);
    EXPECT_LT(chi_squared(places, 0), freedom + 4 * std::sqrt(2 * freedom) + 6) << cycle;
    EXPECT_EQ(steps[0], 0) << "two turns never have one place";
    EXPECT_LT(chi_squared(steps, 1), freedom + 4 * std::sqrt(2 * freedom) + 6) << cycle;
  }
}

}  // namespace
}  // namespace weir::split
