// RE2 has its own tests; these hold what our rules rely on: whole-text matching of bytes, bounds, errors as values.
#include "core/regex.hpp"

#include <gtest/gtest.h>

#include <string>

namespace weir {
namespace {

struct MatchCase {
  const char* expression;
  const char* text;
  bool matches;
};

TEST(Regex, MatchesTheWholeTextByteByByte) {
  const MatchCase cases[] = {
      {"", "", true},
      {"", "a", false},
      {"abc", "abc", true},
      {"abc", "abcd", false},
      {"abc", "xabc", false},
      {"a.c", "a/c", true},
      {R"(a\.c)", "abc", false},
      {".", "\xff", true},  // one byte, not UTF-8
      {"..", "\xc3\xa9", true},
      {"a.b", "a\nb", true},
      {"/v(1|2)/x", "/v2/x", true},
      {"/v[0-9]+/.*", "/v12/a/b", true},
      {"/v[0-9]+/.*", "/v/a", false},
      {"^/a$|^/b$", "/b", true},
      {"^/a$|^/b$", "/a/b", false},
      {"a|ab", "ab", true},
      {"(?i)AbC", "aBc", true},
      {"AbC", "abc", false},
      {R"(\d{4})", "2024", true},
      {"a*?b", "aab", true},
  };
  for (const MatchCase& c : cases) {
    const auto regex = Regex::compile(c.expression);
    ASSERT_TRUE(regex) << c.expression;
    EXPECT_EQ(regex->matches(c.text), c.matches) << c.expression << " on '" << c.text << "'";
  }
}

TEST(Regex, SaysWhatIsWrong) {
  for (const char* expression :
       {"(a", "a)", "a[bc", "[z-a]", "*a", "a**", "(?=a)", R"((a)\1)", "a\\", "a{1001}"}) {
    const auto regex = Regex::compile(expression);
    ASSERT_FALSE(regex) << expression;
    EXPECT_FALSE(regex.error().detail.empty()) << expression;
  }
}

TEST(Regex, IsBounded) {
  EXPECT_TRUE(Regex::compile(std::string(Regex::expression_bytes_max, 'a')));
  EXPECT_FALSE(Regex::compile(std::string(Regex::expression_bytes_max + 1, 'a')));
  EXPECT_FALSE(Regex::compile("((a{1000}){1000}){1000}")) << "a program that large is refused";
}

TEST(Regex, ABacktrackersNightmareIsLinear) {
  const auto regex = Regex::compile("(a+)+(b|a*)*c");
  ASSERT_TRUE(regex);
  const std::string text(1 << 20, 'a');
  EXPECT_FALSE(regex->matches(text));
  EXPECT_TRUE(regex->matches(text + "c"));
}

}  // namespace
}  // namespace weir
