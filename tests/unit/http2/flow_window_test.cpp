#include "http2/flow_window.hpp"

#include <gtest/gtest.h>

namespace weir::http2 {
namespace {

TEST(SendWindow, TakesAndWidens) {
  SendWindow window(100);
  window.take(100);
  EXPECT_EQ(window.sendable(), 0u);
  EXPECT_TRUE(window.widen(1));
  EXPECT_EQ(window.sendable(), 1u);
}

TEST(SendWindow, GoesUpToTheBoundAndNoFurther) {
  SendWindow window(1);
  EXPECT_TRUE(window.widen(window_max - 1));
  EXPECT_FALSE(window.widen(1));
  EXPECT_EQ(window.left(), window_max);
}

TEST(SendWindow, BelowZeroNothingIsSendable) {
  SendWindow window(10);
  window.take(10);
  EXPECT_TRUE(window.widen(-10));  // the initial window shrank to 0
  EXPECT_EQ(window.left(), -10);
  EXPECT_EQ(window.sendable(), 0u);
}

TEST(ReceiveWindow, TakesNoMoreThanItHas) {
  ReceiveWindow window(100);
  EXPECT_FALSE(window.receive(101));
  EXPECT_TRUE(window.receive(100));
  EXPECT_TRUE(window.receive(0));
  EXPECT_FALSE(window.receive(1));
}

TEST(ReceiveWindow, AnnouncesWhenEnoughIsDue) {
  ReceiveWindow window(100);
  ASSERT_TRUE(window.receive(100));
  EXPECT_EQ(window.credit(49, 50), 0u);
  EXPECT_EQ(window.left(), 0);
  EXPECT_EQ(window.credit(11, 50), 60u);
  EXPECT_EQ(window.left(), 60);
  EXPECT_EQ(window.credit(0, 0), 0u);
}

TEST(ReceiveWindow, EmptyFramesPassWhenNarrowedBelowZero) {
  ReceiveWindow window(100);
  ASSERT_TRUE(window.receive(100));
  window.narrow(50);
  EXPECT_EQ(window.left(), -50);
  EXPECT_TRUE(window.receive(0));
  EXPECT_FALSE(window.receive(1));
}

}  // namespace
}  // namespace weir::http2
