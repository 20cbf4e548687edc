// The text of a rollout's state: as documented, read back exactly, and nothing else is taken.
#include "rollout/state_text.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/stable_hash.hpp"

namespace weir::rollout {
namespace {

using testing::HasSubstr;

State example() {
  State state;
  state.held = Held::shared_cause;
  state.is_noted = state.canary_seen = true;
  state.publication = 3;
  state.step = 1;
  state.share = 2'500;
  state.quarter = 2;
  state.clocks = {812'500, 212'250, 212'250, 0, 0, 4'000};
  state.bounds = {Bucket{61}, Bucket{38}};
  state.step_totals = {Totals{9'312, 41, 0}, Totals{3'104, 17, 0}};
  state.step_latency[0].add(31, 4);
  state.step_latency[0].add(32, 9);
  state.periods.resize(2);
  state.periods[1].place = 6;
  state.periods[1].began_ms = 600'250;
  add(state.periods[1].tallies[0], {500, whole}, Badness::full, 17, 4);
  add(state.periods[1].tallies[1], {2'000, 9'500}, Badness::half, 3, 1);
  Client client;
  client.places[0].from = 500;
  client.requests = 3;
  client.slow50 = 1;
  client.is_seen = client.failed = true;
  state.clients.restore({{0x5c1fd6a0b1e3fc42, client}}, 0);
  return state;
}

std::string checked(const std::string& body) {
  return body + fmt::format("check {:016x}\n", stable_hash({}, body));
}

TEST(RolloutStateText, IsAsItIsDocumented) {
  const std::string text = write_state(example());
  EXPECT_EQ(text.substr(0, text.find("check ")),
            "weir-rollout-state 1\nphase running\nheld shared_cause\nflags noted seen\nweights 3 1 "
            "2500\nstep 2 0 0 0\n"
            "clocks 812500 212250 212250 0 0 4000\nbounds 61 38\ntotals 9312 41 0 3104 17 0\n"
            "latency step comparison 31:4 32:9\nperiod 0 0\ncounted 0 0 0 0 0 0\nperiod 6 600250\ncounted 0 "
            "0 0 0 0 0\n"
            "tally failures 500 10000 full 17 4\ntally slow95 2000 9500 half 3 1\nsampled 0\n"
            "client 5c1fd6a0b1e3fc42 500 10000 0 10000 0 10000 comparison 3 0 1 seen failed\n");
}

TEST(RolloutStateText, IsReadBack) {
  const auto state = parse_state(write_state(example()));
  ASSERT_TRUE(state) << state.error().detail;
  EXPECT_EQ(*state, example());
  State plain;
  plain.periods.resize(1);
  plain.phase = Phase::rolled_back;
  ASSERT_TRUE(parse_state(write_state(plain)));
  EXPECT_EQ(*parse_state(write_state(plain)), plain);
}

TEST(RolloutStateText, AChangedOrCutTextIsRefused) {
  const std::string text = write_state(example());
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = changed[i] == '1' ? '2' : '1';
    EXPECT_FALSE(parse_state(changed)) << i;
    EXPECT_FALSE(parse_state(text.substr(0, i))) << i;
  }
}

TEST(RolloutStateText, WhatCannotBeIsRefusedThoughItsCheckIsRight) {
  const std::string text = write_state(example());
  const std::string body = text.substr(0, text.find("check "));
  ASSERT_TRUE(parse_state(checked(body)));
  const std::vector<std::pair<std::string, std::string>> changes{
      {"full 17 4", "full 17 18"},
      {"500 10000 full", "0 10000 full"},
      {"500 10000 full", "500 500 full"},
      {"500 10000 full", "1 10001 full"},
      {"17 4\n", "017 4\n"},
      {"17 4\n", "17  4\n"},
      {"running", "walking"},
      {"noted seen", "seen noted"},
      {"61 38", "146 38"},
      {"31:4 32:9", "32:9 31:4"},
      {"31:4", "31:0"},
      {"sampled 0", "sampled 64"},
      {"comparison 3 0 1", "comparison 9 0 1"},
      {"comparison 3 0 1", "comparison 3 4 1"},
      {"5c1fd6a0b1e3fc42 500", "5C1FD6A0B1E3FC42 500"},
      {"seen failed", "seen seen"},
      {"500 10000 0 10000", "500 10001 0 10000"},
      {"weights 3", "weights -3"},
      {"weights 3", "weights 99999999999"},
      {"slow95", "slow75"},
      {"held shared_cause", "held"}};
  for (const auto& [from, to] : changes) {
    std::string changed = body;
    ASSERT_NE(changed.find(from), std::string::npos) << from;
    changed.replace(changed.find(from), from.size(), to);
    EXPECT_FALSE(parse_state(checked(changed))) << from << " -> " << to;
  }
  EXPECT_FALSE(parse_state(checked(body + "client 5c1fd6a0b1e3fc42 0 1 0 1 0 1 canary 0 0 0\n")));
  EXPECT_FALSE(parse_state(checked(body + "more\n")));
  EXPECT_FALSE(parse_state(""));
  EXPECT_FALSE(parse_state(checked("")));
}

TEST(RolloutStateText, ErrorsNameTheLine) {
  const std::string text = write_state(example());
  std::string body = text.substr(0, text.find("check "));
  body.replace(body.find("held shared_cause"), 17, "held up");
  const auto state = parse_state(checked(body));
  ASSERT_FALSE(state);
  EXPECT_THAT(state.error().detail, HasSubstr("line 3 "));
}

}  // namespace
}  // namespace weir::rollout
