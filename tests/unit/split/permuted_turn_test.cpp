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
    const CycleOrder order({1, 2}, cycle);
    for (const std::uint64_t block : {0u, 1u, 12'345u}) {
      std::set<std::uint64_t> seen;
      for (std::uint64_t i = 0; i < cycle; ++i) {
        const std::uint64_t place = order.place_of(block * cycle + i);
        EXPECT_LT(place, cycle);
        seen.insert(place);
      }
      EXPECT_EQ(seen.size(), cycle);
    }
  }
}

TEST(SplitPermutedTurn, DependsOnTheKeyAndTheCycle) {
  const auto order = [](const SipKey& key, std::uint64_t block) {
    const CycleOrder cycles(key, 100);
    std::vector<std::uint64_t> places;
    for (std::uint64_t i = 0; i < 100; ++i) places.push_back(cycles.place_of(block * 100 + i));
    return places;
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
  const PermutedTurns nothing({1, 2}, std::vector<std::uint32_t>{0, 0});
  EXPECT_EQ(nothing.cycle(), 0u);
  EXPECT_EQ(nothing.pick(3), none);
  const PermutedTurns second({1, 2}, std::vector<std::uint32_t>{5, 1}, 0b10);
  const PermutedTurns last({1, 2}, std::vector<std::uint32_t>{0, 5, 0, 1});
  std::vector<int> seen(4);
  for (std::uint64_t turn = 0; turn < last.cycle(); ++turn) {
    EXPECT_EQ(second.pick(turn), 1u);
    ++seen[last.pick(turn)];
  }
  EXPECT_EQ(seen, (std::vector<int>{0, 105, 0, 21})) << "the most that is below 128";
}

/// Over keys, a turn's place is uniform, and so is the way from one turn to the next: chi-squared, fixed seeds.
TEST(SplitPermutedTurn, EveryPlaceIsAsLikely) {
  for (const std::uint64_t cycle : {64u, 80u, 100u, 500u}) {
    Rng rng(cycle);
    std::vector<double> places(cycle), steps(cycle);
    constexpr int keys = 40'000;
    for (int i = 0; i < keys; ++i) {
      const CycleOrder order({rng(), rng()}, cycle);
      const std::uint64_t first = order.place_of(1), next = order.place_of(0);
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

/// What a rollout's bound rests on: which turns of a cycle are the canary's is as if drawn from an urn. Over the cycles
/// of one key, how many of its turns are in the first half is hypergeometric, and any two turns are both its own as
/// often as that says: chi-squared, and the farthest of all pairs.
TEST(SplitPermutedTurn, TheTurnsOfATargetAreDrawnFromAnUrn) {
  struct Urn {
    std::uint64_t cycle, own;
  };
  for (const Urn& urn : {Urn{64, 32}, Urn{100, 33}, Urn{320, 16}}) {
    const CycleOrder order({urn.cycle, 3}, urn.cycle);
    constexpr int cycles = 20'000;
    std::vector<double> in_half(urn.own + 1), pairs(urn.cycle * urn.cycle);
    std::vector<std::size_t> own;
    for (std::uint64_t block = 0; block < cycles; ++block) {
      own.clear();
      for (std::uint64_t i = 0; i < urn.cycle; ++i) {
        if (order.place_of(block * urn.cycle + i) < urn.own) own.push_back(i);
      }
      ++in_half[static_cast<std::size_t>(
          std::ranges::count_if(own, [&](std::size_t turn) { return turn < urn.cycle / 2; }))];
      for (std::size_t i = 0; i < own.size(); ++i) {
        for (std::size_t j = i + 1; j < own.size(); ++j) ++pairs[own[i] * urn.cycle + own[j]];
      }
    }
    const auto ways_ln = [](std::uint64_t of, std::uint64_t taken) {
      const auto factorial_ln = [](std::uint64_t n) { return std::lgamma(static_cast<double>(n) + 1); };
      return factorial_ln(of) - factorial_ln(taken) - factorial_ln(of - taken);
    };
    double sum = 0, freedom = -1;
    for (std::uint64_t i = 0; i <= urn.own; ++i) {
      const std::uint64_t half = urn.cycle / 2;
      const double expected = cycles * std::exp(ways_ln(half, i) + ways_ln(urn.cycle - half, urn.own - i) -
                                                ways_ln(urn.cycle, urn.own));
      if (expected < 10) continue;
      sum += (in_half[i] - expected) * (in_half[i] - expected) / expected;
      ++freedom;
    }
    EXPECT_LT(sum, freedom + 4 * std::sqrt(2 * freedom) + 6) << urn.cycle;
    const auto size = static_cast<double>(urn.cycle), part = static_cast<double>(urn.own);
    const double both = part * (part - 1) / (size * (size - 1)),
                 deviation = std::sqrt(cycles * both * (1 - both));
    double farthest = 0;
    for (std::size_t i = 0; i < urn.cycle; ++i) {
      for (std::size_t j = i + 1; j < urn.cycle; ++j)
        farthest = std::max(farthest, std::abs(pairs[i * urn.cycle + j] - cycles * both) / deviation);
    }
    EXPECT_LT(farthest, 5.5) << urn.cycle;
  }
}

}  // namespace
}  // namespace weir::split
