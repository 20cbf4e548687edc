// Promotion and rollback: which weights they put, and when they refuse.
#include "control/split_verbs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace weir::control {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<const config::Config> make_config() {
  auto config = std::make_shared<config::Config>();
  config->upstreams.resize(2);
  config->upstreams[0].name = "blue";
  config->upstreams[1].name = "green";
  config::Route route;
  route.name = "api";
  config::ProxyAction action;
  action.upstream = config::no_upstream;
  action.split.emplace().targets = {{0, 100}, {1, 0}};
  route.action = action;
  config->routes.push_back(route);
  route.name = "plain";
  route.action = config::ProxyAction{};
  config->routes.push_back(route);
  return config;
}

class SplitVerbsTest : public ::testing::Test {
 protected:
  SplitVerbsTest() : verbs(store, host()) {}

  SplitVerbHost host() {
    SplitVerbHost made;
    made.config = [this] { return config; };
    made.report = [this](const config::Route& route) { return report(route); };
    made.put = [this](const config::Route& route, const WeightChange& change,
                      const Reply<SplitOutcome>& reply) {
      EXPECT_TRUE(store.set(*config, route, change, std::chrono::system_clock::now()));
      put = change;
      SplitOutcome outcome;
      outcome.report = report(route);
      reply(outcome);
    };
    made.is_generation = [](std::string_view text) { return text == "7"; };
    made.draining = [this] { return draining; };
    made.rollout_runs = [this](std::string_view route) { return route == rollout; };
    return made;
  }
  SplitReport report(const config::Route& route) const {
    SplitReport made;
    made.route = route.name;
    const auto weights = store.weights_of(route);
    made.targets = {{"blue", 100, weights[0], 1, 1}, {"green", 0, weights[1], healthy, 1}};
    return made;
  }
  RouteVerbOutcome call(RouteVerb verb, const std::string& body = R"({"reason":"x"})",
                        const std::string& route = "api") {
    std::optional<RouteVerbOutcome> outcome;
    verbs.call({verb, true, route, body, "127.0.0.1"},
               [&outcome](const RouteVerbOutcome& got) { outcome = got; });
    return outcome.value();
  }

  std::shared_ptr<const config::Config> config = make_config();
  AuditLog audit;
  SplitStore store{audit};
  bool draining = false;
  std::string rollout;
  std::size_t healthy = 1;
  std::optional<WeightChange> put;
  SplitVerbs verbs;
};

TEST_F(SplitVerbsTest, AReasonWhoAndAnActionGoWithTheChange) {
  const RouteVerbOutcome outcome = call(RouteVerb::promote, R"({"reason":"1.4","who":"ada"})");
  EXPECT_EQ(outcome.status, 200) << outcome.detail;
  EXPECT_THAT(outcome.json, HasSubstr(R"("effective":100,"share":1)"));
  ASSERT_TRUE(put);
  EXPECT_EQ(split::to_string(put->weights), "blue=0 green=100");
  EXPECT_EQ(put->action, "split_promote");
  EXPECT_EQ(put->reason, "1.4");
  EXPECT_EQ(put->who, "ada from 127.0.0.1");
  EXPECT_EQ(call(RouteVerb::rollback).status, 200);
  EXPECT_EQ(split::to_string(put->weights), "blue=100 green=0");
  EXPECT_EQ(put->action, "split_rollback");
}

TEST_F(SplitVerbsTest, ARunningRolloutIsAskedByItsOwnCommands) {
  rollout = "api";
  EXPECT_THAT(call(RouteVerb::promote).detail, HasSubstr("use weir rollout promote api"));
  EXPECT_THAT(call(RouteVerb::rollback).detail, HasSubstr("use weir rollout rollback api"));
  EXPECT_EQ(call(RouteVerb::rollback).status, 409);
  EXPECT_FALSE(put);
}

TEST_F(SplitVerbsTest, Refusals) {
  EXPECT_EQ(call(RouteVerb::promote, R"({"reason":"x"})", "none").status, 404);
  EXPECT_EQ(call(RouteVerb::promote, R"({"reason":"x"})", "plain").status, 404);
  EXPECT_EQ(call(RouteVerb::promote, "{}").status, 422);
  EXPECT_EQ(call(RouteVerb::promote, R"({"reason":"x","generation":6})").status, 409);
  EXPECT_EQ(call(RouteVerb::promote, R"({"reason":"x","to":"red"})").status, 409);
  EXPECT_EQ(call(RouteVerb::rollback).status, 409);
  healthy = 0;
  EXPECT_THAT(call(RouteVerb::promote).detail, HasSubstr("green has no endpoint in use (0 of 1)"));
  draining = true;
  EXPECT_EQ(call(RouteVerb::promote).status, 503);
  EXPECT_FALSE(put);
}

TEST_F(SplitVerbsTest, TheGenerationInUseIsTaken) {
  EXPECT_EQ(call(RouteVerb::promote, R"({"reason":"x","generation":7})").status, 200);
}

}  // namespace
}  // namespace weir::control
