// Numbers in one and two bytes: what comes out is what went in, within what is promised.
#include "observe/packed.hpp"

#include <gtest/gtest.h>

#include <random>

namespace weir::observe {
namespace {

TEST(PackedCount, IsExactForSmallCountsAndNearForLargeOnes) {
  EXPECT_FALSE(PackedCount().value());
  for (std::uint64_t count = 0; count <= 2047; ++count) EXPECT_EQ(PackedCount(count).value(), count);
  std::mt19937_64 random(7);
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t count = random() >> (23 + random() % 40);
    const auto back = PackedCount(count).value();
    ASSERT_TRUE(back);
    EXPECT_NEAR(static_cast<double>(*back), static_cast<double>(count), static_cast<double>(count) * 0.0005)
        << count;
  }
}

TEST(PackedCount, WhatIsTooLargeIsTheLargest) {
  const std::uint64_t largest = std::uint64_t{2047} << 30;
  EXPECT_EQ(PackedCount(largest).value(), largest);
  EXPECT_EQ(PackedCount(UINT64_MAX).value(), largest);
}

TEST(PackedCount, RoundsUpOverAPowerOfTwo) {
  EXPECT_EQ(PackedCount(4095).value(), 4096u);
  EXPECT_EQ(PackedCount((std::uint64_t{1} << 20) - 1).value(), std::uint64_t{1} << 20);
}

TEST(PackedSeconds, IsNearInsideItsRangeAndItsEndOutside) {
  EXPECT_FALSE(PackedSeconds().value());
  for (double seconds = 0.0001; seconds <= 10; seconds *= 1.013) {
    const auto back = PackedSeconds(seconds).value();
    ASSERT_TRUE(back);
    EXPECT_NEAR(*back, seconds, seconds * 0.024) << seconds;
  }
  EXPECT_NEAR(*PackedSeconds(0).value(), 0.0001, 1e-9);
  EXPECT_NEAR(*PackedSeconds(3600).value(), 10, 1e-9);
}

}  // namespace
}  // namespace weir::observe
