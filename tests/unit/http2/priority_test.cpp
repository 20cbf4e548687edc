#include "http2/priority.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

namespace weir::http2 {

static void PrintTo(const Priority& priority, std::ostream* out) {
  *out << "u=" << int{priority.urgency} << (priority.incremental ? ", i" : "");
}

namespace {

struct Case {
  std::string text;
  Priority expected;
};

constexpr Priority usual{};

TEST(Priority, Reads) {
  const Case cases[] = {
      {"", usual},
      {"u=0", {0, false}},
      {"u=7", {7, false}},
      {"i", {3, true}},
      {"u=5, i", {5, true}},
      {"u=5,i", {5, true}},
      {"i,u=1", {1, true}},
      {"i=?1", {3, true}},
      {"u=2, i=?0", {2, false}},
      {"  u=2  ", {2, false}},
      {"u=2\t,\ti", {2, true}},
      {"u=002", {2, false}},
      {"u=1, u=4", {4, false}},
      {"u=1;x, i;y=2;z=\"a,b\"", {1, true}},
      {"u=1;x;y=:YQ==:", {1, false}},
  };
  for (const Case& c : cases) EXPECT_EQ(parse_priority(c.text), c.expected) << c.text;
}

TEST(Priority, PassesOverWhatItDoesNotKnow) {
  const Case cases[] = {
      {"a=\"u=1, \\\"i\", u=6", {6, false}},
      {"a=(1 \"b\" c;d=1), u=6", {6, false}},
      {"a=(), u=6", {6, false}},
      {"a=:YWJj:, u=6", {6, false}},
      {"a=-1.5, b=tok/en:x, u=6", {6, false}},
      {"*a-b.c_d=?1, u=6", {6, false}},
  };
  for (const Case& c : cases) EXPECT_EQ(parse_priority(c.text), c.expected) << c.text;
}

TEST(Priority, ValuesOutOfRangeDoNotCount) {
  for (const char* text : {"u=8, i", "u=-1, i", "u=12345, i", "u=3.0, i", "u=?1, i", "u=\"1\", i", "u=tok, i",
                           "u=(1), i", "u, i", "u=1, u=9, i"}) {
    EXPECT_EQ(parse_priority(text), (Priority{3, true})) << text;
  }
  for (const char* text : {"u=1, i=1", "u=1, i=tok", "u=1, i, i=5"}) {
    EXPECT_EQ(parse_priority(text), (Priority{1, false})) << text;
  }
}

TEST(Priority, NothingCountsOfBrokenTexts) {
  for (const char* text : {"u=1,",
                           "u=1, ,i",
                           "u=1 i",
                           "u=",
                           "=1",
                           "U=1",
                           "u=1, i=?2",
                           "u=1, a=\"b",
                           "u=1, a=(1",
                           "u=1, a=(1 2",
                           "u=1;",
                           "u=1, a=:b",
                           "u=1, a=-",
                           "u=1, a=1.",
                           "u=1, a=1.2345",
                           "u=1, a=1234567890123456",
                           "u=1, a=\"\x80\"",
                           "u=1, a=\"\\x\"",
                           "u=1, a=(1)(2)",
                           "u=1;;",
                           "u=1, a={",
                           "\x01"}) {
    EXPECT_EQ(parse_priority(text), usual) << text;
  }
}

}  // namespace
}  // namespace weir::http2
