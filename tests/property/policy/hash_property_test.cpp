// Consistent hashing, measured: who moves when endpoints come and go, and how loads and weights are kept.
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "core/rng.hpp"
#include "unit/balance/choosing.hpp"

namespace weir::balance {
namespace {

constexpr std::uint64_t keys = 20'000;

std::vector<std::size_t> places(const Endpoints& endpoints, std::uint64_t seed, const Tried& without = {}) {
  Rng rng(seed);
  std::vector<std::size_t> places;
  for (std::uint64_t i = 0; i < keys; ++i) places.push_back(chosen(hash, endpoints, key_of(rng()), without));
  return places;
}

TEST(HashProperty, RemovingOneOfNMovesOnlyItsOwnKeys) {
  for (const std::size_t count : {2u, 3u, 5u, 10u, 40u}) {
    const Endpoints endpoints(std::vector<std::uint32_t>(count, 1));
    const auto before = places(endpoints, count);
    for (std::size_t gone = 0; gone < std::min<std::size_t>(count, 5); ++gone) {
      const auto after = places(endpoints, count, {gone});
      std::uint64_t moved = 0;
      for (std::size_t i = 0; i < keys; ++i) {
        if (before[i] == after[i]) continue;
        ++moved;
        ASSERT_EQ(before[i], gone) << "a key of one that stays has moved";
      }
      EXPECT_NEAR(static_cast<double>(moved) / keys, 1.0 / static_cast<double>(count), 0.02) << count;
    }
  }
}

TEST(HashProperty, TheKeysOfOneThatWentSpreadOverAll) {
  const Endpoints endpoints({1, 1, 1, 1});
  const auto before = places(endpoints, 1), after = places(endpoints, 1, {0});
  std::vector<int> took(4);
  for (std::size_t i = 0; i < keys; ++i) {
    if (before[i] == 0) ++took[after[i]];
  }
  for (std::size_t i = 1; i < 4; ++i) EXPECT_NEAR(took[i] / 5000.0, 1.0 / 3, 0.04);
}

TEST(HashProperty, SharesFollowWeights) {
  const std::vector<std::uint32_t> weights{1, 2, 3, 10};
  const Endpoints endpoints(weights);
  std::vector<double> shares(4);
  for (const std::size_t place : places(endpoints, 9)) shares[place] += 1.0 / keys;
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(shares[i], weights[i] / 16.0, 0.015);
}

TEST(HashProperty, AHigherWeightOnlyDrawsKeysToItself) {
  Endpoints endpoints({1, 2, 3});
  const auto before = places(endpoints, 4);
  endpoints.candidate(0).weight = 4;
  const auto after = places(endpoints, 4);
  for (std::size_t i = 0; i < keys; ++i) {
    if (before[i] != after[i]) {
      ASSERT_EQ(after[i], 0u);
    }
  }
}

/// Random picks and releases, keys as uneven as they come: none is chosen above its bound.
TEST(HashProperty, LoadsAreBounded) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Rng rng(seed);
    std::vector<std::uint32_t> weights(2 + rng() % 8);
    for (auto& weight : weights) weight = static_cast<std::uint32_t>(1 + rng() % 4);
    Endpoints endpoints(weights);
    Shared shared;
    std::uint64_t total_weight = 0;
    for (const auto weight : weights) total_weight += weight;
    std::vector<std::size_t> held;
    for (int step = 0; step < 2000; ++step) {
      if (!held.empty() && rng() % 5 < 2) {
        std::swap(held[rng() % held.size()], held.back());
        release(endpoints[held.back()]);
        held.pop_back();
        continue;
      }
      PickRequest request = asking();
      request.key = rng() % 3;
      const std::size_t index = acquire(config::Balance::hash, shared, endpoints.candidates(), request).index;
      held.push_back(index);
      const double fair =
          static_cast<double>(held.size()) * weights[index] / static_cast<double>(total_weight);
      ASSERT_LE(endpoints[index].in_flight, std::max<double>(hash_load_free, 1.25 * fair + 1)) << seed;
    }
  }
}

}  // namespace
}  // namespace weir::balance
