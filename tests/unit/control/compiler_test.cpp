#include "control/compiler.hpp"

#include <gtest/gtest.h>

#include "limit/limiter.hpp"
#include "observe/events.hpp"

namespace weir::control {
namespace {

config::Endpoint endpoint(const std::string& host, std::uint16_t port, std::uint32_t weight = 1) {
  config::Endpoint made;
  made.host = host;
  made.port = port;
  made.ip = IpAddress::parse(host);
  made.weight = weight;
  return made;
}

config::Config base() {
  config::Config config;
  config::Listener listener;
  listener.name = "http";
  config.listeners.push_back(listener);
  config::Upstream upstream;
  upstream.name = "blue";
  upstream.endpoints = {endpoint("127.0.0.1", 1001), endpoint("127.0.0.1", 1002, 3)};
  config.upstreams.push_back(upstream);
  config::HeaderPolicy security;
  security.name = "security";
  security.response.set = {{"X-Frame-Options", "DENY"}};
  config.header_policies.push_back(security);
  config::Route route;
  route.name = "api";
  route.headers = {0};
  route.action = config::ProxyAction{};
  config.routes.push_back(route);
  return config;
}

class CompilerTest : public ::testing::Test {
 protected:
  std::shared_ptr<server::Snapshot> compile(config::Config config) {
    auto prepared = compiler.prepare(std::make_shared<const config::Config>(std::move(config)));
    EXPECT_TRUE(prepared) << (prepared ? "" : prepared.error().detail);
    return compiler.build(
        *prepared, ++generation,
        [](const config::Listener&) { return *SocketAddress::parse("127.0.0.1:8080"); },
        [this](const std::string& host) {
          return host == "app" ? app : std::vector<upstream::NamedAddress>{};
        },
        {}, now);
  }

  observe::NameTable names;
  Compiler compiler{names};
  std::uint64_t generation = 0;
  TimePoint now = Clock::now();
  std::vector<upstream::NamedAddress> app;
};

TEST_F(CompilerTest, TheProcessSaysHowManyWorkersCount) {
  config::Config config = base();
  config.server.workers = 1;
  EXPECT_FALSE(compile(config)->upstreams[0].rules.one_worker) << "from the next start on";
  compiler.set_workers(1);
  EXPECT_TRUE(compile(config)->upstreams[0].rules.one_worker);
  config.server.workers = 2;
  EXPECT_TRUE(compile(config)->upstreams[0].rules.one_worker) << "until the next start";
  compiler.set_workers(2);
  EXPECT_FALSE(compile(config)->upstreams[0].rules.one_worker);
}

TEST_F(CompilerTest, OnlyNewEndpointsOfACheckedUpstreamArePending) {
  config::Config config = base();
  const auto unchecked = compile(config);
  EXPECT_EQ(unchecked->upstreams[0].endpoints[0].state->out, 0);
  config.upstreams[0].health_check.emplace();
  config.upstreams[0].endpoints.push_back(endpoint("127.0.0.1", 1003));
  const auto checked = compile(config);
  EXPECT_EQ(checked->upstreams[0].endpoints[0].state->out, 0) << "it has served so far";
  EXPECT_EQ(checked->upstreams[0].endpoints[2].state->out, upstream::out_check_pending);
  checked->upstreams[0].endpoints[2].state->out = 0;
  config.upstreams[0].health_check->path = "/other";
  EXPECT_EQ(compile(config)->upstreams[0].endpoints[2].state->out, 0) << "a reload keeps what is known";
}

TEST_F(CompilerTest, FillsWhatTheRequestPathNeeds) {
  const auto snapshot = compile(base());
  EXPECT_EQ(snapshot->generation, 1u);
  ASSERT_EQ(snapshot->upstreams.size(), 1u);
  ASSERT_EQ(snapshot->upstreams[0].candidates.size(), 2u);
  EXPECT_EQ(snapshot->upstreams[0].candidates[1].weight, 3u);
  EXPECT_EQ(snapshot->upstreams[0].endpoints[0].state->label, "127.0.0.1:1001");
  EXPECT_EQ(snapshot->listeners[0]->port, "8080");
  EXPECT_EQ(snapshot->listener_index(snapshot->listeners[0]->slot), 0u);
  EXPECT_EQ(snapshot->listener_index(77), server::no_listener);
}

TEST_F(CompilerTest, BalancingFollowsTheConfiguration) {
  config::Config config = base();
  config.server.zone = "a";
  config::Upstream& blue = config.upstreams[0];
  blue.balance = config::Balance::hash;
  blue.endpoints[0].zone = "a";
  blue.endpoints[0].max_connections = 5;
  blue.endpoints[1].backup = true;
  blue.slow_start = Milliseconds(10'000);
  const auto snapshot = compile(config);
  const server::UpstreamRuntime& runtime = snapshot->upstreams[0];
  EXPECT_EQ(runtime.candidates[0].max_connections, 5u);
  EXPECT_TRUE(runtime.candidates[0].local);
  EXPECT_FALSE(runtime.candidates[0].backup);
  EXPECT_FALSE(runtime.candidates[1].local);
  EXPECT_TRUE(runtime.candidates[1].backup);
  EXPECT_EQ(runtime.rules.policy, config::Balance::hash);
  EXPECT_EQ(runtime.rules.slow_start, Milliseconds(10'000));
  EXPECT_TRUE(runtime.rules.backups && runtime.rules.zones && runtime.rules.limits);
  EXPECT_EQ(runtime.in_flight, nullptr);
  blue.max_requests = 9;
  const auto limited = compile(config);
  EXPECT_NE(limited->upstreams[0].in_flight, nullptr);
  EXPECT_EQ(limited->upstreams[0].queue, runtime.queue);
  EXPECT_EQ(compile(config)->upstreams[0].in_flight, limited->upstreams[0].in_flight);
}

TEST_F(CompilerTest, OneAddressUnderTwoNamesAllowsWhatBothDo) {
  app = {{*IpAddress::parse("127.0.0.1")}};
  config::Config config = base();
  config.upstreams[0].endpoints[0].max_connections = 5;
  config.upstreams[0].endpoints[0].backup = true;
  config.upstreams[0].endpoints.push_back(endpoint("app", 1001));
  config.upstreams[0].endpoints[2].max_connections = 2;
  const auto both = compile(config);
  ASSERT_EQ(both->upstreams[0].candidates.size(), 2u);
  EXPECT_EQ(both->upstreams[0].candidates[0].max_connections, 7u);
  EXPECT_FALSE(both->upstreams[0].candidates[0].backup);
  config.upstreams[0].endpoints[2].max_connections = 0;
  EXPECT_EQ(compile(config)->upstreams[0].candidates[0].max_connections, 0u);
}

TEST_F(CompilerTest, OnlyWhatJoinsOthersStartsSlowly) {
  const auto first = compile(base());
  for (const auto& each : first->upstreams[0].endpoints) EXPECT_EQ(each.state->serving_since, 0);
  config::Config more = base();
  more.upstreams[0].endpoints.push_back(endpoint("app", 1003));
  const auto unresolved = compile(more);
  EXPECT_EQ(unresolved->upstreams[0].endpoints.size(), 2u);
  app = {{*IpAddress::parse("10.0.0.1")}};
  const auto second = compile(more);
  EXPECT_EQ(second->upstreams[0].endpoints[0].state->serving_since, 0);
  EXPECT_GT(second->upstreams[0].endpoints[2].state->serving_since, 0);
  config::Config other = base();
  other.upstreams[0].endpoints = {endpoint("127.0.0.1", 2001), endpoint("127.0.0.1", 2002)};
  const auto third = compile(other);
  for (const auto& each : third->upstreams[0].endpoints) {
    EXPECT_EQ(each.state->serving_since, 0) << "none serves yet that could be slower";
  }
}

TEST_F(CompilerTest, WhatComesBackAfterAnAbsenceStartsSlowlyAgain) {
  const auto one = *IpAddress::parse("10.0.0.1"), two = *IpAddress::parse("10.0.0.2");
  config::Config config = base();
  config.upstreams[0].endpoints = {endpoint("app", 1001)};
  app = {{one}, {two}};
  const auto first = compile(config);
  const auto state = first->upstreams[0].endpoints[1].state;
  ASSERT_EQ(state->serving_since, 0);
  app = {{one}};
  compile(config);
  compile(config);
  app = {{one}, {two}};
  const auto back = compile(config);
  ASSERT_EQ(back->upstreams[0].endpoints[1].state, state);
  EXPECT_GT(state->serving_since, 0);
  EXPECT_EQ(back->upstreams[0].endpoints[0].state->serving_since, 0) << "it was there all the time";
  state->serving_since = 1;
  compile(config);
  EXPECT_EQ(state->serving_since, 1) << "only once";
}

TEST_F(CompilerTest, NoneStartsSlowlyWhenAllComeBackOrWhileOut) {
  const auto one = *IpAddress::parse("10.0.0.1"), two = *IpAddress::parse("10.0.0.2");
  config::Config config = base();
  config.upstreams[0].endpoints = {endpoint("app", 1001)};
  app = {{one}, {two}};
  const auto first = compile(config);
  app = {};
  compile(config);
  app = {{one}, {two}};
  const auto all_back = compile(config);
  for (const auto& each : all_back->upstreams[0].endpoints) EXPECT_EQ(each.state->serving_since, 0);
  const auto state = first->upstreams[0].endpoints[1].state;
  state->out = upstream::out_check_failed;
  app = {{one}};
  compile(config);
  app = {{one}, {two}};
  compile(config);
  EXPECT_EQ(state->serving_since, 0) << "it starts when it is in service again";
}

TEST_F(CompilerTest, WhatStaysKeepsItsIdentity) {
  const auto before = compile(base());
  before->upstreams[0].endpoints[0].state->in_flight = 7;
  config::Config changed = base();
  changed.upstreams[0].endpoints[1] = endpoint("127.0.0.1", 1003);
  changed.upstreams[0].endpoints[0].weight = 9;
  const auto after = compile(std::move(changed));
  EXPECT_EQ(after->upstreams[0].endpoints[0].state, before->upstreams[0].endpoints[0].state);
  EXPECT_EQ(after->upstreams[0].candidates[0].weight, 9u);
  EXPECT_NE(after->upstreams[0].endpoints[1].state, before->upstreams[0].endpoints[1].state);
  EXPECT_EQ(after->upstreams[0].shared, before->upstreams[0].shared);
  EXPECT_EQ(after->listeners[0]->slot, before->listeners[0]->slot);
}

config::Config limited(std::uint64_t count, std::uint64_t burst) {
  config::Config config = base();
  config::RateLimit limit;
  limit.name = "api";
  limit.rate = {count, std::chrono::hours(24)};  // nothing comes back while a test runs
  limit.burst = burst;
  config.rate_limits = {limit};
  config.routes[0].rate_limits = {0};
  return config;
}

TEST_F(CompilerTest, BucketsLiveThroughAReloadAndTakeTheNewRate) {
  const auto before = compile(limited(10, 20));
  const server::LimitRuntime& limit = *before->routes->at(0).limits.at(0);
  EXPECT_EQ(limit.policy, "\"api\";q=20;w=172800");
  const limit::Nanoseconds at = limit::nanoseconds_of(Clock::now());
  limit::Demand demand(*limit.table, 7, false);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(limit::take_all({&demand, 1}, at));
  const auto after = compile(limited(10, 40));
  EXPECT_EQ(after->limits->at(0).table, limit.table);
  EXPECT_FALSE(limit::take_all({&demand, 1}, at));
  EXPECT_EQ(demand.bucket.burst(), 40u);
  EXPECT_EQ(after->limits->at(0).policy, "\"api\";q=40;w=345600");
}

TEST_F(CompilerTest, AnotherKeyStartsAfresh) {
  const auto before = compile(limited(10, 20));
  const auto table = before->limits->at(0).table;
  config::Config prefix = limited(10, 20), key = limited(10, 20), name = limited(10, 20),
                 keys = limited(10, 20);
  prefix.rate_limits[0].ipv6_prefix = 56;
  key.rate_limits[0].key.push_back({config::RateLimitKey::Kind::path, {}});
  name.rate_limits[0].name = "other";
  keys.rate_limits[0].max_keys = 2'000;
  for (config::Config* changed : {&prefix, &key, &name, &keys}) {
    EXPECT_NE(compile(*changed)->limits->at(0).table, table);
  }
  config::Config status = limited(10, 20);
  status.rate_limits[0].status = 503;
  EXPECT_EQ(compile(status)->limits->at(0).table, table);
}

TEST_F(CompilerTest, AFailedPreparationLeavesTheRateAlone) {
  const auto before = compile(limited(10, 20));
  config::Config broken = limited(10, 40);
  broken.upstreams[0].tls.emplace();
  broken.upstreams[0].tls->ca = "/nowhere.pem";
  EXPECT_FALSE(compiler.prepare(std::make_shared<const config::Config>(broken)));
  limit::Demand demand(*before->limits->at(0).table, 7, false);
  limit::take_all({&demand, 1}, limit::nanoseconds_of(Clock::now()));
  EXPECT_EQ(demand.bucket.burst(), 20u);
}

TEST_F(CompilerTest, HasTheStatesOfEachGenerationInUse) {
  const SocketAddress address = *SocketAddress::parse("127.0.0.1:1001");
  auto before = compile(base());
  ASSERT_EQ(compiler.states_at("blue", address).size(), 1u);
  EXPECT_EQ(compiler.states_at("blue", address)[0], before->upstreams[0].endpoints[0].state);
  EXPECT_TRUE(compiler.states_at("green", address).empty());
  config::Config changed = base();
  changed.upstreams[0].tls.emplace().verify = false;
  const auto after = compile(std::move(changed));
  ASSERT_EQ(compiler.states_at("blue", address).size(), 1u) << "other settings, the same endpoint";
  before.reset();
  ASSERT_EQ(compiler.states_at("blue", address).size(), 1u);
  EXPECT_EQ(compiler.states_at("blue", address)[0], after->upstreams[0].endpoints[0].state);
}

TEST_F(CompilerTest, TheSameAddressInTwoUpstreamsIsTwoEndpoints) {
  config::Config config = base();
  config.upstreams.push_back(config.upstreams[0]);
  config.upstreams[1].name = "green";
  const auto snapshot = compile(std::move(config));
  EXPECT_NE(snapshot->upstreams[0].endpoints[0].state, snapshot->upstreams[1].endpoints[0].state);
}

TEST_F(CompilerTest, OtherTlsSettingsKeepTheEndpointAndShareNoConnections) {
  const auto before = compile(base());
  config::Config secured = base();
  secured.upstreams[0].tls.emplace();
  secured.upstreams[0].tls->verify = false;
  const auto after = compile(secured);
  EXPECT_EQ(after->upstreams[0].endpoints[0].state, before->upstreams[0].endpoints[0].state);
  EXPECT_NE(after->upstreams[0].endpoints[0].scope, before->upstreams[0].endpoints[0].scope);
  EXPECT_EQ(after->upstreams[0].endpoints[0].scope->endpoint, after->upstreams[0].endpoints[0].state);
  EXPECT_NE(after->upstreams[0].tls, nullptr);
  const auto again = compile(secured);
  EXPECT_EQ(again->upstreams[0].endpoints[0].scope, after->upstreams[0].endpoints[0].scope);
  secured.upstreams[0].tls->server_name = "other";
  EXPECT_NE(compile(secured)->upstreams[0].endpoints[0].scope, after->upstreams[0].endpoints[0].scope);
}

TEST_F(CompilerTest, HealthFollowsTheAddressWhateverItIsCalled) {
  config::Config config = base();
  config.upstreams[0].endpoints = {endpoint("127.0.0.2", 3000)};
  const auto before = compile(config);
  app = {upstream::NamedAddress{*IpAddress::parse("127.0.0.2"), 0, 0}};
  config.upstreams[0].endpoints = {endpoint("app", 3000)};
  config.upstreams[0].tls.emplace();
  config.upstreams[0].tls->verify = false;
  const auto after = compile(config);
  EXPECT_EQ(after->upstreams[0].endpoints[0].state, before->upstreams[0].endpoints[0].state);
}

TEST_F(CompilerTest, TwoNamesOfOneAddressAreOneEndpointUnlessTlsDiffers) {
  app = {upstream::NamedAddress{*IpAddress::parse("127.0.0.2"), 0, 0}};
  config::Config config = base();
  config.upstreams[0].endpoints = {endpoint("127.0.0.2", 3000), endpoint("app", 3000)};
  const auto plain = compile(config);
  ASSERT_EQ(plain->upstreams[0].candidates.size(), 1u);
  EXPECT_EQ(plain->upstreams[0].candidates[0].weight, 2u);
  config.upstreams[0].tls.emplace();
  config.upstreams[0].tls->verify = false;
  const auto secured = compile(config);
  ASSERT_EQ(secured->upstreams[0].candidates.size(), 2u);
  EXPECT_EQ(secured->upstreams[0].endpoints[0].state, plain->upstreams[0].endpoints[0].state);
  EXPECT_NE(secured->upstreams[0].endpoints[1].state, plain->upstreams[0].endpoints[0].state);
  EXPECT_EQ(secured->upstreams[0].endpoints[1].host, "app");
}

TEST_F(CompilerTest, NamesBecomeTheirAddressesAndNothingWhileUnknown) {
  config::Config config = base();
  config.upstreams[0].endpoints = {endpoint("app", 3000)};
  const auto unknown = compile(config);
  EXPECT_TRUE(unknown->upstreams[0].candidates.empty());
  app = {{*IpAddress::parse("127.0.0.2")}, {*IpAddress::parse("127.0.0.3")}};
  const auto known = compile(config);
  ASSERT_EQ(known->upstreams[0].candidates.size(), 2u);
  EXPECT_EQ(known->upstreams[0].endpoints[1].state->label, "127.0.0.3:3000");
  EXPECT_EQ(known->upstreams[0].endpoints[1].host, "app");
  app = {{*IpAddress::parse("127.0.0.3")}};
  const auto shrunk = compile(config);
  ASSERT_EQ(shrunk->upstreams[0].candidates.size(), 1u);
  EXPECT_EQ(shrunk->upstreams[0].endpoints[0].state, known->upstreams[0].endpoints[1].state);
}

TEST_F(CompilerTest, AnAddressThatIsMissingForAWhileComesBackAsItWas) {
  config::Config config = base();
  config.upstreams[0].endpoints = {endpoint("app", 3000)};
  const upstream::NamedAddress two{*IpAddress::parse("127.0.0.2")}, three{*IpAddress::parse("127.0.0.3")};
  app = {two, three};
  const auto slot_of = [](const server::Snapshot& snapshot) {
    return snapshot.upstreams[0].endpoints[0].state->slot;
  };
  auto snapshot = compile(config);
  const std::size_t slot = slot_of(*snapshot);
  auto& health = snapshot->upstreams[0].endpoints[0].state->health;
  while (health.report_failure(config.upstreams[0].passive_health, now, true, health.ticket()) !=
         health::Change::ejected) {
  }
  snapshot->upstreams[0].endpoints[0].state->last_change.set("it was refused", now);
  app = {three};
  snapshot = compile(config);
  now += config.upstreams[0].passive_health.max_ejection_time - Milliseconds(1);
  snapshot = compile(config);
  app = {two, three};
  snapshot = compile(config);
  EXPECT_EQ(slot_of(*snapshot), slot);
  EXPECT_FALSE(snapshot->upstreams[0].endpoints[0].state->usable());
  EXPECT_EQ(snapshot->upstreams[0].endpoints[0].state->last_change.get().why, "it was refused");

  app = {three};
  snapshot = compile(config);
  now += config.upstreams[0].passive_health.max_ejection_time;
  snapshot = compile(config);
  app = {two, three};
  snapshot = compile(config);
  EXPECT_NE(slot_of(*snapshot), slot) << "after so long it is another one";
}

TEST_F(CompilerTest, AnAddressThatLeavesTheConfigurationIsForgotten) {
  config::Config config = base();
  auto snapshot = compile(config);
  const std::size_t slot = snapshot->upstreams[0].endpoints[1].state->slot;
  config.upstreams[0].endpoints.pop_back();
  snapshot = compile(config);
  config = base();
  snapshot = compile(config);
  EXPECT_NE(snapshot->upstreams[0].endpoints[1].state->slot, slot);
}

TEST_F(CompilerTest, AddressesThatNeverComeBackAreBounded) {
  config::Config config = base();
  config.upstreams[0].endpoints = {endpoint("app", 3000)};
  std::weak_ptr<upstream::EndpointState> first;
  for (unsigned i = 0; i < AbsentEndpoints::kept_max + 10; ++i) {
    now += Milliseconds(1);
    app = {{*IpAddress::parse("127.1." + std::to_string(i / 250) + '.' + std::to_string(i % 250 + 1))}};
    const auto snapshot = compile(config);
    if (i == 0) first = snapshot->upstreams[0].endpoints[0].state;
  }
  EXPECT_TRUE(first.expired());
}

TEST_F(CompilerTest, AReloadThatSwitchesPassiveHealthOffEndsEjections) {
  config::Config config = base();
  const auto snapshot = compile(config);
  upstream::EndpointState& state = *snapshot->upstreams[0].endpoints[0].state;
  while (state.health.report_failure(config.upstreams[0].passive_health, now, true, state.health.ticket()) !=
         health::Change::ejected) {
  }
  config.upstreams[0].passive_health.ejection_time = Milliseconds(5000);
  config.upstreams[0].passive_health.max_ejection_time = Milliseconds(10'000);
  compile(config);
  EXPECT_LE(state.health.ejected_until(), now + Milliseconds(10'001));
  EXPECT_FALSE(state.usable());
  EXPECT_EQ(observe::events_after(0).back().kind, "ejection_shortened");
  const auto last_id = observe::last_event_id();
  compile(config);
  EXPECT_EQ(observe::last_event_id(), last_id);
  config.upstreams[0].passive_health.consecutive_failures = 0;
  compile(config);
  EXPECT_TRUE(state.usable());
  EXPECT_EQ(observe::events_after(0).back().text, "blue/127.0.0.1:1001 is back: passive health is off");
}

TEST_F(CompilerTest, ANameWithoutAnAddressIsAnEndpointThatIsDown) {
  config::Config config = base();
  config.upstreams[0].endpoints = {endpoint("ghost", 3000), endpoint("app", 3000), endpoint("127.0.0.1", 1)};
  app = {{*IpAddress::parse("127.0.0.2")}};
  const auto snapshot = compile(config);
  EXPECT_EQ(snapshot->upstreams[0].candidates.size(), 2u);
  ASSERT_EQ(snapshot->upstreams[0].unresolved.size(), 1u);
  EXPECT_EQ(snapshot->upstreams[0].unresolved[0]->host, "ghost");
}

TEST_F(CompilerTest, ServicesSayPortAndWeightThemselves) {
  config::Config config = base();
  config.upstreams[0].endpoints = {endpoint("app", 0)};
  app = {{*IpAddress::parse("127.0.0.2"), 81, 5}, {*IpAddress::parse("127.0.0.2"), 82, 7}};
  const auto first = compile(config);
  ASSERT_EQ(first->upstreams[0].candidates.size(), 2u);
  EXPECT_EQ(first->upstreams[0].endpoints[0].state->label, "127.0.0.2:81");
  EXPECT_EQ(first->upstreams[0].candidates[0].weight, 5u);
  EXPECT_EQ(first->upstreams[0].endpoints[1].state->label, "127.0.0.2:82");
  app[0].weight = 9;
  const auto second = compile(config);
  EXPECT_EQ(second->upstreams[0].candidates[0].weight, 9u);
  EXPECT_EQ(second->upstreams[0].endpoints[0].state, first->upstreams[0].endpoints[0].state);
}

TEST_F(CompilerTest, RouteTimeoutsWinOverTheUpstreams) {
  config::Config config = base();
  config::ProxyAction action;
  action.timeouts.response = Milliseconds(1234);
  config.routes[0].action = action;
  config.upstreams[0].timeouts.connect = Milliseconds(77);
  const auto snapshot = compile(std::move(config));
  const config::Timeouts& timeouts = (*snapshot->routes)[0].timeouts;
  EXPECT_EQ(timeouts.response, Milliseconds(1234));
  EXPECT_EQ(timeouts.connect, Milliseconds(77));
  EXPECT_GT(timeouts.total, std::chrono::hours(24)) << "0 means none";
}

config::Config with_split() {
  config::Config config = base();
  config::Upstream green = config.upstreams[0];
  green.name = "green";
  green.timeouts.connect = Milliseconds(99);
  config.upstreams.push_back(green);
  config::ProxyAction action;
  action.upstream = config::no_upstream;
  action.timeouts.response = Milliseconds(1234);
  action.split.emplace().targets = {{0, 90}, {1, 10}};
  config.routes[0].action = action;
  return config;
}

TEST_F(CompilerTest, SplitsHaveTimeoutsByTargetAndKeepTheirTurns) {
  const auto first = compile(with_split());
  ASSERT_EQ(first->splits.size(), 1u);
  EXPECT_EQ((*first->routes)[0].split, 0u);
  const server::SplitRuntime& split = first->splits[0];
  EXPECT_EQ(split.weights, (std::vector<std::uint32_t>{90, 10}));
  EXPECT_EQ((*split.timeouts)[0].response, Milliseconds(1234));
  EXPECT_EQ((*split.timeouts)[1].response, Milliseconds(1234));
  EXPECT_EQ((*split.timeouts)[1].connect, Milliseconds(99));
  EXPECT_EQ(split.rules->name(1), "green");
  const auto second = compile(with_split());
  EXPECT_EQ(second->splits[0].shared, split.shared);
  EXPECT_NE(second->splits[0].rules, split.rules);
}

TEST_F(CompilerTest, WeightsMayComeFromElsewhere) {
  auto prepared = compiler.prepare(std::make_shared<const config::Config>(with_split()));
  ASSERT_TRUE(prepared);
  const auto snapshot = compiler.build(
      *prepared, 1, [](const config::Listener&) { return SocketAddress{}; },
      [](const std::string&) { return std::vector<upstream::NamedAddress>{}; },
      [](const config::Route& route) {
        return std::vector<std::uint32_t>{route.name == "api" ? 1u : 0u, 2};
      });
  EXPECT_EQ(snapshot->splits[0].weights, (std::vector<std::uint32_t>{1, 2}));
  EXPECT_EQ(snapshot->splits[0].rules, prepared->splits[0].rules);
}

TEST_F(CompilerTest, AMissingCertificateIsAnErrorThatNamesTheListener) {
  config::Config config = base();
  config.listeners[0].tls.emplace();
  config.listeners[0].tls->certificates = {{"/nonexistent.crt", "/nonexistent.key"}};
  const auto prepared = compiler.prepare(std::make_shared<const config::Config>(std::move(config)));
  ASSERT_FALSE(prepared);
  EXPECT_NE(prepared.error().detail.find("listeners.http"), std::string::npos) << prepared.error().detail;
}

TEST_F(CompilerTest, CountsInFlightAndOfClientsKeepTheirIdentity) {
  config::Config config = base();
  const auto without = compile(config);
  EXPECT_EQ((*without->routes)[0].in_flight, nullptr);
  EXPECT_EQ(without->listeners[0]->clients, nullptr);
  config.routes[0].max_in_flight = 5;
  config.listeners[0].limits.connections_per_client = 2;
  const auto before = compile(config);
  config.routes[0].max_in_flight = 9;
  config.routes.insert(config.routes.begin(), config.routes[0]);
  config.routes[0].name = "other";
  const auto after = compile(config);
  ASSERT_NE((*before->routes)[0].in_flight, nullptr);
  EXPECT_EQ((*after->routes)[1].in_flight, (*before->routes)[0].in_flight);
  EXPECT_NE((*after->routes)[0].in_flight, (*before->routes)[0].in_flight);
  ASSERT_NE(before->listeners[0]->clients, nullptr);
  EXPECT_EQ(after->listeners[0]->clients, before->listeners[0]->clients);
}

TEST_F(CompilerTest, MirrorsHaveTheirUpstreamsTimeoutsAndKeepTheirTurns) {
  config::Config config = base();
  config.upstreams.push_back(config.upstreams[0]);
  config.upstreams[1].name = "green";
  config.upstreams[1].timeouts.response = Milliseconds(7);
  auto& action = std::get<config::ProxyAction>(config.routes[0].action);
  action.timeouts.response = Milliseconds(9);  // the route's own are for its requests, not for copies
  action.mirror = config::Mirror{1, 0};
  EXPECT_EQ((*compile(config)->routes)[0].mirror, nullptr) << "a share of 0 costs nothing";
  action.mirror->share = 10;
  const auto before = compile(config);
  action.mirror->share = 20;
  const auto after = compile(config);
  const auto& mirror = *(*after->routes)[0].mirror;
  EXPECT_EQ(mirror.config->share, 20U);
  EXPECT_EQ(mirror.timeouts.response, Milliseconds(7));
  EXPECT_GT(mirror.timeouts.total, Milliseconds(1'000'000));
  EXPECT_EQ(mirror.shared, (*before->routes)[0].mirror->shared);
}

TEST_F(CompilerTest, AccessListsAdmitByTheirBlocks) {
  config::Config config = base();
  config.access_lists = {{"office", {*Cidr::parse("10.0.0.0/8")}, {*Cidr::parse("10.1.0.0/16")}},
                         {"abuse", {}, {*Cidr::parse("10.2.0.0/16")}}};
  config.routes[0].access = {1, 0};
  const auto snapshot = compile(std::move(config));
  const auto& lists = (*snapshot->routes)[0].access;
  ASSERT_EQ(lists.size(), 2u);
  EXPECT_EQ(lists[0]->name, "abuse");
  const auto admits = [](const server::AccessRuntime& list, const char* client) {
    return list.clients.contains(*IpAddress::parse(client));
  };
  EXPECT_TRUE(admits(*lists[0], "192.0.2.1")) << "no block is allowed by name, so all are";
  EXPECT_FALSE(admits(*lists[0], "10.2.0.1"));
  EXPECT_FALSE(admits(*lists[1], "192.0.2.1"));
  EXPECT_FALSE(admits(*lists[1], "10.1.0.1"));
  EXPECT_TRUE(admits(*lists[1], "10.0.0.1"));
}

TEST_F(CompilerTest, AThousandSnapshotsLeaveNothingBehind) {
  std::weak_ptr<upstream::EndpointState> gone;
  for (std::uint16_t i = 0; i < 1000; ++i) {
    config::Config config = base();
    config.upstreams[0].endpoints = {endpoint("127.0.0.1", static_cast<std::uint16_t>(2000 + i))};
    const auto snapshot = compile(std::move(config));
    if (i == 0) gone = snapshot->upstreams[0].endpoints[0].state;
  }
  EXPECT_TRUE(gone.expired());
}

}  // namespace
}  // namespace weir::control
