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

}  // namespace
}  // namespace weir::relay
