#include "http/retry_after.hpp"

#include <gtest/gtest.h>

#include <string>

namespace weir::http {
namespace {

using std::chrono::seconds;
using namespace std::chrono_literals;

// RFC 9110 5.6.7: Sun, 06 Nov 1994 08:49:37 GMT
constexpr std::chrono::sys_seconds example{784111777s};

TEST(HttpDate, HasThreeForms) {
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT", example), example);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", example), example);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994", example), example);
  EXPECT_EQ(parse_http_date("Sun Nov 16 08:49:37 1994", example), example + 240h);
  EXPECT_EQ(parse_http_date("Thu, 29 Feb 2024 23:59:60 GMT", example), std::chrono::sys_seconds(1709251200s));
}

TEST(HttpDate, TwoDigitsAreTheNearerCentury) {
  const auto y2026 = std::chrono::sys_days(std::chrono::year(2026) / 6 / 1);
  const auto year_of = [&](const std::string& two) {
    const auto date = parse_http_date("Sunday, 06-Nov-" + two + " 08:49:37 GMT", y2026);
    return date ? static_cast<int>(
                      std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(*date)).year())
                : 0;
  };
  EXPECT_EQ(year_of("26"), 2026);
  EXPECT_EQ(year_of("76"), 2076);
  EXPECT_EQ(year_of("77"), 1977);
  EXPECT_EQ(year_of("94"), 1994);
}

TEST(HttpDate, EverythingElseIsNone) {
  for (const char* const text :
       {"", "Sun", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:00 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
        "sun, 06 nov 1994 08:49:37 gmt", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sun, -6 Nov 1994 08:49:37 GMT", "Sun Nov 6 08:49:37 1994", "Sunday, 06-Nov-1994 08:49:37 GMT",
        "1994-11-06T08:49:37Z"}) {
    EXPECT_FALSE(parse_http_date(text, example)) << text;
  }
}

/// Every cut of a valid date is none.
TEST(HttpDate, NoPrefixIsADate) {
  for (const std::string text :
       {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"}) {
    for (std::size_t length = 0; length < text.size(); ++length)
      EXPECT_FALSE(parse_http_date(text.substr(0, length), example)) << text.substr(0, length);
  }
}

TEST(RetryAfter, IsSecondsOrADate) {
  EXPECT_EQ(retry_after("0", example), 0s);
  EXPECT_EQ(retry_after("120", example), 120s);
  EXPECT_EQ(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", example - 90s), 90s);
  EXPECT_EQ(retry_after("Sunday, 06-Nov-94 08:49:37 GMT", example - 1500ms), 2s) << "rounded up";
  EXPECT_EQ(retry_after("Sun Nov  6 08:49:37 1994", example + 1s), 0s) << "it has passed";
}

TEST(RetryAfter, IsBounded) {
  EXPECT_EQ(retry_after("86401", example), retry_after_max);
  EXPECT_EQ(retry_after(std::string(1000, '9'), example), retry_after_max);
  EXPECT_EQ(retry_after("Fri, 31 Dec 9999 23:59:59 GMT", example), retry_after_max);
}

TEST(RetryAfter, AnythingElseIsNothing) {
  for (const char* const text : {"", " 1", "1 ", "-1", "1.5", "soon", "1,2"})
    EXPECT_EQ(retry_after(text, example), 0s) << text;
}

}  // namespace
}  // namespace weir::http
