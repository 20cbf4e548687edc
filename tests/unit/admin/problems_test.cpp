// What counts as a problem, how bad it is, and the sentence for it.
#include "admin/problems.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace weir::control {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
namespace json = boost::json;

const SystemTime now = std::chrono::sys_days(std::chrono::year(2026) / 1 / 31);

EndpointReport endpoint(const std::string& address, const std::string& state = "healthy") {
  EndpointReport report;
  report.address = address;
  report.state = state;
  return report;
}

LiveFacts healthy() {
  LiveFacts facts;
  facts.status.state = RunState::ready;
  UpstreamReport blue;
  blue.name = "blue";
  blue.endpoints = {endpoint("10.0.0.1:80"), endpoint("10.0.0.2:80")};
  facts.upstreams = {blue};
  return facts;
}

/// `SEVERITY: TEXT`, one each.
std::vector<std::string> texts(const LiveFacts& facts) {
  std::vector<std::string> found;
  for (const json::value& one : problems(facts, now))
    found.push_back(std::string(one.at("severity").as_string()) + ": " +
                    std::string(one.at("text").as_string()));
  return found;
}

TEST(Problems, AreNoneWhereAllIsWell) {
  EXPECT_THAT(texts(healthy()), IsEmpty());
}

TEST(Problems, NameTheEndpointThatIsOutAndWhy) {
  LiveFacts facts = healthy();
  facts.upstreams[0].endpoints[1].state = "ejected";
  facts.upstreams[0].endpoints[1].why = "5 failures in a row (reset)";
  EXPECT_THAT(texts(facts), ElementsAre("warn: blue/10.0.0.2:80 is ejected: 5 failures in a row (reset)."));
  const json::array found = problems(facts, now);
  EXPECT_EQ(found.at(0).at("about"), "upstream");
  EXPECT_EQ(found.at(0).at("name"), "blue");
}

TEST(Problems, ARouteThatIsPausedIsSaid) {
  LiveFacts facts = healthy();
  PauseReport pause;
  pause.route = "api";
  pause.waiting = 3;  // requests that leave after a pause
  pause.queue = 4;
  facts.status.pauses = {pause};
  EXPECT_THAT(texts(facts), IsEmpty());
  pause.paused = true;
  pause.who = "root@edge";
  pause.until = now;
  facts.status.pauses = {pause};
  EXPECT_THAT(texts(facts),
              ElementsAre("note: Route api is paused until 2026-01-31T00:00:00.000Z by root@edge."));
  pause.waiting = 4;
  pause.reason = "restart";
  facts.status.pauses = {pause};
  EXPECT_THAT(texts(facts),
              ElementsAre("bad: Route api is paused until 2026-01-31T00:00:00.000Z by root@edge: "
                          "restart; as many requests wait as may, so further ones get 503."));
  EXPECT_EQ(problems(facts, now).at(0).at("about"), "route");
}

TEST(Problems, AReloadThatWasTakenBackWasNotRefused) {
  LiveFacts facts = healthy();
  facts.status.generation = 6;
  facts.status.last_reload_error = "taken back: 9 of 9 requests of route api failed.";
  facts.status.guard.state = GuardReport::State::taken_back;
  EXPECT_THAT(
      texts(facts),
      ElementsAre(
          "bad: The last reload was taken back: 9 of 9 requests of route api failed. Generation 6 has "
          "the configuration before it."));
  facts.status.last_reload_error = "weir.yaml:3:1: routes: unknown key";  // a later one
  EXPECT_THAT(texts(facts),
              ElementsAre("bad: The last reload was refused, generation 6 stays: weir.yaml:3:1: "
                          "routes: unknown key"));
}

TEST(Problems, OneThatFailsAndIsKeptInUseIsListedWithItsReason) {
  LiveFacts facts = healthy();
  facts.upstreams[0].endpoints[1].kept =
      "5 consecutive failures; it stays in use, because others are out already";
  EXPECT_THAT(texts(facts),
              ElementsAre("warn: blue/10.0.0.2:80 fails: 5 consecutive failures; it stays in use, because "
                          "others are out already."));
  facts.upstreams[0].endpoints[0].state = "check_failed";
  EXPECT_THAT(texts(facts),
              ElementsAre("bad: blue/10.0.0.2:80 fails: 5 consecutive failures; it stays in use, because "
                          "others are out already.",
                          "warn: blue/10.0.0.1:80 is check_failed."))
      << "no request gets through";
  facts.upstreams[0].endpoints[1].state = "drain";
  facts.upstreams[0].endpoints[1].taken_out = TakenOut{"ann", "", now};
  EXPECT_EQ(texts(facts).front(), "bad: blue has no endpoint to use: 2 of 2 are out.");
  EXPECT_EQ(texts(facts).size(), 3U) << "it is out";
}

TEST(Problems, WhatAnOperatorWantedIsOnlyNoted) {
  LiveFacts facts = healthy();
  facts.upstreams[0].endpoints[0].state = "drain";
  facts.upstreams[0].endpoints[0].taken_out = TakenOut{"ann from 10.0.0.9", "new kernel", now};
  EXPECT_THAT(texts(facts), ElementsAre("note: blue/10.0.0.1:80 is drain by ann from 10.0.0.9: new kernel."));
}

TEST(Problems, TheWorstComeFirst) {
  LiveFacts facts = healthy();
  facts.upstreams[0].endpoints[0].state = "drain";
  facts.upstreams[0].endpoints[0].taken_out = TakenOut{"ann", "", now};
  facts.upstreams[0].endpoints[1].state = "check_failed";
  facts.status.generation = 4;
  facts.status.last_reload_error = "weir.yaml:3:1: routes: unknown key";
  EXPECT_THAT(
      texts(facts),
      ElementsAre("bad: The last reload was refused, generation 4 stays: weir.yaml:3:1: routes: unknown key",
                  "bad: blue has no endpoint to use: 2 of 2 are out.",
                  "warn: blue/10.0.0.2:80 is check_failed.", "note: blue/10.0.0.1:80 is drain by ann."));
  facts.upstreams[0].panic = true;
  EXPECT_EQ(texts(facts)[1],
            "bad: blue is in panic: 2 of 2 endpoints are out, so all that no operator took out are used.");
}

TEST(Problems, ARolloutThatIsHeldOrWasTakenBackIsOne) {
  LiveFacts facts = healthy();
  RolloutReport rollout;
  rollout.route = "api";
  rollout.state = "running";
  rollout.done.push_back({1, now - std::chrono::minutes(5), "started", "none", 0, 5, "api: started."});
  facts.rollouts = {rollout};
  EXPECT_THAT(texts(facts), IsEmpty());
  facts.rollouts[0].state = "held";
  facts.rollouts[0].held = {"low_traffic"};
  facts.rollouts[0].done.push_back({2, now, "held", "low_traffic", 5, 5, "api: held at 5 %."});
  EXPECT_THAT(texts(facts), ElementsAre("warn: api: held at 5 %."));
  facts.rollouts[0].held = {"operator"};
  EXPECT_THAT(texts(facts), IsEmpty()) << "an operator wanted it so";
  facts.rollouts[0].state = "rolled_back";
  facts.rollouts[0].held = {};
  facts.rollouts[0].done.push_back(
      {3, now - std::chrono::minutes(1), "rolled_back", "evidence", 5, 0, "api: back."});
  EXPECT_THAT(texts(facts), ElementsAre("bad: api: back."));
  facts.rollouts[0].done.back().at = now - rollback_shown;
  EXPECT_THAT(texts(facts), IsEmpty()) << "it is over";
}

TEST(Problems, CertificatesAreOneBeforeTheyExpire) {
  LiveFacts facts = healthy();
  facts.certificates = {{"https", "far.example", now + std::chrono::hours(24 * 15)},
                        {"https", "near.example", now + std::chrono::hours(24 * 13)},
                        {"https", "next.example", now + std::chrono::hours(30)},
                        {"https", "old.example", now - std::chrono::hours(1)}};
  EXPECT_THAT(texts(facts),
              ElementsAre("bad: The certificate next.example of listener https expires on 2026-02-01.",
                          "bad: The certificate old.example of listener https expired on 2026-01-30.",
                          "warn: The certificate near.example of listener https expires on 2026-02-13."));
}

TEST(Problems, TheProcessMayBeOne) {
  LiveFacts facts = healthy();
  facts.status.state = RunState::leaving;
  EXPECT_THAT(texts(facts), ElementsAre("warn: Weir is about to stop: it is not ready, and still serves."));
  facts.status.state = RunState::ready;
  facts.status.overload.configure(90);
  facts.status.overload.update({limit::Use{95, 100}, {}, {}});
  EXPECT_THAT(texts(facts), ElementsAre("warn: Near the bound of connections: idle connections close."));
  facts.status.overload.update({limit::Use{100, 100}, {}, {}});
  EXPECT_THAT(texts(facts), ElementsAre("bad: At the bound of connections: new connections get 503."));
}

TEST(Problems, AreBounded) {
  LiveFacts facts = healthy();
  for (std::size_t i = 0; i < 2 * problems_max; ++i)
    facts.upstreams[0].endpoints.push_back(endpoint("10.0.1." + std::to_string(i) + ":80", "ejected"));
  const std::vector<std::string> all = texts(facts);
  ASSERT_EQ(all.size(), problems_max + 1);
  EXPECT_EQ(all.back(), "warn: 100 more.");
}

}  // namespace
}  // namespace weir::control
