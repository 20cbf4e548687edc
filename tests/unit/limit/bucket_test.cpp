#include "limit/bucket.hpp"

#include <gtest/gtest.h>

namespace weir::limit {
namespace {

using namespace std::chrono_literals;

constexpr Nanoseconds second = 1'000'000'000;
constexpr Nanoseconds start = 5'000 * second;

TokenBucket bucket(std::uint64_t count, std::chrono::nanoseconds period, std::uint64_t burst) {
  const auto made = TokenBucket::make(count, period, burst);
  EXPECT_TRUE(made) << count << " in " << period.count() << ", burst " << burst;
  return made.value_or(TokenBucket());
}

/// Sends until one is refused; how many passed.
std::uint64_t drain(const TokenBucket& bucket, FullAt& state, Nanoseconds now) {
  std::uint64_t passed = 0;
  for (; bucket.admits(state, now); ++passed) state = bucket.take(state, now);
  return passed;
}

TEST(Bucket, ANewKeySendsTheBurstAtOnceAndThenTheRate) {
  const TokenBucket ten = bucket(10, 1s, 20);
  FullAt state;
  EXPECT_EQ(drain(ten, state, start), 20u);
  EXPECT_EQ(drain(ten, state, start + second / 10 - 1), 0u);
  EXPECT_EQ(drain(ten, state, start + second / 10), 1u);
  EXPECT_EQ(drain(ten, state, start + second), 9u);
  EXPECT_EQ(drain(ten, state, start + 100 * second), 20u);  // never more than the burst
}

TEST(Bucket, RatesThatDoNotDivideANanosecondDoNotDrift) {
  for (const std::uint64_t count : {3ULL, 7ULL, 999'999'937ULL}) {
    const TokenBucket odd = bucket(count, 1s, 1);
    FullAt state;
    std::uint64_t passed = drain(odd, state, start);
    EXPECT_EQ(passed, 1u);
    Nanoseconds now = start;
    for (std::uint64_t i = 1; i <= 10'000; ++i) {
      // The i-th further token is there at exactly i / count seconds, rounded up to a nanosecond.
      const Nanoseconds due = start + (i * second + count - 1) / count;
      if (due > now + 1) {
        EXPECT_FALSE(odd.admits(state, due - 1)) << i;
      }
      ASSERT_TRUE(odd.admits(state, due)) << i << " at " << count;
      state = odd.take(state, due);
      if (count > 1'000) break;  // tokens come faster than nanoseconds pass: the next line is what holds
      now = due;
      // What was lost to rounding up to whole nanoseconds comes back: nothing was lost from the state.
      state = FullAt{start, 0};
      for (std::uint64_t taken = 0; taken <= i; ++taken) state = odd.take(state, start);
    }
  }
}

TEST(Bucket, SlowRates) {
  const TokenBucket hourly = bucket(1, 1h, 2);
  FullAt state;
  EXPECT_EQ(drain(hourly, state, start), 2u);
  EXPECT_EQ(seconds_of(hourly.until_next(state, start)), 3600u);
  EXPECT_EQ(seconds_of(hourly.until_next(state, start + 1)), 3600u);
  EXPECT_EQ(seconds_of(hourly.until_next(state, start + second)), 3599u);
  EXPECT_FALSE(hourly.admits(state, start + 3600 * second - 1));
  EXPECT_TRUE(hourly.admits(state, start + 3600 * second));
}

TEST(Bucket, SaysHowManyTokensAreThere) {
  const TokenBucket ten = bucket(10, 1s, 20);
  FullAt state;
  EXPECT_EQ(ten.tokens(state, start), 20u);
  EXPECT_EQ(ten.until_next(state, start), 0u);
  state = ten.take(state, start);
  EXPECT_EQ(ten.tokens(state, start), 19u);
  EXPECT_EQ(ten.until_next(state, start), second / 10);
  EXPECT_EQ(ten.tokens(state, start + second / 10), 20u);
  EXPECT_TRUE(ten.is_full(state, start + second / 10));
  drain(ten, state, start);
  EXPECT_EQ(ten.tokens(state, start), 0u);
  EXPECT_EQ(ten.tokens(state, start + second / 2), 5u);
  EXPECT_EQ(ten.until_next(state, start + second / 2 + 1), second / 10 - 1);
  EXPECT_EQ(ten.fill_time(), 2 * second);
}

TEST(Bucket, AClockThatIsABitBehindTakesNothingAway) {
  const TokenBucket ten = bucket(10, 1s, 1);
  FullAt state = ten.take({}, start + 50);
  EXPECT_FALSE(ten.admits(state, start));
  EXPECT_EQ(ten.tokens(state, start), 0u);
  EXPECT_EQ(ten.until_next(state, start), second / 10 + 50);
}

TEST(Bucket, OneThatWaitsForRetryAfterIsAdmitted) {
  for (const std::uint64_t count : {1ULL, 3ULL, 7ULL, 60ULL, 1'000ULL, 999'999'937ULL}) {
    for (const auto period : {1s, 60s, 3600s}) {
      const TokenBucket odd = bucket(count, period, 3);
      FullAt state;
      Nanoseconds now = start;
      for (int i = 0; i < 50; ++i) {
        drain(odd, state, now);
        const Nanoseconds exact = odd.until_next(state, now);
        ASSERT_GT(exact, 0u);
        EXPECT_FALSE(odd.admits(state, now + exact - 1)) << count;
        EXPECT_TRUE(odd.admits(state, now + exact)) << count;
        now += seconds_of(exact) * second;
        ASSERT_TRUE(odd.admits(state, now));
        now += 12'345;
      }
    }
  }
}

TEST(Bucket, Bounds) {
  EXPECT_FALSE(TokenBucket::make(0, 1s, 1));
  EXPECT_FALSE(TokenBucket::make(1, 1s, 0));
  EXPECT_FALSE(TokenBucket::make(1, 0s, 1));
  EXPECT_FALSE(TokenBucket::make(TokenBucket::count_max + 1, 1s, 1));
  EXPECT_FALSE(TokenBucket::make(1, 1s, TokenBucket::burst_max + 1));
  EXPECT_FALSE(TokenBucket::make(1, 24h, 3'651));
  EXPECT_TRUE(TokenBucket::make(1, 24h, 3'650));
  EXPECT_EQ(bucket(1, 1s, 5), bucket(60, 60s, 5));
  EXPECT_FALSE(bucket(1, 1s, 5) == bucket(1, 1s, 6));
}

TEST(Bucket, TheLargestNumbersDoNotOverflow) {
  const TokenBucket large = bucket(TokenBucket::count_max - 7, 24h, TokenBucket::burst_max);
  FullAt state;
  for (int i = 0; i < 1'000; ++i) state = large.take(state, start);
  EXPECT_EQ(large.tokens(state, start), TokenBucket::burst_max - 1'000);
  const TokenBucket slow = bucket(1, 24h, 3'650);
  FullAt slow_state;
  EXPECT_EQ(drain(slow, slow_state, start), 3'650u);
  const FullAt carried = slow.carry_over(slow_state, start, large);
  EXPECT_EQ(large.tokens(carried, start), 0u);
  EXPECT_EQ(slow.tokens(large.carry_over(carried, start, slow), start), 0u);
}

TEST(Bucket, AChangeKeepsTheFillLevelInProportion) {
  const TokenBucket before = bucket(10, 1s, 20), wider = bucket(7, 60s, 100), narrower = bucket(100, 1s, 4);
  EXPECT_EQ(before.carry_over({}, start, wider), FullAt{});
  FullAt state;
  for (std::uint64_t taken = 1; taken <= 20; ++taken) {
    state = before.take(state, start);
    EXPECT_EQ(wider.tokens(before.carry_over(state, start, wider), start), (20 - taken) * 5) << taken;
    EXPECT_EQ(narrower.tokens(before.carry_over(state, start, narrower), start), (20 - taken) / 5) << taken;
  }
  // A second later ten are back, whatever the rate is now.
  EXPECT_EQ(wider.tokens(before.carry_over(state, start + second, wider), start + second), 50u);
}

}  // namespace
}  // namespace weir::limit
