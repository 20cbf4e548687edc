#include "grpc/timeout.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace weir::grpc {
namespace {

using namespace std::chrono_literals;

std::string formatted(Duration left) {
  const TimeoutText text = format_timeout(left);
  return {text.data(), text.size()};
}

TEST(GrpcTimeout, EveryUnit) {
  EXPECT_EQ(parse_timeout("2H"), Duration(2h));
  EXPECT_EQ(parse_timeout("3M"), Duration(3min));
  EXPECT_EQ(parse_timeout("10S"), Duration(10s));
  EXPECT_EQ(parse_timeout("950m"), Duration(950ms));
  EXPECT_EQ(parse_timeout("7u"), Duration(7us));
  EXPECT_EQ(parse_timeout("99999999n"), Duration(99'999'999ns));
  EXPECT_EQ(parse_timeout("00000950m"), Duration(950ms));
  EXPECT_EQ(parse_timeout("0S"), Duration(0));
}

TEST(GrpcTimeout, WhatIsLongerIsBounded) {
  EXPECT_EQ(parse_timeout("8760H"), timeout_max);
  EXPECT_EQ(parse_timeout("8761H"), timeout_max);
  EXPECT_EQ(parse_timeout("99999999H"), timeout_max);
  EXPECT_EQ(parse_timeout("99999999M"), timeout_max);
  EXPECT_EQ(parse_timeout("99999999S"), timeout_max);
  EXPECT_EQ(parse_timeout("99999999m"), Duration(99'999'999ms));
}

TEST(GrpcTimeout, IsRefused) {
  for (const char* value : {"", "m", "1", "100", "123456789m", "1s", "1h", "1 m", " 1m", "1m ", "-1m", "+1m",
                            "1.5S", "1mm", "0x1m", "1d", "S1", "\xc0\xb1m"}) {
    EXPECT_EQ(parse_timeout(value), std::nullopt) << value;
  }
  EXPECT_EQ(parse_timeout(std::string("1\0m", 3)), std::nullopt);
}

TEST(GrpcTimeout, IsWrittenInOneWidth) {
  EXPECT_EQ(formatted(950ms), "00000950m");
  EXPECT_EQ(formatted(1ms), "00000001m");
  EXPECT_EQ(formatted(99'999'999ms), "99999999m");
  EXPECT_EQ(formatted(100'000'000ms), "00100000S");
  EXPECT_EQ(formatted(timeout_max), "31536000S");
  EXPECT_EQ(formatted(Duration::max()), "99999999S");
}

TEST(GrpcTimeout, IsNeverRoundedUpButToOneMillisecond) {
  EXPECT_EQ(formatted(1999us), "00000001m");
  EXPECT_EQ(formatted(100'000'999ms), "00100000S");
  EXPECT_EQ(formatted(999us), "00000001m");
  EXPECT_EQ(formatted(0ms), "00000001m");
  EXPECT_EQ(formatted(-1ns), "00000001m");
  EXPECT_EQ(formatted(-5s), "00000001m");
  EXPECT_EQ(formatted(Duration::min()), "00000001m");
}

TEST(GrpcTimeout, WhatIsWrittenIsRead) {
  Duration left = 1ms;
  for (int i = 0; i < 55; ++i, left += left / 2 + 1ns) {
    const auto again = parse_timeout(formatted(left));
    ASSERT_TRUE(again) << left.count();
    EXPECT_LE(*again, left);
    EXPECT_GE(*again, std::min<Duration>(timeout_max, left - left / 1000 - 1ms)) << left.count();
  }
}

TEST(GrpcTimeout, SilenceIsAllowedUntilADeadlineThatIsNear) {
  EXPECT_EQ(silence_allowed(60s, 1s), timeout_max) << "the deadline is what ends it";
  EXPECT_EQ(silence_allowed(60s, 1h), timeout_max);
  EXPECT_EQ(silence_allowed(60s, 1h + 1ns), Duration(1h));
  EXPECT_EQ(silence_allowed(60s, timeout_max), Duration(1h));
  EXPECT_EQ(silence_allowed(2h, timeout_max), Duration(2h));
}

}  // namespace
}  // namespace weir::grpc
