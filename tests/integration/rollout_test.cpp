// Rollouts in the real process: they go up, are taken back, held and steered, and outlive kills and reloads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "support/behaviours.hpp"
#include "support/steady_load.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;

/// Answers with its name, or fails one of so many requests.
struct Version {
  explicit Version(const std::string& name)
      : endpoint([name, state = state](EndpointConnection& connection, const Request& request) {
          const int in = state->fails_one_of;
          const bool fails = in != 0 && ++state->requests % in == 0;
          (fails ? behave::status(500) : behave::ok(name))(connection, request);
        }) {}

  void fail_one_of(int in) { state->fails_one_of = in; }

  struct State {
    std::atomic<int> fails_one_of = 0, requests = 0;
  };
  const std::shared_ptr<State> state = std::make_shared<State>();  // the connections' threads have it, too
  ScriptableEndpoint endpoint;
};

struct World {
  Version blue{"blue"}, green{"green"};
  TempDir state;
  std::string rollout =
      "rollout: { canary: green, steps: [10, 50, 100], hold: 1s, min_requests: 20, warmup: 0s, latency: "
      "false }";
  int blue_weight = 100;

  ConfigText config() const {
    ConfigText made = config_for(blue.endpoint.address());
    made.server += ", state_dir: \"" + state.path().string() + "\"";
    made.upstreams = {"green: { endpoints: [ \"" + green.endpoint.address() + "\" ] }"};
    made.default_route = false;
    made.routes = {
        "{ name: api, split: { targets: [ { upstream: app, weight: " + std::to_string(blue_weight) +
        " }, { upstream: green, weight: 0 } ] }" + (rollout.empty() ? "" : ", " + rollout) + " }"};
    return made;
  }
};

/// `weir GROUP ...` against that process.
Finished ask(const WeirProcess& weir, std::vector<std::string> arguments) {
  ProcessOptions options;
  options.arguments = std::move(arguments);
  options.arguments.push_back("--admin");
  options.arguments.push_back("127.0.0.1:" + std::to_string(weir.admin_port()));
  return run_to_end(weir_binary(), options);
}

Finished rollout(const WeirProcess& weir, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "rollout");
  return ask(weir, std::move(arguments));
}

/// A client that asks again and again, and counts errors.
void ask_again_and_again(const WeirProcess& weir, SteadyLoad& load) {
  RawClient client = weir.connect();
  while (!load.stopped()) load.count(client.get("/").status == 200);
}

boost::json::value report(const WeirProcess& weir) {
  return weir.admin_json("/api/v1/routes/api/rollout");
}
std::string state_of(const WeirProcess& weir) {
  return std::string(report(weir).at("state").as_string());
}
double share(const WeirProcess& weir) {
  return report(weir).at("weight_percent").to_number<double>();
}

std::vector<std::string> kinds_of_events(const WeirProcess& weir) {
  std::vector<std::string> kinds;
  const auto events = weir.admin_json("/api/v1/events?format=json");
  for (const auto& event : events.at("events").as_array()) {
    const std::string kind(event.at("kind").as_string());
    if (kind.starts_with("rollout_")) kinds.push_back(kind);
  }
  return kinds;
}

TEST(Rollout, EqualVersionsGoUpByThemselves) {
  World world;
  WeirProcess weir(world.config());
  SteadyLoad load(2, [&](SteadyLoad& self) { ask_again_and_again(weir, self); });
  const Finished run = rollout(weir, {"start", "api", "--wait", "--timeout", "60s", "--reason", "1.4"});
  load.stop();
  EXPECT_EQ(run.status, (ExitStatus{0, 0})) << run.errors;
  EXPECT_THAT(run.output, HasSubstr("api: green starts at 10 %, compared with app; steps 10 %, 50 %, 100 %"));
  EXPECT_THAT(run.output, HasSubstr("api: green goes from 10 % to 50 % after"));
  EXPECT_THAT(run.output, HasSubstr("api: finished, green has 100 %"));
  EXPECT_EQ(load.failed(), 0);
  EXPECT_EQ(weir.get("/").body, "green");
  EXPECT_EQ(kinds_of_events(weir),
            (std::vector<std::string>{"rollout_started", "rollout_step", "rollout_finished"}));
  EXPECT_EQ(weir.metric("weir_rollout_state", "state=\"finished\""), 1);
  EXPECT_GT(weir.metric("weir_rollout_units_total", "side=\"canary\",outcome=\"ok\""), 40);
  EXPECT_EQ(weir.metric("weir_split_weight", "upstream=\"green\""), 100);
  const auto split = weir.admin_json("/api/v1/routes/api/split");
  EXPECT_EQ(split.at("who"), "rollout");
  EXPECT_THAT(std::string(split.at("reason").as_string()), HasSubstr("finished"));
  EXPECT_THAT(ask(weir, {"status"}).output,
              HasSubstr("rollout   api: finished: api: finished, green has 100 %"));
}

TEST(Rollout, AJumpIsTakenBackAndSaysWhy) {
  World world;
  WeirProcess weir(world.config());
  world.green.fail_one_of(2);
  SteadyLoad load(2, [&](SteadyLoad& self) { ask_again_and_again(weir, self); });
  const Finished run = rollout(weir, {"start", "api", "--wait", "--timeout", "60s"});
  load.stop();
  EXPECT_EQ(run.status, (ExitStatus{4, 0})) << run.errors;
  EXPECT_THAT(run.output, HasSubstr("api: rolled back green from 10 % to 0 after"));
  EXPECT_THAT(run.output, HasSubstr("the limit is 1 of 100"));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(weir.get("/").body, "blue");
  EXPECT_EQ(weir.metric("weir_rollout_decisions_total", "decision=\"rolled_back_evidence\""), 1);
  const auto events = weir.admin_json("/api/v1/events?format=json").at("events").as_array();
  const auto& last = events.back();
  EXPECT_EQ(last.at("kind"), "rollout_rolled_back");
  EXPECT_EQ(last.at("route"), "api");
  EXPECT_EQ(last.at("cause"), "evidence");
  EXPECT_EQ(last.at("numbers").at("from_percent"), 10);
  EXPECT_GE(last.at("numbers").at("evidence").to_number<double>(), 100);
  EXPECT_THAT(weir.process().error_text(), HasSubstr("rolled back green"));
}

TEST(Rollout, OperatorsSteerIt) {
  World world;
  world.rollout = "rollout: { canary: green, steps: [10, 50, 100], hold: 1h, warmup: 0s }";
  WeirProcess weir(world.config());
  EXPECT_EQ(rollout(weir, {"hold", "api"}).status, (ExitStatus{1, 0}));
  EXPECT_THAT(rollout(weir, {"status"}).output, HasSubstr("api: no rollout was started"));
  EXPECT_EQ(rollout(weir, {"watch", "api"}).status, (ExitStatus{1, 0}));
  const Finished started = rollout(weir, {"start", "api", "--steps", "20,60", "--reason", "1.4"});
  EXPECT_EQ(started.status, (ExitStatus{0, 0})) << started.errors;
  EXPECT_THAT(started.output, HasSubstr("green starts at 20 %"));
  const Finished again = rollout(weir, {"start", "api"});
  EXPECT_EQ(again.status, (ExitStatus{1, 0}));
  EXPECT_THAT(again.errors, HasSubstr("a rollout runs: green has 20 %"));
  EXPECT_THAT(rollout(weir, {"hold", "api", "--reason", "lunch"}).output,
              HasSubstr("by an operator (lunch)"));
  EXPECT_EQ(state_of(weir), "held");
  EXPECT_THAT(rollout(weir, {"status", "api"}).output, HasSubstr("api: held (operator), green has 20 %"));
  EXPECT_EQ(rollout(weir, {"start", "api", "--wait", "--timeout", "1s"}).status, (ExitStatus{1, 0}));
  EXPECT_EQ(rollout(weir, {"watch", "api", "--timeout", "1s"}).status, (ExitStatus{5, 0}));
  EXPECT_THAT(rollout(weir, {"resume", "api"}).output, HasSubstr("goes on at 20 %"));
  EXPECT_THAT(rollout(weir, {"promote", "api", "--to", "40"}).output, HasSubstr("from 20 % to 40 %"));
  EXPECT_EQ(share(weir), 40);
  EXPECT_EQ(rollout(weir, {"promote", "api", "--to", "30"}).status, (ExitStatus{1, 0}));
  EXPECT_EQ(rollout(weir, {"promote", "api", "--to", "x"}).status, (ExitStatus{2, 0}));
  EXPECT_EQ(rollout(weir, {"rollback", "api"}).status, (ExitStatus{2, 0})) << "needs a reason";
  EXPECT_EQ(rollout(weir, {"rollback", "api", "--reason", "no"}).status, (ExitStatus{0, 0}));
  EXPECT_EQ(state_of(weir), "rolled_back");
  EXPECT_EQ(rollout(weir, {"rollback", "api", "--reason", "no"}).status, (ExitStatus{1, 0}));
  EXPECT_EQ(rollout(weir, {"status", "other"}).status, (ExitStatus{1, 0}));
  const auto audit = weir.admin_json("/api/v1/audit").at("audit").as_array();
  ASSERT_GE(audit.size(), 5U);
  std::vector<std::string> actions;
  for (const auto& line : audit) actions.emplace_back(line.at("action").as_string());
  for (const char* action :
       {"rollout_started", "rollout_held", "rollout_resumed", "rollout_step", "rollout_rolled_back"})
    EXPECT_THAT(actions, ::testing::Contains(action));
}

TEST(Rollout, OfAnotherGenerationNothingIsDone) {
  World world;
  WeirProcess weir(world.config());
  const std::string tag(report(weir).at("tag").as_string());
  EXPECT_EQ(rollout(weir, {"start", "api", "--if-generation", "99"}).status, (ExitStatus{1, 0}));
  EXPECT_EQ(rollout(weir, {"start", "api", "--if-generation", tag}).status, (ExitStatus{0, 0}));
  EXPECT_EQ(rollout(weir, {"hold", "api", "--if-generation", tag}).status, (ExitStatus{1, 0}));
}

TEST(Rollout, AKillInTheMiddleOfAStepGoesOnThere) {
  World world;
  world.rollout = "rollout: { canary: green, steps: [10, 50, 100], hold: 1h, warmup: 0s, latency: false }";
  std::uint64_t id = 0;
  {
    WeirProcess weir(world.config());
    ASSERT_EQ(rollout(weir, {"start", "api"}).status, (ExitStatus{0, 0}));
    ASSERT_EQ(rollout(weir, {"promote", "api"}).status, (ExitStatus{0, 0}));
    id = report(weir).at("id").to_number<std::uint64_t>();
    weir.signal(SIGKILL);
    EXPECT_EQ(weir.process().wait_exit().signal, SIGKILL);
  }
  {
    WeirProcess weir(world.config());
    EXPECT_EQ(report(weir).at("id").to_number<std::uint64_t>(), id);
    EXPECT_EQ(state_of(weir), "running");
    EXPECT_EQ(share(weir), 50);
    EXPECT_EQ(report(weir).at("step"), 2);
    EXPECT_EQ(weir.metric("weir_split_weight", "upstream=\"green\""), 50);
    for (int i = 0; i < 40; ++i) weir.get("/");
    eventually("they are counted",
               [&] { return report(weir).at("sides").at("canary").at("requests").to_number<int>() >= 10; });
    EXPECT_EQ(weir.stop(), (ExitStatus{0, 0}));
  }
  WeirProcess weir(world.config());
  EXPECT_GE(report(weir).at("sides").at("canary").at("requests").to_number<int>(), 10)
      << "a drain saves what was counted";
  world.green.fail_one_of(1);
  SteadyLoad load(1, [&](SteadyLoad& self) { ask_again_and_again(weir, self); });
  EXPECT_EQ(rollout(weir, {"watch", "api", "--timeout", "60s"}).status, (ExitStatus{4, 0}));
}

TEST(Rollout, AReloadGoesOnOrEndsIt) {
  World world;
  world.rollout = "rollout: { canary: green, steps: [10, 50, 100], hold: 1h }";
  WeirProcess weir(world.config());
  ASSERT_EQ(rollout(weir, {"start", "api"}).status, (ExitStatus{0, 0}));
  weir.reload(world.config());
  EXPECT_EQ(state_of(weir), "running");
  EXPECT_EQ(weir.metric("weir_split_weight", "upstream=\"green\""), 10);
  world.rollout = "rollout: { canary: green, steps: [10, 50, 100], hold: 2h }";
  weir.reload(world.config());
  weir.process().wait_for_error_text("goes on with the settings that it began with");
  EXPECT_EQ(share(weir), 10);
  world.blue_weight = 50;
  weir.reload(world.config());
  EXPECT_EQ(state_of(weir), "aborted");
  EXPECT_EQ(weir.metric("weir_split_weight", "upstream=\"green\""), 0);
  ASSERT_EQ(rollout(weir, {"start", "api"}).status, (ExitStatus{0, 0}));
  world.rollout.clear();
  weir.reload(world.config());
  EXPECT_EQ(weir.admin("/api/v1/routes/api/rollout").status, 404);
  EXPECT_EQ(weir.metric("weir_split_weight", "upstream=\"green\""), 0);
  EXPECT_EQ(kinds_of_events(weir), (std::vector<std::string>{"rollout_started", "rollout_aborted",
                                                             "rollout_started", "rollout_aborted"}));
}

TEST(Rollout, SplitSetIsRefusedUnlessItSaysSo) {
  World world;
  world.rollout = "rollout: { canary: green, steps: [10, 50, 100], hold: 1h }";
  WeirProcess weir(world.config());
  ASSERT_EQ(rollout(weir, {"start", "api"}).status, (ExitStatus{0, 0}));
  EXPECT_THAT(ask(weir, {"split", "get", "api"}).output, HasSubstr("set by rollout at"));
  const Finished refused = ask(weir, {"split", "set", "api", "app=70", "green=30"});
  EXPECT_EQ(refused.status, (ExitStatus{1, 0}));
  EXPECT_THAT(refused.errors, HasSubstr("a rollout runs on that route, green has 10 %"));
  EXPECT_EQ(share(weir), 10);
  const Finished set =
      ask(weir, {"split", "set", "api", "app=70", "green=30", "--abort-rollout", "--reason", "by hand"});
  EXPECT_EQ(set.status, (ExitStatus{0, 0})) << set.errors;
  EXPECT_EQ(weir.metric("weir_split_weight", "upstream=\"green\""), 30);
  EXPECT_EQ(state_of(weir), "aborted");
  EXPECT_EQ(kinds_of_events(weir), (std::vector<std::string>{"rollout_started", "rollout_aborted"}));
}

TEST(Rollout, WhenTheCanaryDiesNoClientSeesAnError) {
  World world;
  world.rollout = "rollout: { canary: green, steps: [50, 100], hold: 1h, warmup: 0s, latency: false }";
  WeirProcess weir(world.config());
  ASSERT_EQ(rollout(weir, {"start", "api"}).status, (ExitStatus{0, 0}));
  SteadyLoad load(2, [&](SteadyLoad& self) { ask_again_and_again(weir, self); });
  eventually("both versions serve", [&] { return world.green.endpoint.request_count() > 20; });
  world.green.endpoint.stop();
  EXPECT_EQ(rollout(weir, {"watch", "api", "--timeout", "60s"}).status, (ExitStatus{4, 0}));
  load.stop();
  EXPECT_EQ(load.failed(), 0);
  EXPECT_GT(load.answered(), 40);
}

TEST(Rollout, ACauseThatBothShareHoldsIt) {
  World world;
  world.rollout = "rollout: { canary: green, steps: [50, 100], hold: 1h, warmup: 0s, latency: false }";
  WeirProcess weir(world.config());
  ASSERT_EQ(rollout(weir, {"start", "api"}).status, (ExitStatus{0, 0}));
  SteadyLoad load(2, [&](SteadyLoad& self) { ask_again_and_again(weir, self); });
  eventually(
      "there is a past to compare with",  // what leaves the last ten seconds
      [&] { return report(weir).at("seconds").to_number<double>() > 12; },
      Deadline(std::chrono::seconds{40}));
  world.blue.fail_one_of(3);
  world.green.fail_one_of(3);
  eventually("it is held", [&] { return state_of(weir) == "held"; });
  EXPECT_EQ(report(weir).at("held").at(0), "shared_cause");
  EXPECT_EQ(share(weir), 50);
  world.blue.fail_one_of(0);
  world.green.fail_one_of(0);
  EXPECT_THAT(rollout(weir, {"resume", "api", "--reason", "mended"}).output, HasSubstr("goes on at 50 %"));
  EXPECT_EQ(state_of(weir), "running");
}

TEST(Rollout, SimulateNeedsNoRunningProcess) {
  World world;
  TempDir folder;
  folder.write("weir.yaml", world.config().yaml());
  ProcessOptions options;
  options.arguments = {"rollout", "simulate",   "-c",   folder.file("weir.yaml"),
                       "api",     "--base",     "0.5%", "--jump",
                       "30%",     "--rps",      "100",  "--seed",
                       "1",       "--rollouts", "20"};
  const Finished run = run_to_end(weir_binary(), options);
  EXPECT_EQ(run.status, (ExitStatus{0, 0})) << run.errors;
  EXPECT_THAT(run.output, HasSubstr("api: green compared with app, steps 10 %, 50 %, 100 %"));
  EXPECT_THAT(run.output, HasSubstr("taken back  20 of 20"));
  options.arguments[4] = "other";
  EXPECT_EQ(run_to_end(weir_binary(), options).status, (ExitStatus{1, 0}));
}

}  // namespace
}  // namespace weir::testing
