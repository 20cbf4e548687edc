// The text of a rollout's file: what is written is read back, and nothing else is taken.
#include "rollout/record.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "core/stable_hash.hpp"
#include "rollout/rollout.hpp"

namespace weir::rollout {
namespace {

using ::testing::HasSubstr;

Record make_record() {
  Record record;
  record.id = 1'763'690'400'000;
  record.names = {"api", "green", "blue"};
  record.stable = "blue";
  record.base = {{"blue", 100}, {"green", 0}};
  record.settings.client_errors = true;
  record.settings.by_client = true;
  record.settings.on_low_traffic = OnLowTraffic::promote;
  record.settings.on_shared_cause = OnSharedCause::step_back;
  record.keep = true;
  record.who = "ada from 127.0.0.1";
  record.reason = "new checkout";
  record.client_key = {1, 0xfedcba9876543210};
  record.sides_mark = 77;
  record.restarts = 2;
  record.known = {"10.0.0.3:3000", "[::1]:3000"};
  add_done(record, {0, 1'763'690'400'001, "started", "none", 0, 500, "api: green starts at 5 %."});
  return record;
}

State make_state() {
  return Rollout({}, {"api", "green", "blue"}, TimePoint{}).state();
}

std::string with_check(const std::string& body) {
  return body + fmt::format("check {:016x}\n", stable_hash({}, body));
}

std::string without_check(const std::string& text) {
  return text.substr(0, text.rfind("check "));
}

TEST(RolloutRecord, ASentenceIsCutBetweenCharacters) {
  Record record = make_record();
  std::string sentence(sentence_bytes_max - 1, 'x');
  sentence += "\xc3\xa9 and more";
  add_done(record, {0, 1'763'690'400'002, "held", "operator", 500, 500, sentence});
  EXPECT_EQ(record.done.back().sentence, std::string(sentence_bytes_max - 1, 'x'));
  EXPECT_TRUE(parse_record(write_record(record, make_state())));
}

TEST(RolloutRecord, IsReadBackAsItWasWritten) {
  const Record record = make_record();
  const std::string text = write_record(record, make_state());
  const auto saved = parse_record(text);
  ASSERT_TRUE(saved) << saved.error().detail;
  EXPECT_EQ(write_record(saved->record, saved->state), text);
  EXPECT_EQ(saved->record.id, record.id);
  EXPECT_EQ(saved->record.settings, record.settings);
  EXPECT_EQ(saved->record.known, record.known);
  EXPECT_EQ(saved->record.done, record.done);
  EXPECT_EQ(saved->record.client_key.high, record.client_key.high);
  EXPECT_TRUE(saved->record.keep);
  EXPECT_EQ(saved->record.restarts, 2U);
  EXPECT_EQ(saved->state, make_state());
}

TEST(RolloutRecord, KeepsHowItEnded) {
  Record record = make_record();
  record.end = End::aborted;
  record.is_settled = true;
  record.keep = false;
  record.reason.clear();
  const auto saved = parse_record(write_record(record, make_state()));
  ASSERT_TRUE(saved) << saved.error().detail;
  EXPECT_EQ(saved->record.end, End::aborted);
  EXPECT_TRUE(saved->record.is_settled);
  EXPECT_FALSE(saved->record.keep);
  EXPECT_EQ(saved->record.reason, "");
}

TEST(RolloutRecord, EveryCutIsRefused) {
  const std::string text = write_record(make_record(), make_state());
  for (std::size_t bytes = 0; bytes < text.size(); ++bytes)
    EXPECT_FALSE(parse_record(text.substr(0, bytes))) << bytes;
}

TEST(RolloutRecord, EveryChangedByteIsRefused) {
  const std::string text = write_record(make_record(), make_state());
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string changed = text;
    changed[at] = changed[at] == '7' ? '8' : '7';
    EXPECT_FALSE(parse_record(changed)) << at;
  }
}

TEST(RolloutRecord, EveryLineIsNeededAndNamed) {
  const std::string body = without_check(write_record(make_record(), make_state()));
  std::size_t line = 1;
  for (std::size_t begin = 0; begin < body.find("state\n"); ++line) {
    const std::size_t end = body.find('\n', begin) + 1;
    const std::string key = body.substr(begin, body.find_first_of(" \n", begin) - begin);
    const auto saved = parse_record(with_check(body.substr(0, begin) + body.substr(end)));
    // What may be absent, or there several times, leaves a record that is whole.
    const bool may_be_absent = key == "reason" || key == "known";
    EXPECT_EQ(saved.has_value(), may_be_absent) << key;
    if (!saved && key != "done") {
      EXPECT_THAT(saved.error().detail, HasSubstr(fmt::format("line {}", line))) << key;
    }
    begin = end;
  }
  EXPECT_GT(line, 14U);
}

TEST(RolloutRecord, OnlyTheLatestDecisionsAreKept) {
  Record record = make_record();
  for (std::size_t i = 0; i < 2 * decisions_kept_max; ++i) {
    add_done(record, {0, 1'763'690'400'002, "noted", "prolonged", 500, 500, std::string(5'000, 'x')});
  }
  EXPECT_EQ(record.done.size(), decisions_kept_max);
  EXPECT_EQ(record.done.back().number, 2 * decisions_kept_max + 1);
  EXPECT_EQ(record.done.back().sentence.size(), sentence_bytes_max);
  EXPECT_TRUE(parse_record(write_record(record, make_state())));
}

}  // namespace
}  // namespace weir::rollout
