// The token bucket against its definition: exact rational arithmetic, and the bound over every window.
#include <gtest/gtest.h>

#include <vector>

#include "core/rng.hpp"
#include "limit/bucket.hpp"

namespace weir::limit {
namespace {

__extension__ using Wide = __int128;

constexpr Nanoseconds second = 1'000'000'000;
constexpr int schedules = 300;
constexpr int arrivals = 400;

/// A bucket that counts tokens, as fractions with the denominator `period`: what the definition says, literally.
class Definition {
 public:
  Definition(std::uint64_t count, Nanoseconds period, std::uint64_t burst)
      : count_(count), full_(Wide{burst} * period), period_(period), tokens_(full_) {}
  bool take(Nanoseconds now) {
    tokens_ = std::min(full_, tokens_ + Wide{now - last_} * count_);
    last_ = now;
    if (tokens_ < Wide{period_}) return false;
    tokens_ -= period_;
    return true;
  }
  std::uint64_t whole_tokens() const { return static_cast<std::uint64_t>(tokens_ / period_); }

 private:
  Wide count_, full_;
  Nanoseconds period_;
  Wide tokens_;
  Nanoseconds last_ = 0;
};

struct Case {
  std::uint64_t count, burst;
  Nanoseconds period;
};

Case random_case(Rng& rng) {
  constexpr Nanoseconds periods[] = {second, 60 * second, 3600 * second, 86'400 * second};
  constexpr std::uint64_t counts[] = {1, 3, 7, 10, 11, 60, 600, 997, 65'537, 999'999'937};
  return {counts[rng() % std::size(counts)], 1 + rng() % 30, periods[rng() % std::size(periods)]};
}

/// The next arrival: at once, around one token's time, or after a long pause.
Nanoseconds step(Rng& rng, const Case& about) {
  const Nanoseconds token = about.period / about.count + 1;
  switch (rng() % 6) {
    case 0:
    case 1:
      return 0;
    case 2:
      return rng() % 3 + token - 1;
    case 3:
      return rng() % (2 * token);
    case 4:
      return rng() % token;
    default:
      return rng() % (about.burst * token * 2);
  }
}

TEST(LimitProperty, DecidesAsTheDefinitionDoes) {
  for (std::uint64_t seed = 0; seed < schedules; ++seed) {
    Rng rng(seed);
    const Case about = random_case(rng);
    const auto bucket = TokenBucket::make(about.count, std::chrono::nanoseconds(about.period), about.burst);
    ASSERT_TRUE(bucket);
    Definition definition(about.count, about.period, about.burst);
    FullAt state;
    Nanoseconds now = second + rng() % second;
    for (int i = 0; i < arrivals; ++i) {
      now += step(rng, about);
      const bool expected = definition.take(now);
      ASSERT_EQ(bucket->admits(state, now), expected) << "seed " << seed << " arrival " << i;
      if (expected) state = bucket->take(state, now);
      ASSERT_EQ(bucket->tokens(state, now), definition.whole_tokens()) << "seed " << seed << " arrival " << i;
    }
  }
}

TEST(LimitProperty, NeverMoreThanRateTimesWindowPlusBurstInAnyWindow) {
  for (std::uint64_t seed = 1'000; seed < 1'000 + schedules; ++seed) {
    Rng rng(seed);
    const Case about = random_case(rng);
    const auto bucket = TokenBucket::make(about.count, std::chrono::nanoseconds(about.period), about.burst);
    FullAt state;
    Nanoseconds now = second;
    std::vector<Nanoseconds> admitted;
    for (int i = 0; i < arrivals; ++i) {
      now += step(rng, about);
      if (!bucket->admits(state, now)) continue;
      state = bucket->take(state, now);
      admitted.push_back(now);
    }
    for (std::size_t first = 0; first < admitted.size(); ++first) {
      for (std::size_t last = first; last < admitted.size(); ++last) {
        const Wide window = admitted[last] - admitted[first];
        ASSERT_LE(Wide{last - first + 1} * about.period,
                  window * about.count + Wide{about.burst} * about.period)
            << "seed " << seed;
      }
    }
  }
}

TEST(LimitProperty, WhatIsLeftOfAWaitIsExact) {
  for (std::uint64_t seed = 2'000; seed < 2'000 + schedules; ++seed) {
    Rng rng(seed);
    const Case about = random_case(rng);
    const auto bucket = TokenBucket::make(about.count, std::chrono::nanoseconds(about.period), about.burst);
    FullAt state;
    Nanoseconds now = second;
    for (int i = 0; i < arrivals; ++i) {
      now += step(rng, about);
      if (bucket->admits(state, now)) state = bucket->take(state, now);
      const std::uint64_t held = bucket->tokens(state, now);
      const Nanoseconds wait = bucket->until_next(state, now);
      if (wait == 0) {
        ASSERT_EQ(held, about.burst) << "seed " << seed;
        continue;
      }
      ASSERT_EQ(bucket->tokens(state, now + wait - 1), held) << "seed " << seed;
      ASSERT_GT(bucket->tokens(state, now + wait), held) << "seed " << seed;
    }
  }
}

TEST(LimitProperty, AChangedRateAdmitsNothingForFree) {
  for (std::uint64_t seed = 3'000; seed < 3'000 + schedules; ++seed) {
    Rng rng(seed);
    const Case one = random_case(rng), other = random_case(rng);
    const auto before = TokenBucket::make(one.count, std::chrono::nanoseconds(one.period), one.burst);
    const auto after = TokenBucket::make(other.count, std::chrono::nanoseconds(other.period), other.burst);
    FullAt state;
    const Nanoseconds now = second;
    for (std::uint64_t i = rng() % (one.burst + 1); i > 0; --i) state = before->take(state, now);
    const FullAt carried = before->carry_over(state, now, *after);
    const std::uint64_t held = before->tokens(state, now);
    // Rounded towards empty, by less than a token.
    ASSERT_LE(after->tokens(carried, now), held * other.burst / one.burst) << "seed " << seed;
    ASSERT_GE(after->tokens(carried, now) + 1, held * other.burst / one.burst) << "seed " << seed;
    ASSERT_EQ(after->is_full(carried, now), held == one.burst) << "seed " << seed;
  }
}

}  // namespace
}  // namespace weir::limit
