#include "core/regex.hpp"

#include <gtest/gtest.h>

#include <regex>
#include <string>

#include "core/rng.hpp"

namespace weir {
namespace {

struct MatchCase {
  const char* expression;
  const char* text;
  bool matches;
};

class RegexMatch : public testing::TestWithParam<MatchCase> {};

TEST_P(RegexMatch, Holds) {
  const auto regex = Regex::compile(GetParam().expression);
  ASSERT_TRUE(regex) << regex.error().detail;
  EXPECT_EQ(regex->matches(GetParam().text), GetParam().matches)
      << GetParam().expression << " on '" << GetParam().text << "'";
}

INSTANTIATE_TEST_SUITE_P(Literals, RegexMatch,
                         testing::Values(MatchCase{"", "", true}, MatchCase{"", "a", false},
                                         MatchCase{"abc", "abc", true}, MatchCase{"abc", "abcd", false},
                                         MatchCase{"abc", "xabc", false}, MatchCase{"abc", "ab", false},
                                         MatchCase{"a.c", "a/c", true}, MatchCase{"a.c", "ac", false},
                                         MatchCase{R"(a\.c)", "a.c", true},
                                         MatchCase{R"(a\.c)", "abc", false},
                                         MatchCase{R"(\/\-\{\})", "/-{}", true},
                                         MatchCase{"a-b_c~", "a-b_c~", true}, MatchCase{"]}", "]}", true},
                                         MatchCase{".", "\xff", true}));

INSTANTIATE_TEST_SUITE_P(Repeats, RegexMatch,
                         testing::Values(MatchCase{"a*", "", true}, MatchCase{"a*", "aaaa", true},
                                         MatchCase{"a*", "aab", false}, MatchCase{"a+", "", false},
                                         MatchCase{"a+", "aaa", true}, MatchCase{"ab?c", "ac", true},
                                         MatchCase{"ab?c", "abc", true}, MatchCase{"ab?c", "abbc", false},
                                         MatchCase{"a{3}", "aaa", true}, MatchCase{"a{3}", "aa", false},
                                         MatchCase{"a{3}", "aaaa", false}, MatchCase{"a{2,}", "a", false},
                                         MatchCase{"a{2,}", "aaaaa", true}, MatchCase{"a{1,3}", "", false},
                                         MatchCase{"a{1,3}", "aaa", true}, MatchCase{"a{1,3}", "aaaa", false},
                                         MatchCase{"a{0}", "", true}, MatchCase{"a{0}b", "b", true},
                                         MatchCase{"a{0,2}b", "aab", true},
                                         MatchCase{"(ab)+", "ababab", true}, MatchCase{"(ab)+", "aba", false},
                                         MatchCase{"(a*)*", "aaa", true}, MatchCase{"(a*)*", "", true},
                                         MatchCase{"(a*)+b", "b", true}, MatchCase{"(a|b*)*c", "abbac", true},
                                         MatchCase{"a+?", "aa", true}, MatchCase{"a+?", "", false},
                                         MatchCase{"a*?b", "aab", true}, MatchCase{"a??b", "b", true}));

INSTANTIATE_TEST_SUITE_P(ClassesAndGroups, RegexMatch,
                         testing::Values(MatchCase{"[abc]+", "cab", true}, MatchCase{"[abc]", "d", false},
                                         MatchCase{"[a-z0-9]+", "x9", true}, MatchCase{"[^/]+", "a.b", true},
                                         MatchCase{"[^/]+", "a/b", false}, MatchCase{"[]a]+", "a]", true},
                                         MatchCase{"[a-]+", "-a", true}, MatchCase{"[-a]+", "-a", true},
                                         MatchCase{R"([\]\\]+)", R"(]\)", true},
                                         MatchCase{R"([\d.]+)", "1.2", true},
                                         MatchCase{R"(\d{4})", "2024", true},
                                         MatchCase{R"(\D+)", "a1", false}, MatchCase{R"(\w+)", "a_9", true},
                                         MatchCase{R"(\W)", "-", true}, MatchCase{R"(\s\S)", " x", true},
                                         MatchCase{"a|b", "b", true}, MatchCase{"a|b", "ab", false},
                                         MatchCase{"/v(1|2)/x", "/v2/x", true},
                                         MatchCase{"/v(?:1|2)/x", "/v3/x", false},
                                         MatchCase{"a(|b)c", "ac", true}, MatchCase{"()", "", true},
                                         MatchCase{"a||b", "", true}, MatchCase{"[+--]+", "+,-", true}));

INSTANTIATE_TEST_SUITE_P(AnchorsAndCase, RegexMatch,
                         testing::Values(MatchCase{"^abc$", "abc", true}, MatchCase{"^/a$|^/b$", "/b", true},
                                         MatchCase{"^/a$|^/b$", "/a/b", false}, MatchCase{"a^b", "ab", false},
                                         MatchCase{"a$b", "ab", false}, MatchCase{"(^a)?b", "ab", true},
                                         MatchCase{"x*^b", "b", true}, MatchCase{"x*^b", "xb", false},
                                         MatchCase{"^$", "", true}, MatchCase{"$^", "", true},
                                         MatchCase{"a$b*", "a", true}, MatchCase{"(?i)AbC", "aBc", true},
                                         MatchCase{"(?i)[a-c]+", "AbC", true},
                                         MatchCase{"(?i)[^a]", "A", false}, MatchCase{"AbC", "abc", false},
                                         MatchCase{"(?i)1-2", "1-2", true}));

struct ErrorCase {
  const char* expression;
  const char* problem;
};

class RegexError : public testing::TestWithParam<ErrorCase> {};

TEST_P(RegexError, SaysWhatAndWhere) {
  const auto regex = Regex::compile(GetParam().expression);
  ASSERT_FALSE(regex) << GetParam().expression;
  EXPECT_EQ(regex.error().detail, GetParam().problem) << GetParam().expression;
}

INSTANTIATE_TEST_SUITE_P(
    All, RegexError,
    testing::Values(ErrorCase{"(a", "unclosed ( at 1"}, ErrorCase{"a)", "unmatched ) at 2"},
                    ErrorCase{"a[bc", "unclosed [ at 2"}, ErrorCase{"[]", "unclosed [ at 1"},
                    ErrorCase{"[z-a]", "bad range in [ ] at 2"},
                    ErrorCase{R"([\d-z])", "bad range in [ ] at 2"},
                    ErrorCase{"*a", "nothing to repeat at 1"}, ErrorCase{"a|+", "nothing to repeat at 3"},
                    ErrorCase{"a**", "nothing to repeat at 3"}, ErrorCase{"a*+", "nothing to repeat at 3"},
                    ErrorCase{"^*", "nothing to repeat at 2"}, ErrorCase{"{3}", "nothing to repeat at 1"},
                    ErrorCase{"a{", "{ without a number; write \\{ for the character at 2"},
                    ErrorCase{"a{2", "unclosed { at 2"}, ErrorCase{"a{3,2}", "{m,n} with m above n at 2"},
                    ErrorCase{"a{1001}", "more than 1000 repeats at 6"},
                    ErrorCase{"(?=a)", "only (?:...) groups are known, and (?i) at the start at 1"},
                    ErrorCase{"a(?i)b", "only (?:...) groups are known, and (?i) at the start at 2"},
                    ErrorCase{R"((a)\1)", "back-references are not supported at 4"},
                    ErrorCase{R"(\bfoo)", "unknown escape at 1"}, ErrorCase{"a\\", "\\ at the end at 2"},
                    ErrorCase{"[[:alpha:]]", "[:name:] is not supported at 2"},
                    ErrorCase{"(a{100}){100}", "too many repeats: write it shorter"},
                    ErrorCase{"((a{1000}){1000}){1000}", "too many repeats: write it shorter"},
                    ErrorCase{".*a.{12}", "too complex: more than 2000 states"}));

TEST(RegexBounds, LengthAndNesting) {
  EXPECT_TRUE(Regex::compile(std::string(Regex::expression_bytes_max, 'a')));
  EXPECT_FALSE(Regex::compile(std::string(Regex::expression_bytes_max + 1, 'a')));
  EXPECT_TRUE(Regex::compile(std::string(50, '(') + "a" + std::string(50, ')')));
  EXPECT_FALSE(Regex::compile(std::string(51, '(') + "a" + std::string(51, ')')));
}

TEST(RegexBounds, BacktrackersNightmareIsLinear) {
  const auto regex = Regex::compile("(a+)+(b|a*)*c");
  ASSERT_TRUE(regex);
  const std::string text(1 << 20, 'a');
  EXPECT_FALSE(regex->matches(text));
  EXPECT_TRUE(regex->matches(text + "c"));
}

// Random expressions over two letters, against the standard library's matcher.
std::string random_expression(Rng& rng, int depth) {
  static constexpr const char* leaves[] = {"a", "b", ".", "[ab]", "[^a]", "ab", ""};
  static constexpr const char* quantifiers[] = {"*", "+", "?", "{2}", "{1,2}", "{2,}", "{0,1}"};
  if (depth == 0) return leaves[rng() % std::size(leaves)];
  switch (rng() % 4) {
    case 0:
      return random_expression(rng, depth - 1) + random_expression(rng, depth - 1);
    case 1:
      return "(" + random_expression(rng, depth - 1) + "|" + random_expression(rng, depth - 1) + ")";
    case 2:
      return "(" + random_expression(rng, depth - 1) + ")" + quantifiers[rng() % std::size(quantifiers)];
    default:
      return random_expression(rng, depth - 1);
  }
}

TEST(RegexProperty, AgreesWithTheStandardLibrary) {
  constexpr std::uint64_t seed = 0x5eed;
  Rng rng(seed);
  for (int round = 0; round < 500; ++round) {
    const std::string expression = random_expression(rng, 4);
    const auto regex = Regex::compile(expression);
    ASSERT_TRUE(regex) << expression << ": " << regex.error().detail;
    // libstdc++'s breadth-first matcher: its default one takes minutes for some of these.
    const std::regex reference(expression, std::regex::ECMAScript | std::regex_constants::__polynomial);
    for (int i = 0; i < 30; ++i) {
      std::string text;
      for (std::uint64_t length = rng() % 8; length > 0; --length) text += "abc"[rng() % 3];
      ASSERT_EQ(regex->matches(text), std::regex_match(text, reference))
          << expression << " on " << text << ", seed " << seed << ", round " << round;
    }
  }
}

TEST(RegexProperty, AnyBytesCompileOrFail) {
  Rng rng(7);
  static constexpr std::string_view alphabet = "ab()[]{}|*+?.^$\\-,0123:id\x80";
  for (int round = 0; round < 20'000; ++round) {
    std::string expression;
    for (std::uint64_t length = rng() % 16; length > 0; --length)
      expression += alphabet[rng() % alphabet.size()];
    const auto regex = Regex::compile(expression);
    if (regex) regex->matches("ab01");
  }
}

}  // namespace
}  // namespace weir
