// Finding a cookie among those of a request.
#include "http/cookies.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::http {
namespace {

/// All values of cookie `a`, joined by '|'.
std::string values(const std::vector<std::string>& lines) {
  std::vector<Field> fields{{FieldId::host, "Host", "a=1"}};
  for (const std::string& line : lines) fields.push_back({FieldId::cookie, "Cookie", line});
  std::string all;
  any_cookie(fields, "a", [&](std::string_view value) {
    all.append(value).append("|");
    return false;
  });
  return all;
}

TEST(Cookies, FindsByName) {
  EXPECT_EQ(values({"a=1"}), "1|");
  EXPECT_EQ(values({"b=2; a=1; c=3"}), "1|");
  EXPECT_EQ(values({"b=2;a=1"}), "1|");
  EXPECT_EQ(values({"a=1; a=2", "a=3"}), "1|2|3|");
  EXPECT_EQ(values({"a==x="}), "=x=|");
  EXPECT_EQ(values({"a="}), "|");
  EXPECT_EQ(values({" a = 1 "}), "1|");
}

TEST(Cookies, FindsNothingElse) {
  EXPECT_EQ(values({}), "");
  EXPECT_EQ(values({"", ";", ";;", "a", "A=1", "aa=1", "b=a=1", "=1", " ; b=2;"}), "");
}

TEST(Cookies, StopsWhenTheFunctionReturnsTrue) {
  const std::vector<Field> fields{{FieldId::cookie, "Cookie", "a=1; a=2"}};
  int seen = 0;
  EXPECT_TRUE(any_cookie(fields, "a", [&](std::string_view) { return ++seen == 1; }));
  EXPECT_EQ(seen, 1);
}

TEST(Cookies, Values) {
  EXPECT_TRUE(is_cookie_value(""));
  EXPECT_TRUE(is_cookie_value("a.b:c=d"));
  for (const char* bad : {"a b", "a;b", "a,b", "a\"", "a\\", "a\x7f", "\xc3\xbc"})
    EXPECT_FALSE(is_cookie_value(bad));
}

}  // namespace
}  // namespace weir::http
