#include "observe/line_throttle.hpp"

#include <gtest/gtest.h>

namespace weir::observe {
namespace {

using std::chrono::milliseconds;

const TimePoint start{std::chrono::seconds{100}};

TEST(LineThrottle, OneAnIntervalPasses) {
  LineThrottle throttle;
  EXPECT_EQ(throttle.admit(start), 0U);
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(throttle.admit(start + milliseconds{i}));
  EXPECT_EQ(throttle.admit(start + LineThrottle::interval), 1000U);
}

TEST(LineThrottle, WhatWasCountedIsNotCountedAgain) {
  LineThrottle throttle;
  EXPECT_EQ(throttle.admit(start), 0U);
  EXPECT_FALSE(throttle.admit(start));
  EXPECT_EQ(throttle.admit(start + LineThrottle::interval), 1U);
  EXPECT_EQ(throttle.admit(start + 2 * LineThrottle::interval), 0U);
}

}  // namespace
}  // namespace weir::observe
