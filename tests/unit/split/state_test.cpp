// The state file: what was written comes back, and nothing else is accepted.
#include "split/state.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "core/stable_hash.hpp"

namespace weir::split {
namespace {

RuntimeWeights entry(const std::string& route) {
  RuntimeWeights made;
  made.route = route;
  made.weights = {{"blue", 90}, {"green", 10}};
  made.base = {{"blue", 100}, {"green", 0}};
  made.since_ms = 1'763'690'400'000;
  made.who = "root@edge-1 from 127.0.0.1";
  return made;
}

std::string with_check(const std::string& body) {
  return body + fmt::format("check {:016x}\n", stable_hash({}, body));
}

TEST(SplitState, ComesBack) {
  State state{entry("api"), entry("web")};
  state[1].expires_ms = 1'763'691'300'000;
  state[1].reason = "canary of 1.4, \xc3\xbc";
  const std::string text = write_state(state);
  EXPECT_TRUE(
      text.starts_with("weir-split-state 1\nroute api\nweights blue=90 green=10\nbase blue=100 green=0\n"))
      << text;
  const auto read = parse_state(text);
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(*read, state);
  EXPECT_EQ(*parse_state(write_state({})), State{});
}

TEST(SplitState, EveryCutAndEveryFlippedBitIsSeen) {
  const std::string text = write_state({entry("api"), entry("web")});
  for (std::size_t length = 0; length < text.size(); ++length)
    EXPECT_FALSE(parse_state(text.substr(0, length)));
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string flipped = text;
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    EXPECT_FALSE(parse_state(flipped)) << i;
  }
  EXPECT_FALSE(parse_state(text + "\n"));
}

TEST(SplitState, TheCheckIsALineOfItsOwn) {
  const std::string whole = write_state({entry("api")});
  std::string body = whole.substr(0, whole.size() - with_check("").size());
  ASSERT_TRUE(parse_state(with_check(body)));
  body.pop_back();  // the line before it is still open
  EXPECT_FALSE(parse_state(with_check(body)));
}

TEST(SplitState, AWholeFileMustMakeSense) {
  const std::string good =
      "weir-split-state 1\nroute api\nweights blue=90 green=10\nbase blue=100 green=0\nsince 1\nwho a\n";
  ASSERT_TRUE(parse_state(with_check(good)));
  const auto refused = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    const auto read = parse_state(with_check(text));
    EXPECT_FALSE(read) << text;
    return read ? std::string() : read.error().detail;
  };
  EXPECT_EQ(refused("state 1", "state 2"), "line 1 is not the start of a state file");
  EXPECT_EQ(refused("route api", "route a b"), "line 2 is not the name of a route");
  refused("route api", "route ");
  refused("blue=90 green=10", "blue=0 green=0");
  refused("blue=90 green=10", "blue=90 blue=10");
  refused("blue=90 green=10", "blue=90  green=10");
  refused("blue=90 green=10", "blue=90 green=1000001");
  refused("blue=90 green=10", "blue=90 green=-1");
  refused("blue=90 green=10", "blue=90 green=01");
  refused("blue=90 green=10", "");
  refused("base blue=100 green=0", "base green=0 blue=100");
  refused("base blue=100 green=0\n", "");
  refused("since 1", "since x");
  refused("since 1", "since 99999999999999999999");
  refused("since 1\n", "since 1\nexpires 0\n");
  refused("who a", "who ");
  refused("who a", "who a\x01");
  refused("who a\n", "who a\nreason \n");
  refused("who a\n", "who a\nnonsense\n");
  EXPECT_FALSE(parse_state(with_check(good + good.substr(good.find("route")))));
}

TEST(SplitState, NotesAreOneLine) {
  EXPECT_TRUE(is_note("", 3));
  EXPECT_TRUE(is_note("abc", 3));
  EXPECT_FALSE(is_note("abcd", 3));
  EXPECT_FALSE(is_note("a\nb", 9));
  EXPECT_FALSE(is_note("a\x7f", 9));
}

}  // namespace
}  // namespace weir::split
