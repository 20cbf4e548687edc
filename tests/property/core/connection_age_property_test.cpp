// The ages of connections over random times and turns: never out of their bounds, and never many at once.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "core/connection_age.hpp"
#include "core/rng.hpp"

namespace weir {
namespace {

constexpr int rounds = 2'000;
constexpr std::size_t parts = 100;  // of the fifth in which a crowd of connections ends

TimePoint some_time(Rng& rng) {
  return TimePoint{} + std::chrono::nanoseconds(rng() % (std::uint64_t{1} << 58));
}

/// From a millisecond to ten years, each order of size as likely as another.
Milliseconds some_age(Rng& rng) {
  constexpr std::uint64_t years = std::uint64_t{10} * 365 * 86'400'000;
  return Milliseconds(static_cast<std::int64_t>(1 + (years >> (rng() % 38)) * (rng() % 1'000) / 1'000));
}

/// How many of `ages` lie in each part of the fifth around `opened + age`.
std::vector<std::size_t> spread(const std::vector<TimePoint>& ages, TimePoint opened, Milliseconds age) {
  std::vector<std::size_t> counts(parts);
  const TimePoint first = opened + age - age / 10;
  const Duration part = Duration(age / 5) / parts;
  for (const TimePoint at : ages) {
    const auto index = static_cast<std::size_t>((at - first) / part);
    ++counts[std::min(index, parts - 1)];
  }
  return counts;
}

TEST(ConnectionAgeProperty, IsWithinATenthOfWhatWasAskedFor) {
  Rng rng(1);
  for (int i = 0; i < rounds; ++i) {
    const TimePoint opened = some_time(rng);
    const Milliseconds age = some_age(rng);
    const auto turn = static_cast<std::uint32_t>(rng());
    const TimePoint at = ages_at(opened, age, turn);
    ASSERT_GE(at, opened + age - age / 10) << age.count() << " ms, turn " << turn;
    ASSERT_LE(at, opened + age + age / 10) << age.count() << " ms, turn " << turn;
  }
}

TEST(ConnectionAgeProperty, IsTheSameEachTime) {
  Rng rng(2);
  for (int i = 0; i < rounds; ++i) {
    const TimePoint opened = some_time(rng);
    const Milliseconds age = some_age(rng);
    const auto turn = static_cast<std::uint32_t>(rng());
    ASSERT_EQ(ages_at(opened, age, turn), ages_at(opened, age, turn));
    ASSERT_EQ(ages_at(opened + Milliseconds(7), age, turn), ages_at(opened, age, turn) + Milliseconds(7));
  }
}

/// Turns in a row, wherever they begin: each hundredth of the fifth gets its share, give or take a few.
TEST(ConnectionAgeProperty, ARowOfTurnsLeavesNoCrowd) {
  Rng rng(3);
  const Milliseconds age{3'600'000};
  for (int round = 0; round < 50; ++round) {
    const TimePoint opened = some_time(rng);
    const auto first = static_cast<std::uint32_t>(rng());
    constexpr std::uint32_t connections = 10'000;
    std::vector<TimePoint> ages;
    for (std::uint32_t i = 0; i < connections; ++i) ages.push_back(ages_at(opened, age, first + i));
    for (const std::size_t count : spread(ages, opened, age)) {
      ASSERT_GE(count, connections / parts - 5) << first;
      ASSERT_LE(count, connections / parts + 5) << first;
    }
  }
}

/// Random turns, as clients' connections have them: 100 a part, six standard deviations are 60.
TEST(ConnectionAgeProperty, RandomTurnsLeaveNoCrowd) {
  Rng rng(4);
  const Milliseconds age{3'600'000};
  for (int round = 0; round < 50; ++round) {
    const TimePoint opened = some_time(rng);
    std::vector<TimePoint> ages;
    for (int i = 0; i < 10'000; ++i) ages.push_back(ages_at(opened, age, static_cast<std::uint32_t>(rng())));
    for (const std::size_t count : spread(ages, opened, age))
      ASSERT_NEAR(static_cast<double>(count), 100, 60);
  }
}

/// The first connections of many pools, which all begin at turns of their own.
TEST(ConnectionAgeProperty, FirstConnectionsOfManyPoolsLeaveNoCrowd) {
  Rng rng(5);
  const Milliseconds age{3'600'000};
  const TimePoint opened = some_time(rng);
  std::vector<TimePoint> ages;
  for (int pool = 0; pool < 1'000; ++pool) {
    const auto first = static_cast<std::uint32_t>(rng());
    for (std::uint32_t i = 0; i < 10; ++i) ages.push_back(ages_at(opened, age, first + i));
  }
  for (const std::size_t count : spread(ages, opened, age)) ASSERT_NEAR(static_cast<double>(count), 100, 60);
}

}  // namespace
}  // namespace weir
