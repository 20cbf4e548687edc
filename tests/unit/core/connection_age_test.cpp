// The age of a connection: when it is too old, and that those of a pool do not grow old together.
#include "core/connection_age.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace weir {
namespace {

constexpr Milliseconds minute{60'000};
const TimePoint opened = TimePoint{} + Milliseconds(5'000);

TEST(ConnectionAge, ZeroIsNever) {
  EXPECT_EQ(ages_at(opened, Milliseconds(0), 0), TimePoint::max());
  EXPECT_EQ(ages_at(opened, Milliseconds(0), 7), TimePoint::max());
}

TEST(ConnectionAge, StaysWithinATenth) {
  for (std::uint32_t turn = 0; turn < 10'000; ++turn) {
    const TimePoint at = ages_at(opened, minute, turn);
    ASSERT_GE(at, opened + minute * 9 / 10) << turn;
    ASSERT_LE(at, opened + minute * 11 / 10) << turn;
  }
  EXPECT_LE(ages_at(opened, minute, 0xFFFF'FFFF), opened + minute * 11 / 10);
}

TEST(ConnectionAge, ConnectionsThatWereMadeTogetherAreSpread) {
  for (const std::uint32_t first : {0U, 1U, 1'000U, 0xFFFF'FFF0U}) {
    std::vector<TimePoint> ages;
    for (std::uint32_t i = 0; i < 10; ++i) ages.push_back(ages_at(opened, minute, first + i));
    std::ranges::sort(ages);
    for (std::size_t i = 1; i < ages.size(); ++i) {
      EXPECT_GE(ages[i] - ages[i - 1], Milliseconds(400)) << first << ": two of ten within 12 s, " << i;
    }
  }
}

TEST(ConnectionAge, AgesOfAnyLengthAreReckonedWithoutOverflow) {
  constexpr Milliseconds years{std::int64_t{100} * 365 * 86'400'000};
  const TimePoint at = ages_at(opened, years, 0xFFFF'FFFF);
  EXPECT_GE(at, opened + years * 9 / 10);
  EXPECT_LE(at, opened + years * 11 / 10);
  EXPECT_GE(ages_at(opened, Milliseconds(1), 3), opened);
}

}  // namespace
}  // namespace weir
