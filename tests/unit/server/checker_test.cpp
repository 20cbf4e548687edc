// The checker's thread against scripted endpoints: which bits it sets, and what a new snapshot changes.
#include "server/checker.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

#include "observe/events.hpp"
#include "support/behaviours.hpp"

namespace weir::server {
namespace {

using namespace weir::testing;
using health::CheckState;
using upstream::EndpointState;
using StatePtr = std::shared_ptr<EndpointState>;

constexpr std::uint8_t pending = upstream::out_check_pending;
constexpr std::uint8_t failed = upstream::out_check_failed;

StatePtr state_at(const std::string& address, std::uint8_t out = pending) {
  auto state = std::make_shared<EndpointState>("app", address, *SocketAddress::parse(address), 0);
  state->out = out;
  return state;
}

config::HealthCheck quick() {
  config::HealthCheck settings;
  settings.interval = 20ms;
  settings.timeout = scaled(2s);
  return settings;
}

/// Snapshots with one upstream, which must live as long as they do.
struct World {
  explicit World(std::optional<config::HealthCheck> check) { config.health_check = std::move(check); }

  Snapshot with(const std::vector<StatePtr>& states) const {
    Snapshot snapshot;
    UpstreamRuntime runtime;
    runtime.config = &config;
    for (const StatePtr& state : states) {
      EndpointRuntime endpoint;
      endpoint.state = state;
      endpoint.host = "127.0.0.1";
      runtime.endpoints.push_back(endpoint);
      runtime.candidates.push_back({state.get(), 1});
    }
    snapshot.upstreams.push_back(std::move(runtime));
    return snapshot;
  }
  config::Upstream config;
};

void wait_until_out_is(const StatePtr& state, std::uint8_t bits) {
  eventually("the endpoint's bits are " + std::to_string(bits), [&] { return state->out == bits; });
}

std::string newest_event(const std::string& endpoint) {
  std::string text;
  for (const observe::Event& event : observe::events_after(0)) {
    if (event.endpoint == endpoint) text = event.text;
  }
  return text;
}

void wait_for_event(const std::string& endpoint, const std::string& text) {
  eventually("event" + text, [&] { return newest_event(endpoint) == "app/" + endpoint + text; });
}

TEST(CheckTargets, SayWhatTheConfigurationSays) {
  World world(quick());
  const StatePtr state = state_at("127.0.0.1:9001");
  Snapshot snapshot = world.with({state});
  ASSERT_EQ(check_targets(snapshot).size(), 1U);
  EXPECT_EQ(check_targets(snapshot)[0].authority, "127.0.0.1:9001");
  EXPECT_EQ(check_targets(snapshot)[0].endpoint, state);
  EXPECT_TRUE(check_targets(snapshot)[0].reuse);
  snapshot.upstreams[0].endpoints[0].host = "::1";
  EXPECT_EQ(check_targets(snapshot)[0].authority, "[::1]:9001");
  world.config.health_check->host = "app.test";
  world.config.keepalive.max_idle = 0;
  EXPECT_EQ(check_targets(snapshot)[0].authority, "app.test");
  EXPECT_FALSE(check_targets(snapshot)[0].reuse);
  world.config.health_check.reset();
  EXPECT_TRUE(check_targets(snapshot).empty());
}

TEST(Checker, AFirstSuccessPutsAnEndpointIn) {
  ScriptableEndpoint endpoint(behave::ok());
  const World world(quick());
  const StatePtr state = state_at(endpoint.address());
  Checker checker(1);
  checker.install(world.with({state}));
  wait_until_out_is(state, 0);
  EXPECT_GT(state->serving_since.load(), 0);
  eventually("its report is there", [&] {
    const auto report = checker.report(*state);
    return report && report->ever && report->state == CheckState::passing && report->detail == "status 200";
  });
  wait_for_event(endpoint.address(), " is in: its first check passed (status 200)");
}

TEST(Checker, ThresholdsTakeItOutAndBringItBack) {
  ScriptableEndpoint endpoint(behave::ok());
  const World world(quick());
  const StatePtr state = state_at(endpoint.address());
  Checker checker(1);
  checker.install(world.with({state}));
  wait_until_out_is(state, 0);
  const std::int64_t since = state->serving_since;
  endpoint.behave(behave::status(503));
  wait_until_out_is(state, failed);
  wait_for_event(endpoint.address(), " is out: 3 checks failed in a row (status 503)");
  endpoint.behave(behave::ok());
  wait_until_out_is(state, 0);
  EXPECT_GT(state->serving_since, since);
  wait_for_event(endpoint.address(), " is back: 2 checks passed");
  EXPECT_GE(checker.report(*state)->failed, 3U);
}

TEST(Checker, BitsOfOthersStay) {
  ScriptableEndpoint endpoint(behave::ok());
  const World world(quick());
  const StatePtr state = state_at(endpoint.address(), pending | upstream::out_drain);
  Checker checker(1);
  checker.install(world.with({state}));
  wait_until_out_is(state, upstream::out_drain);
  endpoint.stop();
  wait_until_out_is(state, failed | upstream::out_drain);
}

TEST(Checker, ADisabledEndpointIsNotChecked) {
  ScriptableEndpoint endpoint(behave::ok());
  const World world(quick());
  const StatePtr state = state_at(endpoint.address());
  Checker checker(1);
  checker.install(world.with({state}));
  wait_until_out_is(state, 0);
  state->out.fetch_or(upstream::out_disabled);
  wait_until_out_is(state, upstream::out_disabled | pending);  // seen: nothing is asked from here on
  const std::size_t asked = endpoint.request_count();
  eventually("its connection is closed", [&] { return endpoint.open_count() == 0; });
  EXPECT_EQ(endpoint.request_count(), asked);
  state->out.fetch_and(static_cast<std::uint8_t>(~upstream::out_disabled));
  wait_until_out_is(state, 0);
  EXPECT_GT(endpoint.request_count(), asked);
}

TEST(Checker, OneThatIsDisabledFromTheStartIsNotChecked) {
  ScriptableEndpoint disabled(behave::ok()), other(behave::ok());
  const World world(quick());
  const StatePtr a = state_at(disabled.address(), pending | upstream::out_disabled);
  const StatePtr b = state_at(other.address());
  Checker checker(1);
  checker.install(world.with({a, b}));
  other.wait_for_requests(5);
  EXPECT_EQ(disabled.connection_count(), 0U);
  EXPECT_EQ(a->out, pending | upstream::out_disabled);
}

TEST(Checker, ASnapshotKeepsWhatIsKnown) {
  ScriptableEndpoint endpoint(behave::status(503));
  const StatePtr state = state_at(endpoint.address());
  World world(quick());
  Checker checker(1);
  checker.install(world.with({state}));
  wait_until_out_is(state, failed);
  const std::uint64_t before = checker.report(*state)->failed;
  checker.install(world.with({state}));
  eventually("it is checked on", [&] { return checker.report(*state)->failed > before + 2; });
  EXPECT_EQ(state->out, failed);
  World other(quick());
  other.config.health_check->path = "/other";
  checker.install(other.with({state}));
  eventually("it is checked anew", [&] { return endpoint.requests().back().target == "/other"; });
  EXPECT_EQ(state->out, failed);
  EXPECT_EQ(endpoint.open_count(), 1U);
}

TEST(Checker, WhatLeavesIsNotCheckedAnyMore) {
  ScriptableEndpoint stays(behave::ok()), leaves(behave::ok());
  const World world(quick());
  const StatePtr a = state_at(stays.address()), b = state_at(leaves.address());
  Checker checker(1);
  checker.install(world.with({a, b}));
  wait_until_out_is(a, 0);
  wait_until_out_is(b, 0);
  checker.install(world.with({a}));
  eventually("its connection is closed", [&] { return leaves.open_count() == 0; });
  const std::size_t asked = leaves.request_count(), others = stays.request_count();
  stays.wait_for_requests(others + 5);
  EXPECT_EQ(leaves.request_count(), asked);
  EXPECT_FALSE(checker.report(*b));
  checker.install(world.with({a, b}));  // its state still existed: it has to show again that it works
  leaves.wait_for_requests(asked + 1);
  wait_until_out_is(b, 0);
}

TEST(Checker, WhatFailedIsStillOutWhenItComesBack) {
  ScriptableEndpoint stays(behave::ok()), leaves(behave::status(503));
  const World world(quick());
  const StatePtr a = state_at(stays.address()), b = state_at(leaves.address());
  Checker checker(1);
  checker.install(world.with({a, b}));
  wait_until_out_is(b, failed);
  checker.install(world.with({a}));
  eventually("it is not checked any more", [&] { return !checker.report(*b); });
  EXPECT_EQ(b->out, failed);
  checker.install(world.with({a, b}));
  eventually("it is checked again", [&] { return checker.report(*b).has_value(); });
  EXPECT_EQ(checker.report(*b)->state, health::CheckState::failing);
  leaves.behave(behave::ok());
  wait_until_out_is(b, 0);
}

TEST(Checker, ARunningCheckOfWhatLeavesEndsAtOnce) {
  ScriptableEndpoint silent(behave::hang());
  World world(quick());
  world.config.health_check->timeout = 1h;
  const StatePtr state = state_at(silent.address());
  Checker checker(1);
  checker.install(world.with({state}));
  silent.wait_for_requests(1);
  checker.install(world.with({}));
  silent.wait_for_end();
}

TEST(Checker, WithoutChecksNothingIsHeldBack) {
  ScriptableEndpoint endpoint(behave::status(503));
  const World checked(quick()), unchecked(std::nullopt);
  const StatePtr state = state_at(endpoint.address());
  Checker checker(1);
  checker.install(checked.with({state}));
  wait_until_out_is(state, failed);
  checker.install(unchecked.with({state}));
  wait_until_out_is(state, 0);
}

TEST(Checker, OneThatServesAndGetsACheckServesOn) {
  ScriptableEndpoint endpoint(behave::status(503));
  const World world(quick());
  const StatePtr state = state_at(endpoint.address(), 0);
  Checker checker(1);
  checker.install(world.with({state}));
  endpoint.wait_for_requests(1);
  EXPECT_NE(state->out, pending);
  wait_until_out_is(state, failed);
}

TEST(Checker, OneAtATimeForEachEndpointAndBoundedOverAll) {
  constexpr int endpoints = static_cast<int>(Checker::checks_at_once_max) + 8;
  struct Count {
    std::atomic<int> now = 0, most = 0;
  };
  const auto gate = std::make_shared<Gate>();
  const auto all = std::make_shared<Count>();
  std::vector<std::unique_ptr<ScriptableEndpoint>> servers;
  std::vector<StatePtr> states;
  for (int i = 0; i < endpoints; ++i) {
    servers.push_back(std::make_unique<ScriptableEndpoint>(
        RequestBehaviour([gate, all](EndpointConnection& connection, const Request&) {
          const int now = ++all->now;
          for (int most = all->most; most < now && !all->most.compare_exchange_weak(most, now);) {
          }
          connection.wait(*gate);
          --all->now;
          connection.send(behave::ok_message("fine"));
        })));
    states.push_back(state_at(servers.back()->address()));
  }
  World world(quick());
  world.config.health_check->timeout = 1h;
  Checker checker(1);
  checker.install(world.with(states));
  eventually("as many as may run do",
             [&] { return all->now == static_cast<int>(Checker::checks_at_once_max); });
  eventually("the others wait", [&] { return checker.waiting() == 8; });
  for (const auto& server : servers) EXPECT_LE(server->request_count(), 1U);
  gate->open();
  for (const StatePtr& state : states) wait_until_out_is(state, 0);
  EXPECT_LE(all->most, static_cast<int>(Checker::checks_at_once_max));
}

TEST(Checker, StopsInTheMiddleOfAnything) {
  ScriptableEndpoint silent(behave::hang()), fine(behave::ok());
  const World world(quick());
  const StatePtr a = state_at(silent.address()), b = state_at(fine.address());
  Checker checker(1);
  checker.install(world.with({a, b}));
  silent.wait_for_requests(1);
  wait_until_out_is(b, 0);
  checker.stop();
  EXPECT_EQ(a->out, pending) << "a check that was taken back says nothing";
  checker.install(world.with({a, b}));
  checker.stop();
}

}  // namespace
}  // namespace weir::server
