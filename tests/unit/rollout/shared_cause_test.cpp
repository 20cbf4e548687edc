// What both sides share: seen by the comparison side's last seconds against its past.
#include "rollout/shared_cause.hpp"

#include <gtest/gtest.h>

namespace weir::rollout {
namespace {

SideCounts requests(std::uint64_t count, std::uint64_t failed) {
  SideCounts counts;
  counts.requests = count;
  counts.failed = failed;
  counts.latency.add(40, count);
  return counts;
}

TEST(RolloutSharedCause, NeedsFailuresARateAndAPast) {
  const Outcomes past{10'000, 100};
  EXPECT_TRUE(is_shared_cause({100, 30}, past));
  EXPECT_FALSE(is_shared_cause({100, 9}, past)) << "too few";
  EXPECT_FALSE(is_shared_cause({300, 15}, past)) << "5 % exactly";
  EXPECT_TRUE(is_shared_cause({299, 15}, past));
  EXPECT_FALSE(is_shared_cause({100, 30}, {10'000, 750})) << "4 times 7.5 %";
  EXPECT_FALSE(is_shared_cause({100, 30}, {99, 0})) << "nothing to compare with";
  EXPECT_FALSE(is_shared_cause({0, 0}, past));
}

TEST(RolloutSharedCause, SecondsBecomeThePastWhenTheyAreOver) {
  Recent recent;
  for (std::int64_t ms = 0; ms < 20'000; ms += 250) {
    recent.advance(ms, true);
    recent.add(requests(10, 1), true);
  }
  EXPECT_EQ(recent.last_seconds(), (Outcomes{400, 40}));
  EXPECT_EQ(recent.past(), (Outcomes{400, 40}));
  recent.advance(40'000, true);
  EXPECT_EQ(recent.last_seconds(), (Outcomes{0, 0}));
  EXPECT_EQ(recent.past(), (Outcomes{800, 80}));
}

TEST(RolloutSharedCause, AnOutageIsNoPast) {
  Recent recent;
  recent.add(requests(1'000, 1), true);
  recent.advance(20'000, true);
  for (std::int64_t ms = 20'000; ms < 60'000; ms += 1'000) {
    recent.advance(ms, false);
    recent.add(requests(10, 9), false);
  }
  EXPECT_EQ(recent.past(), (Outcomes{1'000, 1}));
  EXPECT_EQ(recent.latency().total(), 1'000u);
  recent.accept_present();
  EXPECT_EQ(recent.last_seconds(), (Outcomes{0, 0}));
  EXPECT_EQ(recent.past(), (Outcomes{100, 90}));
}

TEST(RolloutSharedCause, ThePastIsTenMinutes) {
  Recent recent;
  recent.add(requests(50, 0), true);
  recent.advance(9 * 60'000, true);
  EXPECT_EQ(recent.past().requests, 50u);
  EXPECT_EQ(recent.latency().total(), 50u);
  recent.advance(10 * 60'000, true);
  EXPECT_EQ(recent.past().requests, 0u);
  EXPECT_EQ(recent.latency().total(), 0u);
}

TEST(RolloutSharedCause, ALongGapForgetsAll) {
  Recent recent;
  recent.add(requests(50, 10), true);
  recent.advance(std::int64_t{90} * 24 * 3'600'000, true);
  EXPECT_EQ(recent.last_seconds(), Outcomes{});
  EXPECT_EQ(recent.past(), Outcomes{});
  recent.add(requests(5, 1), true);
  EXPECT_EQ(recent.last_seconds(), (Outcomes{5, 1}));
}

}  // namespace
}  // namespace weir::rollout
