// Turns by weight: exact over a cycle, smooth within it.
#include "split/weights.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace weir::split {
namespace {

std::string cycle(const std::vector<std::uint32_t>& weights, Mask allowed = everyone,
                  std::uint64_t from = 0) {
  std::string order;
  const std::uint64_t total = total_weight(weights, allowed);
  for (std::uint64_t turn = from; turn < from + total; ++turn) {
    order += static_cast<char>('a' + static_cast<int>(pick_by_turn(weights, allowed, turn)));
  }
  return order;
}

std::size_t longest_run(const std::string& order, char of) {
  std::size_t longest = 0, run = 0;
  for (const char c : order + order) {
    run = c == of ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return longest;
}

TEST(SplitWeights, EqualWeightsRotate) {
  EXPECT_EQ(cycle({1, 1}), "ba");
  const std::string three = cycle({5, 5, 5});
  for (std::size_t i = 0; i + 1 < three.size(); ++i) EXPECT_NE(three[i], three[i + 1]) << three;
}

TEST(SplitWeights, EachComesExactlyItsWeight) {
  for (const auto& weights : std::vector<std::vector<std::uint32_t>>{
           {90, 10}, {95, 5}, {1, 2, 3}, {7, 0, 3}, {1}, {3, 3, 1, 9}, {100, 1, 1}}) {
    for (const std::uint64_t from : {0u, 1u, 17u}) {
      const std::string order = cycle(weights, everyone, from);
      for (std::size_t i = 0; i < weights.size(); ++i) {
        EXPECT_EQ(std::ranges::count(order, static_cast<char>('a' + static_cast<int>(i))), weights[i])
            << order;
      }
    }
  }
}

TEST(SplitWeights, NoLongRuns) {
  EXPECT_EQ(longest_run(cycle({90, 10}), 'a'), 9u);
  EXPECT_EQ(longest_run(cycle({90, 10}), 'b'), 1u);
  EXPECT_LE(longest_run(cycle({70, 30}), 'a'), 3u);
  EXPECT_EQ(longest_run(cycle({50, 50}), 'a'), 1u);
  EXPECT_LE(longest_run(cycle({80, 10, 10}), 'a'), 9u);
  EXPECT_EQ(longest_run(cycle({80, 10, 10}), 'b'), 1u);
}

TEST(SplitWeights, OnlyThoseAllowed) {
  EXPECT_EQ(cycle({1, 1, 1}, 0b101), "ca");
  EXPECT_EQ(pick_by_turn(std::vector<std::uint32_t>{1, 0}, 0b10, 3), none);
  EXPECT_EQ(pick_by_turn(std::vector<std::uint32_t>{0, 0}, everyone, 3), none);
  EXPECT_EQ(pick_by_turn(std::vector<std::uint32_t>{}, everyone, 3), none);
}

TEST(SplitWeights, LargeWeightsDoNotOverflow) {
  const std::vector<std::uint32_t> weights(config::split_targets_max, config::split_weight_max);
  std::vector<int> seen(weights.size());
  for (std::uint64_t turn = ~std::uint64_t{0} - 1599; turn != 0; ++turn)
    ++seen[pick_by_turn(weights, everyone, turn)];
  for (const int count : seen) EXPECT_NEAR(count, 100, 1);
}

}  // namespace
}  // namespace weir::split
