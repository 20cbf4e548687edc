// The cookie `weir_split`: strict in, bounded, and several routes in one.
#include "split/cookie.hpp"

#include <gtest/gtest.h>

#include <string>

namespace weir::split {
namespace {

constexpr std::string_view key = "0123456789abcdef";

Cookie fresh() {
  Cookie cookie;
  cookie.key = key;
  return cookie;
}

/// The value of a Set-Cookie's first part.
std::string value_of(const std::string& field) {
  return field.substr(11, field.find(';') - 11);
}

std::string rewritten(std::string_view value, std::string_view route, std::string_view target) {
  std::string out;
  write_set_cookie(out, *parse_cookie(value), route, target, Milliseconds(60'000), false);
  return value_of(out);
}

TEST(SplitCookie, WritesWhatItReads) {
  std::string out;
  write_set_cookie(out, fresh(), "api", "green", std::chrono::hours(24), true);
  EXPECT_EQ(out,
            "weir_split=0123456789abcdef.api:green; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax; Secure");
  const std::string value = value_of(out);
  const auto cookie = parse_cookie(value);
  ASSERT_TRUE(cookie);
  EXPECT_EQ(cookie->key, key);
  EXPECT_EQ(cookie->side_of("api"), "green");
  EXPECT_EQ(cookie->side_of("web"), "");
  out.clear();
  write_set_cookie(out, fresh(), "api", "green", std::chrono::seconds(1), false);
  EXPECT_EQ(out, "weir_split=0123456789abcdef.api:green; Path=/; Max-Age=1; HttpOnly; SameSite=Lax");
}

TEST(SplitCookie, RoutesShareOne) {
  const std::string both = rewritten("0123456789abcdef.api:green", "web", "blue");
  EXPECT_EQ(both, "0123456789abcdef.api:green.web:blue");
  EXPECT_EQ(rewritten(both, "api", "blue"), "0123456789abcdef.web:blue.api:blue");
}

TEST(SplitCookie, TheOldestPairGoes) {
  std::string value(key);
  for (int i = 0; i < 12; ++i) value = rewritten(value, "r" + std::to_string(i), "s");
  const auto cookie = parse_cookie(value);
  ASSERT_TRUE(cookie);
  EXPECT_EQ(cookie->count, cookie_sides_max);
  EXPECT_EQ(cookie->side_of("r3"), "");
  for (int i = 4; i < 12; ++i) EXPECT_EQ(cookie->side_of("r" + std::to_string(i)), "s");
  EXPECT_EQ(parse_cookie(rewritten(value, "r7", "t"))->count, cookie_sides_max);
}

TEST(SplitCookie, RefusesWhatItWouldNotWrite) {
  const std::string good(key);
  EXPECT_TRUE(parse_cookie(good));
  const std::string long_name(65, 'a');
  for (const std::string& bad :
       {std::string(), std::string("0123456789abcde"), std::string("0123456789abcdeg"),
        std::string("0123456789ABCDEF"), good + ".", good + "x", good + ".api",
        good + ".api:", good + ".:green", good + ".a:b.", good + "..a:b", good + ".a:b:c", good + ".a b:c",
        good + ".a:b.a:c", good + "." + long_name + ":b", good + ".a:" + long_name, good + ".a:b\"",
        "\"" + good + "\"", good + std::string(2000, 'a')}) {
    EXPECT_FALSE(parse_cookie(bad)) << bad;
  }
  std::string nine = good;
  for (int i = 0; i < 9; ++i) nine += ".r" + std::to_string(i) + ":s";
  EXPECT_FALSE(parse_cookie(nine));
}

TEST(SplitCookie, KeysAreDigits) {
  char out[cookie_key_digits];
  write_key(0, out);
  EXPECT_EQ(std::string_view(out, sizeof out), "0000000000000000");
  write_key(0xfedcba9876543210u, out);
  EXPECT_EQ(std::string_view(out, sizeof out), "fedcba9876543210");
}

}  // namespace
}  // namespace weir::split
