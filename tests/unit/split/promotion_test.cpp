#include "split/promotion.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::split {
namespace {

using ::testing::HasSubstr;

std::size_t side(const NamedWeights& configured, const NamedWeights& in_force) {
  const auto found = new_side(configured, in_force);
  const auto* const why = std::get_if<std::string>(&found);
  EXPECT_EQ(why, nullptr) << (why != nullptr ? *why : "");
  return why != nullptr ? 99 : std::get<std::size_t>(found);
}

std::string refusal(const NamedWeights& configured, const NamedWeights& in_force) {
  const auto found = new_side(configured, in_force);
  const auto* const why = std::get_if<std::string>(&found);
  EXPECT_NE(why, nullptr);
  return why != nullptr ? *why : "";
}

const NamedWeights file{{"blue", 100}, {"green", 0}};

TEST(Promotion, OfTwoTheNewSideIsThatWhichTheFileGivesNothing) {
  EXPECT_EQ(side(file, file), 1u);
  EXPECT_EQ(side(file, {{"blue", 90}, {"green", 10}}), 1u);
  EXPECT_EQ(side(file, {{"blue", 1}, {"green", 99}}), 1u) << "a step back is no other side";
  EXPECT_EQ(side({{"blue", 0}, {"green", 5}}, {{"blue", 1}, {"green", 1}}), 0u);
}

TEST(Promotion, OfThreeItIsTheOnlyOtherOneWithWeight) {
  const NamedWeights three{{"blue", 100}, {"green", 0}, {"red", 0}};
  EXPECT_EQ(side(three, {{"blue", 90}, {"green", 0}, {"red", 10}}), 2u);
  EXPECT_THAT(refusal(three, three), HasSubstr("no side has weight beside blue"));
  EXPECT_THAT(refusal(three, {{"blue", 80}, {"green", 10}, {"red", 10}}),
              HasSubstr("more than one side has weight beside blue (blue=80 green=10 red=10)"));
}

TEST(Promotion, AFileThatGivesWeightToSeveralDoesNotSayWhichIsNew) {
  EXPECT_THAT(refusal({{"blue", 90}, {"green", 10}}, {{"blue", 90}, {"green", 10}}), HasSubstr("--to"));
}

// With blue and green in turn the next promotion is of the other side: nothing must be guessed.
TEST(Promotion, WhatHasEverythingIsNotPromotedAgain) {
  EXPECT_THAT(refusal(file, {{"blue", 0}, {"green", 100}}), HasSubstr("green has everything already"));
}

TEST(Promotion, AllToOne) {
  EXPECT_EQ(all_to(file, 1), (NamedWeights{{"blue", 0}, {"green", 100}}));
  EXPECT_EQ(all_to({{"a", 1}, {"b", 2}, {"c", 3}}, 0), (NamedWeights{{"a", 100}, {"b", 0}, {"c", 0}}));
}

}  // namespace
}  // namespace weir::split
