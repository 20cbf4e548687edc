#include "health/window.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace weir::health {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Counts = OutcomeWindow::Counts;

constexpr TimePoint start{seconds(1000)};
constexpr Milliseconds window{8000};  // parts of one second
constexpr std::uint16_t epoch = 7;

class OutcomeWindowTest : public testing::Test {
 protected:
  void record(int successes, int failures, TimePoint now = start) {
    for (int i = 0; i < successes; ++i) outcomes_.record(false, epoch, now, window);
    for (int i = 0; i < failures; ++i) outcomes_.record(true, epoch, now, window);
  }
  Counts counts(TimePoint now = start) const { return outcomes_.counts(epoch, now, window); }

  OutcomeWindow outcomes_;
};

TEST_F(OutcomeWindowTest, StartsEmpty) {
  EXPECT_EQ(counts(), (Counts{0, 0}));
  EXPECT_EQ(counts().percent(), 0u);
}

TEST_F(OutcomeWindowTest, CountsRequestsAndFailures) {
  record(3, 2);
  EXPECT_EQ(counts(), (Counts{5, 2}));
  EXPECT_EQ(counts().percent(), 40u);
}

TEST_F(OutcomeWindowTest, NothingOlderThanTheWindowCounts) {
  record(0, 1);
  EXPECT_EQ(counts(start + milliseconds(7999)).requests, 1u);
  EXPECT_EQ(counts(start + milliseconds(8000)).requests, 0u);
}

TEST_F(OutcomeWindowTest, SevenEighthsOfTheWindowAlwaysCount) {
  record(0, 1, start + milliseconds(999));  // at the end of its part
  EXPECT_EQ(counts(start + milliseconds(7999)).requests, 1u);
  EXPECT_EQ(counts(start + milliseconds(8000)).requests, 0u);
}

TEST_F(OutcomeWindowTest, PartsSlideOneByOne) {
  for (int i = 0; i < 8; ++i) record(1, 1, start + seconds(i));
  EXPECT_EQ(counts(start + seconds(7)), (Counts{16, 8}));
  EXPECT_EQ(counts(start + seconds(10)), (Counts{10, 5}));
  record(1, 0, start + seconds(10));
  EXPECT_EQ(counts(start + seconds(10)), (Counts{11, 5}));
}

TEST_F(OutcomeWindowTest, WhatWasBeforeAnEjectionDoesNotCount) {
  record(0, 5);
  EXPECT_EQ(outcomes_.counts(epoch + 1, start, window), (Counts{0, 0}));
  outcomes_.record(false, epoch + 1, start, window);
  EXPECT_EQ(outcomes_.counts(epoch + 1, start, window), (Counts{1, 0}));
}

TEST_F(OutcomeWindowTest, EpochsWrapAround) {
  for (std::uint32_t e = 65'500; e < 65'600; ++e) {
    const auto now = static_cast<std::uint16_t>(e);
    outcomes_.record(true, now, start, window);
    ASSERT_EQ(outcomes_.counts(now, start, window), (Counts{1, 1})) << e;
  }
}

TEST_F(OutcomeWindowTest, ManyRequestsKeepTheirRate) {
  for (int i = 0; i < 50'000; ++i) record(3, 1);
  EXPECT_GE(counts().requests, 30'000u) << "min_requests may be as high";
  EXPECT_EQ(counts().percent(), 25u);
}

TEST_F(OutcomeWindowTest, AnotherWindowLengthStartsAfresh) {
  record(0, 5);
  EXPECT_EQ(outcomes_.counts(epoch, start, Milliseconds(20'000)), (Counts{0, 0}));
  outcomes_.record(true, epoch, start, Milliseconds(20'000));
  EXPECT_EQ(outcomes_.counts(epoch, start, Milliseconds(20'000)), (Counts{1, 1}));
  EXPECT_EQ(outcomes_.counts(epoch, start + seconds(19), Milliseconds(20'000)).requests, 0u + 1u);
}

TEST_F(OutcomeWindowTest, ClocksBeforeZeroAndTinyWindows) {
  outcomes_.record(true, epoch, TimePoint{seconds(-5)}, Milliseconds(0));
  EXPECT_EQ(outcomes_.counts(epoch, TimePoint{seconds(-4)}, Milliseconds(0)).requests, 1u);
}

TEST(OutcomeWindowRace, NoOutcomeIsLostWithinAPart) {
  for (int round = 0; round < 100; ++round) {
    OutcomeWindow outcomes;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&outcomes, t] {
        for (int i = 0; i < 500; ++i) outcomes.record(t % 2 == 0, epoch, start, window);
      });
    }
    for (std::thread& thread : threads) thread.join();
    ASSERT_EQ(outcomes.counts(epoch, start, window), (Counts{2000, 1000}));
  }
}

}  // namespace
}  // namespace weir::health
