// Over random weights: turns are exact and smooth, and with affinity a client only ever moves towards a target that
// grew against the one it leaves.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/rng.hpp"
#include "split/affinity.hpp"
#include "split/permuted_turn.hpp"
#include "split/weights.hpp"

namespace weir::split {
namespace {

using Weights = std::vector<std::uint32_t>;

Weights random_weights(Rng& rng, std::size_t count, std::uint32_t most) {
  Weights weights(count);
  do {
    for (auto& weight : weights) weight = rng() % 4 == 0 ? 0 : static_cast<std::uint32_t>(rng() % (most + 1));
  } while (total_weight(weights) == 0);
  return weights;
}

const std::vector<std::string_view> names{"blue", "green", "red", "amber", "violet", "grey"};

double share(const Weights& weights, std::size_t target) {
  return static_cast<double>(weights[target]) / static_cast<double>(total_weight(weights));
}

TEST(SplitProperty, TurnsAreExactOverACycleAndNeverFarOffWithin) {
  Rng rng(20);
  for (int round = 0; round < 300; ++round) {
    const std::size_t count = 1 + rng() % 6;
    const Weights weights = random_weights(rng, count, 40);
    const std::uint64_t total = total_weight(weights), from = rng() % 1000;
    std::vector<std::uint64_t> seen(count);
    for (std::uint64_t i = 0; i < total; ++i) {
      const std::size_t target = pick_by_turn(weights, everyone, from * total + i);
      ASSERT_NE(target, none);
      ASSERT_GT(weights[target], 0u);
      ++seen[target];
      for (std::size_t t = 0; t < count; ++t) {
        const double due = static_cast<double>(i + 1) * share(weights, t);
        EXPECT_NEAR(static_cast<double>(seen[t]), due, static_cast<double>(count)) << "round " << round;
      }
    }
    for (std::size_t t = 0; t < count; ++t) EXPECT_EQ(seen[t], weights[t]);
  }
}

TEST(SplitProperty, PermutedTurnsAreExactOverACycle) {
  Rng rng(25);
  for (int round = 0; round < 300; ++round) {
    Weights weights = random_weights(rng, 1 + rng() % 6, 60);
    if (round % 2 == 0) reduce(weights);
    const SipKey key{rng(), rng()};
    const std::uint64_t total = total_weight(weights), from = rng() % 1000;
    std::vector<std::uint64_t> seen(weights.size());
    const PermutedTurns permuted(key, weights);
    const std::uint64_t turns = permuted.cycle();
    ASSERT_EQ(turns % total, 0u);
    ASSERT_GE(turns, cycle_length(weights));
    ASSERT_LT(turns, 2 * cycle_length(weights));
    for (std::uint64_t i = 0; i < turns; ++i) ++seen[permuted.pick(from * turns + i)];
    for (std::size_t t = 0; t < weights.size(); ++t) EXPECT_EQ(seen[t], turns / total * weights[t]);
  }
}

/// Every tenth request is one that fails: in order it is always the same side's, permuted it is anyone's.
TEST(SplitProperty, PeriodicTrafficDoesNotChooseItsSide) {
  const Weights weights{90, 10};
  const auto on_green = [&](auto&& pick) {
    int count = 0;
    for (std::uint64_t turn = 0; turn < 100'000; turn += 10) count += pick(turn) == 1 ? 1 : 0;
    return count / 10'000.0;
  };
  const double in_order = on_green([&](std::uint64_t turn) { return pick_by_turn(weights, everyone, turn); });
  EXPECT_TRUE(in_order < 0.01 || in_order > 0.99) << in_order;
  const PermutedTurns permuted({1, 2}, weights);
  EXPECT_NEAR(on_green([&](std::uint64_t turn) { return permuted.pick(turn); }), 0.1, 0.01);
}

TEST(SplitProperty, TenThousandRequestsAreWithinAPointOfTheShare) {
  Rng rng(21);
  for (int round = 0; round < 40; ++round) {
    const Weights weights = random_weights(rng, 2 + rng() % 3, round % 2 == 0 ? 100 : 3000);
    std::vector<int> seen(weights.size());
    const std::uint64_t from = rng();
    for (std::uint64_t i = 0; i < 10'000; ++i) ++seen[pick_by_turn(weights, everyone, from + i)];
    for (std::size_t t = 0; t < weights.size(); ++t) EXPECT_NEAR(seen[t] / 10'000.0, share(weights, t), 0.01);
  }
}

TEST(SplitProperty, RaisingGreenMovesOnlyFromBlueToGreen) {
  const Affinity affinity("api", std::vector<std::string_view>{"blue", "green"});
  Rng rng(22);
  for (int client = 0; client < 2000; ++client) {
    const std::string key = std::to_string(rng());
    std::size_t side = 0;
    for (std::uint32_t green = 0; green <= 100; ++green) {
      const std::size_t now = affinity.pick(key, Weights{100 - green, green});
      EXPECT_GE(now, side) << "went back at " << green;
      side = now;
    }
    EXPECT_EQ(side, 1u);
  }
}

TEST(SplitProperty, MovesOnlyTowardsWhatGrew) {
  Rng rng(23);
  for (int round = 0; round < 400; ++round) {
    const std::size_t count = 2 + rng() % 5;
    const Affinity affinity("route-" + std::to_string(round % 7), std::span(names).first(count));
    const Weights before = random_weights(rng, count, 100);
    Weights after = before;
    if (rng() % 2 == 0) {
      after = random_weights(rng, count, 100);
    } else {
      after[rng() % count] += static_cast<std::uint32_t>(1 + rng() % 50);
    }
    for (int client = 0; client < 200; ++client) {
      const std::string key = std::to_string(rng());
      const std::size_t from = affinity.pick(key, before), to = affinity.pick(key, after);
      if (from == to) continue;
      const bool to_grew = share(after, to) > share(before, to),
                 from_shrank = share(after, from) < share(before, from);
      EXPECT_TRUE(to_grew || from_shrank) << "round " << round;
      // Against each other it grew, exactly.
      EXPECT_GT(std::uint64_t{after[to]} * before[from], std::uint64_t{before[to]} * after[from])
          << "round " << round;
    }
  }
}

TEST(SplitProperty, OneWeightUpMovesOnlyThere) {
  Rng rng(24);
  for (int round = 0; round < 200; ++round) {
    const std::size_t count = 2 + rng() % 5, up = rng() % count;
    const Affinity affinity("api", std::span(names).first(count));
    const Weights before = random_weights(rng, count, 100);
    Weights after = before;
    after[up] += static_cast<std::uint32_t>(1 + rng() % 100);
    for (int client = 0; client < 200; ++client) {
      const std::string key = std::to_string(rng());
      const std::size_t to = affinity.pick(key, after);
      EXPECT_TRUE(to == up || to == affinity.pick(key, before));
    }
  }
}

}  // namespace
}  // namespace weir::split
