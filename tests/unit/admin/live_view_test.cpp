// What the stream shows of facts, rates and history, as JSON.
#include "admin/live_view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace weir::control {
namespace {

namespace json = boost::json;

const SystemTime wall = std::chrono::sys_days(std::chrono::year(2026) / 1 / 31);

/// A configuration of one route and one upstream, with traffic.
class LiveView : public ::testing::Test {
 protected:
  LiveView() {
    facts_.boot_mark = "1f0c9a3e";
    facts_.has_token = true;
    facts_.status.state = RunState::ready;
    facts_.status.generation = 7;
    facts_.status.started = wall;
    facts_.status.listeners = {{"http", "127.0.0.1:8080", false, 10, 1, 2}};
    facts_.routes = {{"api", "example.com /", "proxy", {"blue"}}};
    EndpointReport endpoint;
    endpoint.address = "10.0.0.1:80";
    UpstreamReport blue;
    blue.name = "blue";
    blue.endpoints = {endpoint};
    facts_.upstreams = {blue};
    facts_.limits = {{"per-client", 12, 1, false}};
    facts_.certificates = {{"https", "example.com", wall}};
    facts_.audit = {R"({"at":"2026-01-31T00:00:00.000Z","who":"ann","action":"reload"})", "{cut of"};
  }

  void second(int requests, int status = 200) {
    for (int i = 0; i < requests; ++i) {
      metrics_.request_started(names_.intern("api"));
      metrics_.request_finished(names_.intern("api"), names_.intern("blue"), http::Method::get, status,
                                0.004);
    }
    now_ += std::chrono::seconds(1);
    history_.add(metrics_, names_, {{"api"}, {"blue"}, {{"blue", "10.0.0.1:80"}}}, now_);
    limits_.add(metrics_, names_, facts_.limits, now_);
  }
  json::object view() const { return live_view(facts_, history_, limits_, wall); }

  LiveFacts facts_;
  observe::NameTable names_;
  observe::WorkerMetrics metrics_;
  observe::TrafficHistory history_;
  LimitRates limits_;
  TimePoint now_{std::chrono::hours(1)};
};

TEST_F(LiveView, ShowsWhatEachWorkerDoes) {
  WorkerRates rates;
  observe::WorkerMetrics merged;
  merged.shares = {{1, 100, 7}, {0, 300, 3}};
  EXPECT_EQ(rates.add(merged, now_)[0].per_second, 0) << "nothing to compare with";
  merged.shares = {{0, 500, 4}, {1, 100, 8}};
  facts_.workers = rates.add(merged, now_ + std::chrono::seconds(2));
  const json::value shown = view();
  EXPECT_EQ(shown.at("workers"), json::parse(R"([{"requests":500,"rps":100,"connections":4},
    {"requests":100,"rps":0,"connections":8}])"));
}

TEST_F(LiveView, ShowsEverySection) {
  second(0);
  second(8);
  const json::value shown = view();
  EXPECT_EQ(shown.at("at"), "2026-01-31T00:00:00.000Z");
  EXPECT_EQ(shown.at("process").at("state"), "ready");
  EXPECT_EQ(shown.at("process").at("token_needed"), true);
  EXPECT_EQ(shown.at("config").at("tag"), "1f0c9a3e-7");
  EXPECT_EQ(shown.at("traffic").at("rps"), 8);
  EXPECT_EQ(shown.at("traffic").at("connections").at("idle"), 2);
  EXPECT_EQ(shown.at("routes").at("api").at("rps"), 8);
  EXPECT_EQ(shown.at("routes").at("api").at("match"), "example.com /");
  EXPECT_EQ(shown.at("routes").at("api").at("p50_ms"), 3.75);
  EXPECT_EQ(shown.at("upstreams").at("blue").at("rps"), 8);
  EXPECT_EQ(shown.at("upstreams").at("blue").at("endpoints").at("10.0.0.1:80").at("state"), "healthy");
  EXPECT_EQ(shown.at("limits").at("per-client").at("keys"), 12);
  EXPECT_EQ(shown.at("listeners").at("http").at("accepted"), 10);
  EXPECT_EQ(shown.at("certificates").at(0).at("subject"), "example.com");
  ASSERT_EQ(shown.at("audit").as_array().size(), 1u) << "a line that is cut is left out";
  EXPECT_EQ(shown.at("audit").at(0).at("who"), "ann");
  EXPECT_EQ(shown.at("left_out").at("endpoints"), 0);
}

TEST_F(LiveView, ShowsARouteThatIsPausedAndTheGuard) {
  PauseReport pause;
  pause.route = "api";
  pause.queue = 4;
  facts_.status.pauses = {pause};
  EXPECT_FALSE(view().at("routes").at("api").as_object().contains("pause")) << "requests leave it";
  EXPECT_EQ(view().at("config").at("guard"), json::parse(R"({"state":"none"})"));
  pause.paused = true;
  pause.waiting = 3;
  pause.who = "ann";
  pause.reason = "restart";
  pause.until = wall;
  facts_.status.pauses = {pause, pause};
  facts_.status.pauses.back().route = "left out";
  facts_.status.guard.state = GuardReport::State::kept;
  facts_.status.guard.text = "in 30 s 0 of 9 failed";
  EXPECT_EQ(view().at("routes").at("api").at("pause"), json::parse(R"({"who":"ann","reason":"restart",
    "until":"2026-01-31T00:00:00.000Z","waiting":3,"queue":4})"));
  EXPECT_EQ(view().at("config").at("guard").at("text"), "in 30 s 0 of 9 failed");
}

/// So that an idle process sends next to nothing.
TEST_F(LiveView, TwoMomentsWithoutTrafficAreTheSame) {
  second(3);
  for (int i = 0; i < 12; ++i) second(0);
  const json::object before = view();
  second(0);
  EXPECT_EQ(json::serialize(before), json::serialize(view()));
}

TEST_F(LiveView, LimitsHaveRates) {
  second(0);
  observe::LimitCounters& counters = metrics_.limit(names_.intern("per-client"), names_.intern("api"));
  counters.refused = 5;
  metrics_.limit(names_.intern("per-client"), names_.intern("web")).refused = 1;
  second(0);
  const json::value shown = view();
  EXPECT_EQ(shown.at("limits").at("per-client").at("refused"), 6);
  EXPECT_EQ(shown.at("limits").at("per-client").at("refused_ps"), 6);
  EXPECT_EQ(shown.at("limits").at("per-client").at("mode"), "refuse");
}

TEST_F(LiveView, HistoryLeavesOutWhatIsEmpty) {
  second(0);
  EXPECT_EQ(json::serialize(history_object(history_)),
            R"({"seconds":0,"all":{},"routes":{},"upstreams":{}})");
  second(4);
  second(0);
  now_ += std::chrono::seconds(1);
  second(2);
  EXPECT_EQ(json::serialize(history_object(history_).at("routes").at("api").at("requests")), "[4,0,null,1]");
  EXPECT_FALSE(history_object(history_).at("all").as_object().contains("failed"));
  second(1, 503);
  EXPECT_EQ(json::serialize(history_object(history_).at("upstreams").at("blue").at("failed")),
            "[0,0,null,0,1]");
}

TEST_F(LiveView, EndpointsPastTheBoundAreCounted) {
  for (std::size_t i = 0; i < observe::TrafficHistory::endpoints_max + 5; ++i) {
    EndpointReport endpoint;
    endpoint.address = "10.1.0.1:" + std::to_string(i);
    facts_.upstreams[0].endpoints.push_back(endpoint);
  }
  facts_.left_out = {3, 2};
  const json::value shown = view();
  EXPECT_EQ(json::serialize(shown.at("left_out")), R"({"routes":3,"upstreams":2,"endpoints":6})");
  EXPECT_EQ(shown.at("upstreams").at("blue").at("endpoints").as_object().size(),
            observe::TrafficHistory::endpoints_max);
}

}  // namespace
}  // namespace weir::control
