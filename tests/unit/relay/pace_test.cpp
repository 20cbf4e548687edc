#include "relay/pace.hpp"

#include <gtest/gtest.h>

namespace weir::relay {
namespace {

using namespace std::chrono_literals;

const TimePoint start{1000s};

TEST(Pace, WithoutARateAnyWillDo) {
  Pace pace(0, 10s);
  EXPECT_EQ(pace.due(start), TimePoint::max());
  EXPECT_TRUE(pace.note(0, 1h));
}

TEST(Pace, IsJudgedAfterAWindowOfWaiting) {
  Pace pace(1000, 10s);
  EXPECT_EQ(pace.due(start), start + 10s);
  EXPECT_TRUE(pace.note(100, 4s));
  EXPECT_EQ(pace.due(start), start + 6s);
  EXPECT_FALSE(pace.note(100, 6s));
}

TEST(Pace, EnoughBytesBeginANewWindow) {
  Pace pace(1000, 10s);
  EXPECT_TRUE(pace.note(10'000, 10s));
  EXPECT_EQ(pace.due(start), start + 10s);
  EXPECT_FALSE(pace.note(9'999, 10s)) << "what came before is over";
}

TEST(Pace, TimeThatWasNotWaitedDoesNotCount) {
  Pace pace(1000, 10s);
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(pace.note(1, 0s));
  EXPECT_EQ(pace.due(start), start + 10s);
}

TEST(Pace, ALongWaitNeedsMoreBytes) {
  Pace pace(1000, 10s);
  EXPECT_FALSE(pace.note(15'000, 20s));
  Pace other(1000, 10s);
  EXPECT_TRUE(other.note(20'000, 20s));
}

TEST(Pace, LargeRatesDoNotWrap) {
  Pace pace(1ULL << 53, 10s);
  EXPECT_FALSE(pace.note(1ULL << 60, 1'000'000s));
}

TEST(TakenPace, WhatWasPlacedInBuffersBeforeTheWaitDoesNotCount) {
  TakenPace pace(1000, 10s);
  pace.begin_wait(5'000'000);
  EXPECT_FALSE(pace.end_wait(5'000'100, 10s));
}

TEST(TakenPace, ASideThatTakesWithoutMakingRoomKeepsItsPace) {
  TakenPace pace(1000, 10s);
  for (int i = 0; i < 5; ++i) {
    pace.begin_wait(static_cast<std::uint64_t>(i) * 200'000);
    EXPECT_TRUE(pace.end_wait(static_cast<std::uint64_t>(i + 1) * 200'000, 10s)) << i;
  }
}

TEST(TakenPace, WaitsOfSeveralWritesAddUp) {
  TakenPace pace(1000, 10s);
  for (int i = 0; i < 9; ++i) {
    pace.begin_wait(static_cast<std::uint64_t>(i) * 10);
    EXPECT_TRUE(pace.end_wait(static_cast<std::uint64_t>(i + 1) * 10, 1s));
  }
  pace.begin_wait(90);
  EXPECT_FALSE(pace.end_wait(100, 1s));
}

TEST(TakenPace, ANewWindowBeginsWithItsOwnFirstWait) {
  TakenPace pace(1000, 10s);
  pace.begin_wait(0);
  EXPECT_TRUE(pace.end_wait(1'000'000, 10s));
  pace.begin_wait(90'000'000);  // taken at once, without a wait
  EXPECT_FALSE(pace.end_wait(90'000'100, 10s));
}

/// Looks once a second; `taken` bytes at the first of `seconds` looks, then none. The last verdict.
bool take_then_stop(TakenPace& pace, std::uint64_t& all, std::uint64_t taken, int seconds) {
  bool good = true;
  for (int i = 0; i < seconds && good; ++i) {
    pace.begin_wait(all);
    if (i == 0) all += taken;
    good = pace.end_wait(all, 1s);
  }
  return good;
}

TEST(TakenPace, SilenceHasNoVerdict) {
  TakenPace pace(1000, 10s);
  std::uint64_t all = 0;
  EXPECT_TRUE(take_then_stop(pace, all, 0, 100)) << "from the beginning";
  EXPECT_TRUE(take_then_stop(pace, all, 1, 100)) << "nor after a byte";
}

TEST(TakenPace, ASilenceShorterThanAWindowCounts) {
  TakenPace pace(1000, 10s);
  std::uint64_t all = 0;
  EXPECT_TRUE(take_then_stop(pace, all, 1, 9));
  EXPECT_TRUE(take_then_stop(pace, all, 0, 1));
  EXPECT_FALSE(take_then_stop(pace, all, 10'998, 1)) << "a byte less than 11 s ask for";
}

TEST(TakenPace, OneThatTakesAByteNowAndThenIsTooSlow) {
  TakenPace pace(1000, 10s);
  std::uint64_t all = 0;
  EXPECT_TRUE(take_then_stop(pace, all, 1, 6));
  EXPECT_TRUE(take_then_stop(pace, all, 1, 6));
  EXPECT_FALSE(take_then_stop(pace, all, 1, 6));
}

TEST(TakenPace, APauseOfAWindowIsNoPace) {
  TakenPace pace(1000, 10s);
  std::uint64_t all = 0;
  EXPECT_TRUE(take_then_stop(pace, all, 100, 50));
  for (int i = 0; i < 40; ++i) EXPECT_TRUE(take_then_stop(pace, all, 1000, 1)) << i;
  for (int i = 0; i < 9; ++i) EXPECT_TRUE(take_then_stop(pace, all, 10, 1)) << i;
}

TEST(TakenPace, IsLookedAtSeveralTimesAWindow) {
  EXPECT_EQ(TakenPace(1000, 8s).look_interval(), 1s);
  EXPECT_EQ(TakenPace(0, 8s).look_interval(), Duration::max());
}

TEST(TakenPace, WithoutARateAnyWillDo) {
  TakenPace pace(0, 10s);
  pace.begin_wait(0);
  EXPECT_TRUE(pace.end_wait(0, 1h));
}

}  // namespace
}  // namespace weir::relay
