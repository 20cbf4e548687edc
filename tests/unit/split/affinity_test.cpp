// Whose side a client is on: the same for ever, and in proportion.
#include "split/affinity.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

namespace weir::split {
namespace {

using Names = std::vector<std::string_view>;
using Weights = std::vector<std::uint32_t>;

std::string sides(const Affinity& affinity, const Weights& weights, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) {
    all += static_cast<char>('a' + static_cast<int>(affinity.pick("client-" + std::to_string(i), weights)));
  }
  return all;
}

TEST(SplitAffinity, StaysAsItIsForEver) {
  // Written down once: another result would move the clients of every running split.
  const Affinity affinity("api", Names{"blue", "green"});
  EXPECT_EQ(sides(affinity, {50, 50}, 32), "bbaaaabbaabaaaabbbaaaabbbbabaabb");
  const Affinity three("web", Names{"blue", "green", "red"});
  EXPECT_EQ(sides(three, {50, 30, 20}, 32), "abaaaabcaaabaacaabbbbaacbbcaabaa");
}

TEST(SplitAffinity, TheSaltDividesAnew) {
  const Affinity api("api", Names{"blue", "green"}), web("web", Names{"blue", "green"});
  const std::string one = sides(api, {1, 1}, 1000), other = sides(web, {1, 1}, 1000);
  int same = 0;
  for (std::size_t i = 0; i < one.size(); ++i) same += one[i] == other[i] ? 1 : 0;
  EXPECT_NEAR(same, 500, 80);
}

TEST(SplitAffinity, TheOrderOfTargetsDoesNotMatter) {
  const Affinity one("api", Names{"blue", "green", "red"}), other("api", Names{"red", "blue", "green"});
  const Weights weights{50, 30, 20}, moved{20, 50, 30};
  for (int i = 0; i < 1000; ++i) {
    const std::string key = std::to_string(i);
    EXPECT_EQ(other.pick(key, moved), (one.pick(key, weights) + 1) % 3);
  }
}

TEST(SplitAffinity, OnlyTheRatioCounts) {
  const Affinity affinity("api", Names{"blue", "green"});
  EXPECT_EQ(sides(affinity, {9, 1}, 1000), sides(affinity, {900'000, 100'000}, 1000));
}

TEST(SplitAffinity, SharesFollowWeights) {
  const Affinity affinity("api", Names{"blue", "green", "red"});
  const Weights weights{70, 25, 5};
  std::vector<double> seen(3);
  constexpr int clients = 100'000;
  for (int i = 0; i < clients; ++i) ++seen[affinity.pick("10.0." + std::to_string(i), weights)];
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(seen[i] / clients, weights[i] / 100.0, 0.006);
}

TEST(SplitAffinity, WithoutOneOfThemOnlyItsClientsMove) {
  const Affinity affinity("api", Names{"blue", "green", "red"});
  const Weights weights{50, 30, 20};
  for (int i = 0; i < 5000; ++i) {
    const std::string key = std::to_string(i);
    const std::size_t before = affinity.pick(key, weights), after = affinity.pick(key, weights, 0b101);
    EXPECT_NE(after, 1u);
    if (before != 1) {
      EXPECT_EQ(before, after);
    }
  }
}

TEST(SplitAffinity, WeightZeroGetsNoClient) {
  const Affinity affinity("api", Names{"blue", "green"});
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(affinity.pick(std::to_string(i), Weights{0, 1}), 1u);
  EXPECT_EQ(affinity.pick("x", Weights{0, 0}), none);
  EXPECT_EQ(affinity.pick("x", Weights{1, 1}, 0), none);
}

TEST(SplitAffinity, ExponentialIsTheLogarithm) {
  for (const std::uint64_t bits :
       {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{12345}, std::uint64_t{1} << 40,
        (std::uint64_t{3} << 61) + 99, ~std::uint64_t{0}, std::uint64_t{0}}) {
    const double expected = 64 - std::log2(static_cast<double>(bits | 1));
    EXPECT_NEAR(static_cast<double>(exponential(bits)) / 4294967296.0, expected, 1e-8) << bits;
    EXPECT_GE(exponential(bits), 1u);
  }
}

}  // namespace
}  // namespace weir::split
