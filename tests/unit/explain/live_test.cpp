// What `weir explain --live` says: the state of the moment, and nothing of it changed.
#include "explain/live.hpp"

#include "control/compiler.hpp"
#include "limit/limiter.hpp"
#include "unit/explain/fixture.hpp"
#include "upstream/operator_state.hpp"

namespace weir::control {
namespace {

using testing::HasSubstr;
using testing::Not;

class LiveExplainTest : public ExplainTest {
 protected:
  LiveExplainTest() {
    config_.listeners[1].tls.reset();  // there are no certificates to load
    config::Upstream green = config_.upstreams[0];
    green.name = "green";
    green.endpoints = {{"127.0.0.1", 9003, IpAddress::parse("127.0.0.1"), 1}};
    config_.upstreams.push_back(green);
    config_.upstreams[0].endpoints = {{"127.0.0.1", 9001, IpAddress::parse("127.0.0.1"), 1},
                                      {"127.0.0.1", 9002, IpAddress::parse("127.0.0.1"), 1}};
    config_.routes.push_back(make_route("rest", "/", config::ProxyAction{}));
  }

  server::Snapshot& compile() {
    auto prepared = compiler_.prepare(std::make_shared<const config::Config>(config_));
    EXPECT_TRUE(prepared) << (prepared ? "" : prepared.error().detail);
    compiler_.commit(*prepared);
    Compiler::Weights weights;
    if (!weights_.empty()) weights = [this](const config::Route&) { return weights_; };
    const auto rollouts = [this](const config::Route&) {
      server::RolloutInForce in_force;
      in_force.taken_back = taken_back_;
      return in_force;
    };
    snapshot_ = compiler_.build(
        *prepared, ++generation_, [](const config::Listener& listener) { return listener.address; },
        [](const std::string&) { return std::vector<upstream::NamedAddress>{}; }, weights, now_, rollouts);
    return *snapshot_;
  }

  Result<std::string> ask(const std::string& method, const std::string& url, bool json,
                          std::vector<std::string> headers = {}) {
    const LiveSource source{*snapshot_,
                            overload_,
                            "ready",
                            2,
                            now_,
                            std::chrono::system_clock::time_point{},
                            [this](const upstream::EndpointState&) { return taken_out_; },
                            [this](const std::string&) { return weights_set_; },
                            [](const std::string& route) { return "paused by root@edge: " + route; }};
    return explain_live(source, {method, url, std::move(headers), client_, listener_}, json);
  }
  std::string live(const std::string& url, std::vector<std::string> headers = {}) {
    const auto said = ask("GET", url, false, std::move(headers));
    return said ? *said : "error: " + said.error().detail;
  }
  boost::json::value live_json(const std::string& url, std::vector<std::string> headers = {}) {
    const auto said = ask("GET", url, true, std::move(headers));
    EXPECT_TRUE(said) << (said ? "" : said.error().detail);
    return said ? boost::json::parse(*said) : boost::json::value{};
  }
  upstream::EndpointState& endpoint(std::size_t upstream, std::size_t index) {
    return *snapshot_->upstreams[upstream].endpoints[index].state;
  }

  observe::NameTable names_;
  Compiler compiler_{names_};
  std::uint64_t generation_ = 0;
  TimePoint now_ = Clock::now();
  limit::Overload overload_;
  std::shared_ptr<server::Snapshot> snapshot_;
  std::vector<std::uint32_t> weights_;  // set at run time; empty: none
  split::Mask taken_back_ = 0;
  std::string taken_out_, weights_set_, listener_;
};

constexpr const char* url = "http://h/";

TEST_F(LiveExplainTest, ShowsEndpointsWithStateLoadAndShare) {
  config_.upstreams[0].balance = config::Balance::round_robin;
  config_.upstreams[0].endpoints[1].max_connections = 4;
  compile();
  endpoint(0, 1).in_flight = 3;
  const std::string said = live(url);
  EXPECT_THAT(said, HasSubstr("\nnow, in generation 1 (config )\n  pressure normal\n"));
  EXPECT_THAT(said, HasSubstr("  upstream blue: no bound on requests, 0 of 100 retries in 10 s\n"));
  EXPECT_THAT(said, HasSubstr("  127.0.0.1:9001  healthy, 0 requests: 50.0 % of the next picks\n"));
  EXPECT_THAT(said, HasSubstr("  127.0.0.1:9002  healthy, 3 of 4 requests: 50.0 % of the next picks\n"));
  EXPECT_THAT(said, HasSubstr("  next pick: 127.0.0.1:9002\n"));
  EXPECT_THAT(said, HasSubstr("shared by the 2 workers"));
  EXPECT_THAT(said, HasSubstr("\nthen\nupstream   blue, round_robin\n")) << "as without --live";
  EXPECT_EQ(endpoint(0, 0).in_flight, 0u);
  EXPECT_EQ(snapshot_->upstreams[0].shared->turn, 0u);
  const auto shown = live_json(url).at("live");
  EXPECT_EQ(shown.at("generation"), 1);
  EXPECT_EQ(shown.at("upstream").at("endpoints").at(1).at("in_flight"), 3);
  EXPECT_EQ(shown.at("upstream").at("endpoints").at(1).at("share").as_double(), 0.5);
}

TEST_F(LiveExplainTest, SaysThatTheRouteIsPaused) {
  compile();
  EXPECT_THAT(live(url), Not(HasSubstr("paused")));
  EXPECT_FALSE(live_json(url).at("live").as_object().contains("pause"));
  for (const server::RouteRuntime& each : *snapshot_->routes) {
    if (each.pause) each.pause->close(2);
  }
  const auto shown = live_json(url);
  const std::string name(shown.at("route").at("name").as_string());
  EXPECT_EQ(shown.at("live").at("pause").at("said").as_string(), "paused by root@edge: " + name);
  EXPECT_EQ(shown.at("live").at("pause").at("waiting").at("max"), 2);
  EXPECT_EQ(shown.at("outcome"), "proxy") << "when it goes on";
  EXPECT_THAT(live(url),
              HasSubstr("  paused by root@edge: " + name + "; 0 of 2 requests wait, and so does this one\n"));
  std::vector<route::InFlightPlace> places(2);
  for (const server::RouteRuntime& each : *snapshot_->routes) {
    if (each.pause && each.config->name == name) {
      for (route::InFlightPlace& place : places) EXPECT_TRUE(each.pause->enter(place));
    }
  }
  EXPECT_THAT(live(url), HasSubstr("2 of 2 requests wait, so this one gets 503\n"));
  EXPECT_EQ(live_json(url).at("outcome"), "refused");
}

TEST_F(LiveExplainTest, SaysWhyAnEndpointIsNotPicked) {
  config_.upstreams[0].endpoints.push_back({"127.0.0.1", 9004, IpAddress::parse("127.0.0.1"), 1});
  config_.upstreams[0].endpoints.back().backup = true;
  config_.upstreams[0].endpoints.push_back({"127.0.0.1", 9005, IpAddress::parse("127.0.0.1"), 1, 2});
  compile();
  config::PassiveHealth settings;
  settings.consecutive_failures = 1;
  endpoint(0, 0).health.report_failure(settings, now_, true, endpoint(0, 0).health.ticket());
  endpoint(0, 0).last_change.set("connect_refused 3 times", now_);
  endpoint(0, 3).in_flight = 2;
  const std::string said = live(url);
  EXPECT_THAT(said,
              HasSubstr("127.0.0.1:9001  ejected until 1970-01-01T00:00:30.000Z (connect_refused 3 times, "
                        "since 1970-01-01T00:00:00.000Z), 0 requests: not picked, it is out\n"));
  EXPECT_THAT(said, HasSubstr("127.0.0.1:9002  healthy, 0 requests: 100.0 % of the next picks\n"));
  EXPECT_THAT(said, HasSubstr("127.0.0.1:9004  healthy, 0 requests: not picked, it is a backup\n"));
  EXPECT_THAT(said, HasSubstr("127.0.0.1:9005  healthy, 2 of 2 requests: not picked, it is full\n"));
  now_ += std::chrono::seconds(31);
  EXPECT_THAT(live(url), HasSubstr("next pick: 127.0.0.1:9001, as its probe\n"));
  EXPECT_TRUE(endpoint(0, 0).health.probe_due(now_)) << "no probe was taken";
  upstream::set_operator_state(endpoint(0, 1), upstream::OperatorState::drain);
  taken_out_ = "taken out by root";
  EXPECT_THAT(live(url),
              HasSubstr("127.0.0.1:9002  drain (taken out by root), 0 requests: not picked, an operator "
                        "took it out\n"));
}

TEST_F(LiveExplainTest, BucketsAreSeenAndNotTouched) {
  config::RateLimit limit;
  limit.name = "search";
  limit.rate = {1, Milliseconds(1000)};
  limit.burst = 3;
  config_.rate_limits = {limit};
  config_.routes.back().rate_limits = {0};
  compile();
  EXPECT_THAT(live(url),
              HasSubstr("search  1/s, burst 3, a bucket for each client_ip: takes a token of the 3 that "
                        "are left\n"));
  const server::LimitRuntime& runtime = (*snapshot_->limits)[0];
  EXPECT_EQ(runtime.table->keys(), 0u);
  const auto client = *IpAddress::parse(client_);
  const std::vector<http::Field> none;
  const limit::KeySource source{client, "h", "/", "rest", none};
  const auto key = runtime.key.key_of(source, runtime.table->secret());
  for (int i = 0; i < 3; ++i) {
    limit::Demand demand(*runtime.table, key.hash, false);
    limit::take_all({&demand, 1}, limit::nanoseconds_of(now_));
  }
  const auto refused = live_json(url);
  EXPECT_EQ(refused.at("outcome"), "refused");
  EXPECT_EQ(refused.at("answer").at("status"), 429);
  EXPECT_EQ(refused.at("rate_limits").at(0).at("tokens"), 0);
  EXPECT_EQ(refused.at("rate_limits").at(0).at("next_token_in"), "1s");
  EXPECT_FALSE(refused.at("live").as_object().contains("upstream")) << "it does not get that far";
  client_ = "203.0.113.8";
  EXPECT_EQ(live_json(url).at("rate_limits").at(0).at("tokens"), 3);
}

TEST_F(LiveExplainTest, WhatARolloutTookBackKeepsNoClient) {
  config::ProxyAction action;
  action.upstream = config::no_upstream;
  auto& split = action.split.emplace();
  split.targets = {{0, 100}, {1, 0}};
  split.affinity.by = config::AffinityBy::cookie;
  split.drain_affinity = config::DrainAffinity::keep;
  config_.routes = {make_route("api", "/", action)};
  compile();
  const std::string key(split::cookie_key_digits, '1');
  const std::string kept = "Cookie: weir_split=" + key + ".api:green";
  EXPECT_THAT(live(url, {kept}), HasSubstr("upstream   green, "));
  taken_back_ = 2;
  compile();
  EXPECT_THAT(live(url, {kept}), HasSubstr("upstream   blue, "));
}

TEST_F(LiveExplainTest, SplitsGoByTheWeightsInForceAndWhoIsOut) {
  config::ProxyAction action;
  action.upstream = config::no_upstream;
  action.split.emplace().targets = {{0, 100}, {1, 0}};
  config_.routes = {make_route("api", "/", action)};
  compile();
  EXPECT_THAT(live(url), HasSubstr("  side blue, weight 100: 2 of 2 endpoints usable\n"
                                   "  side green, weight 0: 1 of 1 endpoints usable\n"
                                   "  weights as configured\n"));
  weights_ = {10, 90};
  weights_set_ = "set by root@edge";
  compile();
  const std::string said = live(url);
  EXPECT_THAT(said, HasSubstr("  side green, weight 90 (configured 0): 1 of 1 endpoints usable\n"
                              "  weights set by root@edge\n"));
  EXPECT_THAT(said, HasSubstr("split      blue 10, green 90: in turns by weight; the heaviest is shown\n"
                              "upstream   green, least_connections\n"));
  endpoint(1, 0).out = upstream::out_check_failed;
  const std::string moved = live(url);
  EXPECT_THAT(moved,
              HasSubstr("side green, weight 90 (configured 0): 0 of 1 endpoints usable; out, so its requests "
                        "go to the other sides, but one every 30s\n"));
  EXPECT_THAT(moved, HasSubstr("the heaviest is shown, and failover: green is out\nupstream   blue, "));
  EXPECT_EQ(snapshot_->splits[0].shared->turn, 0u);
  EXPECT_EQ(live_json(url).at("live").at("sides").at(1).at("out"), true);
}

TEST_F(LiveExplainTest, BoundsThatAreReachedRefuse) {
  config_.routes.back().max_in_flight = 2;
  config_.upstreams[0].max_requests = 5;
  compile();
  const auto& route = snapshot_->routes->back();
  route.in_flight->count = 1;
  EXPECT_THAT(live(url), HasSubstr("  1 of 2 requests at once on this route\n"));
  route.in_flight->count = 2;
  const auto full = live_json(url);
  EXPECT_EQ(full.at("answer").at("status"), 503);
  EXPECT_EQ(full.at("answer").at("reason"), "route rest has as many requests as it may have at once");
  EXPECT_EQ(full.at("answer").at("headers").at(0).at("value"), "1");
  route.in_flight->count = 0;
  snapshot_->upstreams[0].in_flight->count = 5;
  const std::string broken = live(url);
  EXPECT_THAT(broken, HasSubstr("  upstream blue: 5 of 5 requests at once"));
  EXPECT_THAT(broken, HasSubstr("answer     503 Service Unavailable by Weir itself (refused)\n"
                                "because    upstream blue has as many requests as it may have at once\n"));
}

TEST_F(LiveExplainTest, FullAndMissingEndpoints) {
  config::Upstream& blue = config_.upstreams[0];
  blue.endpoints.resize(1);
  blue.endpoints[0].max_connections = 1;
  compile();
  endpoint(0, 0).in_flight = 1;
  EXPECT_THAT(live(url),
              HasSubstr("because    every endpoint has as many requests as it may have at once\n"));
  blue.queue.max = 10;
  compile();
  EXPECT_THAT(live(url), HasSubstr("  next pick: a place in the queue, for up to 5s\n"));
  EXPECT_EQ(live_json(url).at("outcome"), "proxy");
  blue.endpoints = {{"app.internal", 9002, std::nullopt, 1}};
  compile();
  const std::string unknown = live(url);
  EXPECT_THAT(unknown,
              HasSubstr("app.internal:9002  unresolved, 0 requests: not picked, its name has no address\n"));
  EXPECT_THAT(unknown, HasSubstr("because    no address of the upstream is known\n"));
}

TEST_F(LiveExplainTest, PressureIsNamedWithItsBound) {
  compile();
  limit::Uses uses;
  uses[static_cast<std::size_t>(limit::Bound::memory)] = {100, 100};
  for (int i = 0; i < 2; ++i) overload_.update(uses);
  EXPECT_THAT(live(url), HasSubstr("  pressure shedding, by memory: new connections get 503\n"));
}

TEST_F(LiveExplainTest, TheListenerCanBeNamed) {
  compile();
  listener_ = "https";
  EXPECT_EQ(live_json("http://h/").at("listener").at("name"), "https");
  listener_ = "ftp";
  EXPECT_EQ(live("http://h/"), "error: no listener is named \"ftp\"; there are: http, https");
}

/// The same question, from the configuration alone and live: where nothing changed meanwhile, the same words.
TEST_F(LiveExplainTest, SaysWhatTheConfigurationSaysWhereNothingChanged) {
  compile();
  for (const char* asked :
       {"http://a.example.com/api/x", "http://h/old", "http://h/admin/x", "http://h/%00", url}) {
    std::string said = live(asked);
    const std::size_t now = said.find("\nnow, in generation");
    ASSERT_NE(now, said.npos) << said;
    // The section ends before `then`.
    said.erase(now, said.find("\nthen\n") - now);
    EXPECT_EQ(said, text("GET", asked));
  }
}

}  // namespace
}  // namespace weir::control
