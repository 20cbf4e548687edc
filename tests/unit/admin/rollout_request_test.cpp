// The bodies of POST and PUT /api/v1/routes/NAME/rollout, and what is answered.
#include "admin/rollout_request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "admin/rollout_report.hpp"

namespace weir::control {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using Problems = std::vector<std::string>;

RolloutStartRequest started(std::string_view body) {
  const auto parsed = parse_rollout_start(body);
  EXPECT_TRUE(std::holds_alternative<RolloutStartRequest>(parsed)) << body;
  return std::get<RolloutStartRequest>(parsed);
}
Problems start_problems(std::string_view body) {
  const auto parsed = parse_rollout_start(body);
  EXPECT_TRUE(std::holds_alternative<Problems>(parsed)) << body;
  return std::holds_alternative<Problems>(parsed) ? std::get<Problems>(parsed) : Problems{};
}
Problems change_problems(std::string_view body) {
  const auto parsed = parse_rollout_change(body);
  EXPECT_TRUE(std::holds_alternative<Problems>(parsed)) << body;
  return std::holds_alternative<Problems>(parsed) ? std::get<Problems>(parsed) : Problems{};
}

TEST(RolloutRequest, AStartMayBeEmpty) {
  for (const char* body : {"", "{}"}) {
    const auto request = started(body);
    EXPECT_TRUE(request.steps.empty());
    EXPECT_FALSE(request.keep);
  }
}

TEST(RolloutRequest, AStartMayHaveStepsOfItsOwn) {
  const auto request =
      started(R"({"steps":[0.5,10,100],"keep":true,"reason":"1.4","who":"ada","generation":"1f0c9a3e-7"})");
  EXPECT_EQ(request.steps, (std::vector<rollout::Share>{50, 1'000, 10'000}));
  EXPECT_TRUE(request.keep);
  EXPECT_EQ(request.reason, "1.4");
  EXPECT_EQ(request.who, "ada");
  EXPECT_EQ(request.generation, "1f0c9a3e-7");
}

TEST(RolloutRequest, WhatIsWrongWithAStartIsSaid) {
  for (const char* body : {R"({"steps":[]})", R"({"steps":5})", R"({"steps":["5"]})", R"({"steps":[0]})",
                           R"({"steps":[101]})", R"({"steps":[0.001]})", R"({"steps":[1e999]})"})
    EXPECT_FALSE(start_problems(body).empty()) << body;
  EXPECT_THAT(start_problems(R"({"keep":1})"), Contains(HasSubstr("keep: must be true or false")));
  EXPECT_THAT(start_problems(R"({"step":[5]})"), Contains(HasSubstr("step: unknown")));
  EXPECT_THAT(start_problems("[]"), Contains("the body must be a JSON object"));
  EXPECT_THAT(start_problems(R"({"reason":"a\nb"})"), Contains(HasSubstr("reason: must be one line")));
  EXPECT_THAT(start_problems(R"({"generation":"x"})"), Contains(HasSubstr("generation: ")));
}

TEST(RolloutRequest, AChangeHasAnAction) {
  const auto parsed = parse_rollout_change(R"({"action":"promote","to":50,"reason":"looks fine"})");
  ASSERT_TRUE(std::holds_alternative<RolloutChangeRequest>(parsed));
  EXPECT_EQ(std::get<RolloutChangeRequest>(parsed).action, "promote");
  EXPECT_EQ(std::get<RolloutChangeRequest>(parsed).to, 5'000U);
}

TEST(RolloutRequest, WhatIsWrongWithAChangeIsSaid) {
  EXPECT_THAT(change_problems("{}"), Contains("action: is missing"));
  EXPECT_THAT(change_problems(R"({"action":"stop"})"), Contains(HasSubstr("action: must be hold, resume")));
  EXPECT_THAT(change_problems(R"({"action":"hold","to":5})"), Contains("to: only goes with promote"));
  EXPECT_THAT(change_problems(R"({"action":"promote","to":0})"),
              Contains(HasSubstr("to: must be a percent")));
  EXPECT_THAT(change_problems(R"({"action":"rollback"})"), Contains(HasSubstr("reason: is missing")));
  EXPECT_THAT(change_problems(R"({"action":"hold","action":"resume"})"), Contains(HasSubstr("there twice")));
}

TEST(RolloutRequest, ThePathNamesARoute) {
  EXPECT_EQ(route_of_rollout("/api/v1/routes/api/rollout"), "api");
  EXPECT_EQ(route_of_rollout("/api/v1/routes/api/rollout?x=1"), "api");
  for (const char* target : {"/api/v1/routes//rollout", "/api/v1/routes/a/b/rollout",
                             "/api/v1/routes/rollout", "/api/v1/routes/api/split", "/api/v1/rollouts"})
    EXPECT_EQ(route_of_rollout(target), "") << target;
}

TEST(RolloutReport, BeforeTheFirstOneThereAreOnlyItsSettings) {
  RolloutReport report;
  report.route = "api";
  report.canary = "green";
  report.steps = {5, 100};
  const auto shown = boost::json::parse(to_json(report));
  EXPECT_EQ(shown.at("state"), "none");
  EXPECT_EQ(shown.at("steps").as_array().size(), 2U);
  EXPECT_FALSE(shown.as_object().contains("id"));
}

TEST(RolloutReport, ShowsItsNumbers) {
  RolloutReport report;
  report.route = "api";
  report.state = "held";
  report.held = {"operator", "low_traffic"};
  report.id = 1'763'690'400'000;
  report.by_client = true;
  report.weight_percent = 5;
  report.canary_side = {98, 7, 1, 40, 12.5};
  report.evidence = {{"failures", 31.23456}, {"latency", 0.5}};
  report.limit = 100;
  report.done = {{3, {}, "held", "low_traffic", 5, 5, "api: green is held at 5 %."}};
  const auto shown = boost::json::parse(to_json(std::vector{report})).at("rollouts").at(0);
  EXPECT_EQ(shown.at("held").as_array().size(), 2U);
  EXPECT_EQ(shown.at("unit"), "client");
  EXPECT_EQ(shown.at("sides").at("canary").at("clients"), 40);
  EXPECT_EQ(shown.at("sides").at("canary").at("p95_ms"), 12.5);
  EXPECT_FALSE(shown.at("sides").at("comparison").as_object().contains("p95_ms"));
  EXPECT_EQ(shown.at("evidence").at("failures"), 31.235);
  EXPECT_EQ(shown.at("done").at(0).at("number"), 3);
}

}  // namespace
}  // namespace weir::control
