// `weir rollout`: bodies, what is printed of a rollout, and when waiting for one ends.
#include "cli/rollout_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "admin/rollout_report.hpp"
#include "cli/rollout_seen.hpp"
#include "cli/rollout_simulate.hpp"
#include "cli/rollout_wait.hpp"

namespace weir::control {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

RolloutReport make_report() {
  RolloutReport report;
  report.route = "api";
  report.state = "running";
  report.canary = "green";
  report.comparison = report.stable = "blue";
  report.steps = {5, 25, 100};
  report.id = 7;
  report.who = "ada";
  report.reason = "1.4";
  report.weight_percent = 5;
  report.step = 1;
  report.hold_seconds = 41;
  report.hold_of_seconds = 600;
  report.min_requests = 200;
  report.canary_side = {98, 7, 0, 0, 12.5};
  report.comparison_side = {1'874, 9, 0, 0, 11.9};
  report.evidence = {{"failures", 31.2}, {"latency", 0.4}};
  report.limit = 100;
  report.done = {{1, {}, "started", "none", 0, 5, "api: green starts at 5 %."}};
  return report;
}

RolloutSeen seen(const RolloutReport& report) {
  const auto read = read_rollout(to_json(report));
  EXPECT_TRUE(read);
  return read.value_or(RolloutSeen{});
}

TEST(RolloutClient, StartBodies) {
  RolloutStarting starting;
  starting.route = "api";
  EXPECT_EQ(start_rollout_body(starting, "ada").value(), R"({"who":"ada"})");
  starting.steps = "0.5,10%,50";
  starting.keep = true;
  starting.reason = "1.4";
  starting.generation = "1f0c9a3e-7";
  const auto body = boost::json::parse(start_rollout_body(starting, "ada").value());
  EXPECT_EQ(boost::json::serialize(body.at("steps")), "[5E-1,10,50]");
  EXPECT_EQ(body.at("keep"), true);
  for (const char* wrong : {"a", "5,,6", "5,x", "5;6"}) {
    starting.steps = wrong;
    EXPECT_FALSE(start_rollout_body(starting, "ada")) << wrong;
  }
}

TEST(RolloutClient, SteerBodies) {
  EXPECT_EQ(steer_rollout_body({"api", "hold", "", "", ""}, "ada").value(),
            R"({"action":"hold","who":"ada"})");
  const auto body =
      boost::json::parse(steer_rollout_body({"api", "promote", "50%", "fine", ""}, "ada").value());
  EXPECT_EQ(body.at("to"), 50);
  EXPECT_EQ(body.at("reason"), "fine");
  EXPECT_FALSE(steer_rollout_body({"api", "promote", "half", "", ""}, "ada"));
  EXPECT_FALSE(steer_rollout_body({"api", "hold", "", "", "first"}, "ada"));
}

TEST(RolloutClient, StatusShowsWhereItIsAndWhatSpeaksAgainstIt) {
  const auto text = rollout_text(boost::json::parse(to_json(make_report())));
  ASSERT_TRUE(text);
  EXPECT_THAT(*text,
              HasSubstr("api: running, green has 5 %, step 1 of 3 (5 %, 25 %, 100 %), 41 s of 10 min held"));
  EXPECT_THAT(*text, HasSubstr("green         98        7 (7.1 %)  0    12.5 ms"));
  EXPECT_THAT(*text, HasSubstr("blue          1,874     9 (0.5 %)  0    11.9 ms"));
  EXPECT_THAT(*text, HasSubstr("evidence that green is worse: failures 31, latency 0.4; taken back at 100"));
  RolloutReport shared = make_report();
  shared.replicas = 3;
  shared.limit = 300;
  EXPECT_THAT(rollout_text(boost::json::parse(to_json(shared))).value(),
              HasSubstr("; taken back at 300 (3 replicas share a false_rollback of 1 of 100)\n"));
  EXPECT_THAT(*text, HasSubstr("by ada: 1.4"));
  EXPECT_THAT(*text, HasSubstr("api: green starts at 5 %."));
}

TEST(RolloutClient, StatusOfOneThatIsHeldOrOver) {
  RolloutReport report = make_report();
  report.state = "held";
  report.held = {"low_traffic"};
  EXPECT_THAT(rollout_text(boost::json::parse(to_json(report))).value(),
              HasSubstr("api: held (low_traffic), "));
  EXPECT_THAT(rollout_line(boost::json::parse(to_json(report))).value(),
              HasSubstr("rollout   api: held (low_traffic): green has 5 %"));
  report.state = "rolled_back";
  report.held.clear();
  report.done.push_back({2, {}, "rolled_back", "evidence", 5, 0, "api: rolled back green."});
  EXPECT_THAT(rollout_line(boost::json::parse(to_json(report))).value(),
              HasSubstr("rollout   api: rolled back: api: rolled back green."));
  EXPECT_EQ(rollout_text(boost::json::parse("{}")), std::nullopt);
  EXPECT_EQ(read_rollout("nonsense"), std::nullopt);
}

TEST(RolloutClient, BeforeTheFirstOne) {
  RolloutReport report = make_report();
  report.id = 0;
  report.state = "none";
  EXPECT_THAT(rollout_text(boost::json::parse(to_json(report))).value(),
              HasSubstr("no rollout was started; green would go through 5 %, 25 %, 100 %"));
}

TEST(RolloutWait, SaysEachSentenceOnceAndEndsWithAVerdict) {
  RolloutWait waiting(7, milliseconds(60'000));
  RolloutReport report = make_report();
  auto step = waiting.saw(seen(report), milliseconds(0));
  EXPECT_EQ(step.next, RolloutWait::Next::look_again);
  EXPECT_THAT(step.sentences, ElementsAre(HasSubstr("api: green starts at 5 %.")));
  EXPECT_THAT(step.progress, HasSubstr("7 of 98 requests failed on green"));
  step = waiting.saw(seen(report), milliseconds(500));
  EXPECT_TRUE(step.sentences.empty());
  EXPECT_EQ(step.progress, "");
  EXPECT_NE(waiting.saw(seen(report), RolloutWait::progress_every).progress, "");
  report.state = "rolled_back";
  report.done.push_back({2, {}, "rolled_back", "evidence", 5, 0, "api: rolled back green."});
  step = waiting.saw(seen(report), milliseconds(11'000));
  EXPECT_EQ(step.next, RolloutWait::Next::rolled_back);
  EXPECT_THAT(step.sentences, ElementsAre(HasSubstr("rolled back green")));
}

TEST(RolloutWait, EveryEnd) {
  const auto end_of = [](const char* state, std::uint64_t id, milliseconds elapsed) {
    RolloutReport report = make_report();
    report.state = state;
    report.id = id;
    return RolloutWait(7, milliseconds(1'000)).saw(seen(report), elapsed).next;
  };
  using Next = RolloutWait::Next;
  EXPECT_EQ(end_of("finished", 7, milliseconds(0)), Next::finished);
  EXPECT_EQ(end_of("finished", 7, milliseconds(2'000)), Next::finished);
  EXPECT_EQ(end_of("rolled_back", 7, milliseconds(0)), Next::rolled_back);
  EXPECT_EQ(end_of("aborted", 7, milliseconds(0)), Next::ended);
  EXPECT_EQ(end_of("running", 8, milliseconds(0)), Next::ended);
  EXPECT_EQ(end_of("running", 7, milliseconds(999)), Next::look_again);
  EXPECT_EQ(end_of("held", 7, milliseconds(1'000)), Next::timed_out);
}

TEST(RolloutWait, ARestartOfWeirIsWaitedFor) {
  RolloutWait waiting(7, std::nullopt);
  waiting.saw(seen(make_report()), milliseconds(1'000));
  using Next = RolloutWait::Next;
  EXPECT_EQ(waiting.saw_nothing(milliseconds(2'000)).next, Next::look_again);
  EXPECT_EQ(waiting.saw_nothing(milliseconds(1'000) + RolloutWait::unreachable_max).next, Next::lost);
  EXPECT_EQ(waiting.saw(seen(make_report()), milliseconds(70'000)).next, Next::look_again);
  EXPECT_EQ(waiting.saw_nothing(milliseconds(70'500)).next, Next::look_again);
}

TEST(RolloutSimulate, SaysWhatTheSettingsDo) {
  rollout::Settings settings;
  settings.steps = {1'000, rollout::whole};
  settings.hold = milliseconds(30'000);
  settings.warmup = milliseconds(0);
  SimulateOptions options;
  options.rollouts = 20;
  options.jump = 0.3;
  options.requests_per_second = 80;
  const std::string text = simulate_rollouts(settings, {"api", "green", "blue"}, options, false);
  EXPECT_THAT(text, HasSubstr("taken back  20 of 20 (100.0 %), 20 of 20 within 200 canary requests"));
  const auto shown = boost::json::parse(simulate_rollouts(settings, {"api", "green", "blue"}, options, true));
  EXPECT_EQ(shown.at("worse").at("rolled_back"), 20);
  EXPECT_EQ(shown.at("equal").at("finished"), 20);
  EXPECT_EQ(simulate_rollouts(settings, {"api", "green", "blue"}, options, false), text) << "seeded";
}

}  // namespace
}  // namespace weir::control
