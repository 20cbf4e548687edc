// Endpoints of HTTP/2 that end their connections, in order and otherwise: what is sent again, what clients notice, and
// what counts against an endpoint.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integration/http2_endpoint_rig.hpp"

namespace weir::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Stream = Http2EndpointStream;

constexpr std::uint32_t last_possible = 0x7FFF'FFFF;

std::string up(const std::string& address) {
  return "endpoint=\"" + address + "\"";
}

/// The first `count` requests are met with `first`, all others with `then`.
Http2Script first(std::size_t count, const Http2Script& met, const Http2Script& then) {
  std::vector<Http2Script> steps(count, met);
  steps.push_back(then);
  return scripts::sequence(steps);
}

class Http2EndpointFailures : public Http2EndpointRig {};

// What was not begun.

TEST_F(Http2EndpointFailures, AGracefulEndLosesNothing) {
  start();
  Http2Client client = this->client();
  const std::vector<std::uint32_t> running = hang(client, 3);
  endpoint_.goaway(0, last_possible);  // the first step (RFC 9113 6.8): nothing new, please
  eventually("new requests go elsewhere",
             [&] { return get("/").body == "ok" && endpoint_.connection_count() == 2; });
  endpoint_.goaway(0, endpoint_.request(2).stream);
  for (std::size_t i = 0; i < 3; ++i) endpoint_.stream(i).answer(200, "whole");
  for (const std::uint32_t stream : running) EXPECT_EQ(client.wait_end(stream).body, "whole");
  EXPECT_EQ(endpoint_.wait_for_close(0), StreamEvent::end) << "Weir closes it when its last one has ended";
  EXPECT_EQ(failures(), 0);
}

TEST_F(Http2EndpointFailures, WhatAGoawayDidNotTakeIsSentAgain) {
  Http2Script away;
  away.end = [](const Stream& stream) { stream.goaway(stream.request().stream - 1); };
  endpoint_.behave(first(1, away, scripts::echo()));
  start("retry: { attempts: 0 }");
  const Http2Response response = client().exchange("POST", "/", "body");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "body");
  EXPECT_EQ(endpoint_.connection_count(), 2U);
  EXPECT_THAT(outcomes(log_line(*weir_)), ElementsAre("unprocessed", "ok"));
  EXPECT_EQ(retries("unprocessed"), 1);
  EXPECT_EQ(weir_->metric("weir_upstream_failures_total", "kind=\"unprocessed\""), failures());
}

TEST_F(Http2EndpointFailures, AGoawayTakesOnlyTheLaterStreamsAway) {
  start("h2: { connections: 1 }, retry: { attempts: 0 }");
  Http2Client client = this->client();
  const std::vector<std::uint32_t> streams = hang(client, 4);
  endpoint_.goaway(0, endpoint_.request(1).stream);
  endpoint_.wait_for_requests(6);
  for (const std::size_t each : {0U, 1U, 4U, 5U}) endpoint_.stream(each).answer(200, std::to_string(each));
  EXPECT_EQ(client.wait_end(streams[0]).body, "0");
  EXPECT_EQ(client.wait_end(streams[1]).body, "1");
  EXPECT_EQ(client.wait_end(streams[2]).status, 200);
  EXPECT_EQ(client.wait_end(streams[3]).status, 200);
}

TEST_F(Http2EndpointFailures, ARefusedStreamIsSentAgain) {
  endpoint_.behave(first(2, scripts::reset(h2::refused_stream), scripts::ok("third")));
  start("retry: { attempts: 0 }");
  const Http2Response response = client().exchange("POST", "/", "body");
  EXPECT_EQ(response.body, "third");
  EXPECT_THAT(outcomes(log_line(*weir_)), ElementsAre("unprocessed", "unprocessed", "ok"));
  EXPECT_EQ(endpoint_.connection_count(), 1U);
}

TEST_F(Http2EndpointFailures, NotForEver) {
  endpoint_.behave(scripts::reset(h2::refused_stream));
  start("retry: { attempts: 5 }");
  const Http2Response response = client().exchange("POST", "/", "body");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(endpoint_.request_count(), 3U);
  EXPECT_EQ(log_line(*weir_).at("reason"), "unprocessed");
}

TEST_F(Http2EndpointFailures, ItCostsNoBudgetAndNoHealth) {
  endpoint_.behave(scripts::sequence({scripts::reset(h2::refused_stream)}));
  Http2Endpoint other(scripts::ok("other"));
  start(h2c_config({endpoint_.address(), other.address()},
                   "balance: round_robin, retry: { attempts: 1, budget: { percent: 0, min_per_second: 0 } }, "
                   "passive_health: { consecutive_failures: 2 }"));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client().exchange("POST", "/", "x").body, "other");
  EXPECT_EQ(weir_->metric("weir_endpoint_up", up(endpoint_.address())), 1);
}

TEST_F(Http2EndpointFailures, ABodyThatIsUnderWayIsSentAgainFromItsBeginning) {
  Http2Script refuses;
  refuses.data = [](const Stream& stream, std::string_view) { stream.reset(h2::refused_stream); };
  endpoint_.behave(first(1, refuses, scripts::echo()));
  start("retry: { attempts: 0 }");
  Http2Client client = this->client();
  const std::uint32_t stream = client.start_request(client.fields_of("POST", "/"), false);
  client.send_data(stream, "first half, ", false);
  endpoint_.wait_for_requests(2);
  client.send_data(stream, "second half");
  EXPECT_EQ(client.wait_end(stream).body, "first half, second half");
}

/// An endpoint that restarts in good order, under requests all the time.
TEST_F(Http2EndpointFailures, RestartsInGoodOrderLoseNoRequest) {
  auto one = std::make_unique<Http2Endpoint>(scripts::ok("one"));
  Http2Endpoint two(scripts::ok("two"));
  start(h2c_config({one->address(), two.address()}, "balance: round_robin, retry: { attempts: 0 }"));
  Http2EndpointOptions again;
  again.port = one->port();
  for (int round = 0; round < 5; ++round) {
    std::vector<Http2Client> clients;
    for (int i = 0; i < 4; ++i) clients.push_back(client());
    std::vector<std::uint32_t> streams;
    for (int i = 0; i < 40; ++i) streams.push_back(clients[static_cast<std::size_t>(i) % 4].start_get("/"));
    for (std::size_t i = 0; i < one->connection_count(); ++i) {
      const std::size_t served = one->requests_on(i);
      if (served > 0) one->goaway(i, static_cast<std::uint32_t>(2 * served - 1));
    }
    for (std::size_t i = 0; i < streams.size(); ++i)
      EXPECT_EQ(clients[i % 4].wait_end(streams[i]).status, 200);
  }
}

// Connections that break.

TEST_F(Http2EndpointFailures, AConnectionThatBreaksIsOneFailure) {
  Http2Endpoint other(scripts::ok("other"));
  start(h2c_config({endpoint_.address(), other.address()},
                   "h2: { connections: 1 }, balance: round_robin, retry: { attempts: 0 }, "
                   "passive_health: { consecutive_failures: 2, ejection_time: 1h }"));
  Http2Client client = this->client();
  std::vector<std::uint32_t> streams;
  for (std::size_t i = 0; i < 40; ++i) {
    streams.push_back(client.start_get("/hang"));
    client.round_trip();
  }
  endpoint_.wait_for_requests(20);
  endpoint_.reset(0);
  int failed = 0;
  for (const std::uint32_t stream : streams) failed += client.wait_end(stream).status == 502 ? 1 : 0;
  EXPECT_EQ(failed, 20);
  EXPECT_EQ(weir_->metric("weir_endpoint_up", up(endpoint_.address())), 1) << "one, not twenty";
  // The next one is the second in a row.
  const std::size_t before = endpoint_.request_count();
  const std::uint32_t one = client.start_get("/hang"), two = client.start_get("/hang");
  endpoint_.wait_for_requests(before + 1);
  endpoint_.reset(1);
  client.wait_end(one);
  client.wait_end(two);
  weir_->wait_for_metric("weir_endpoint_up", up(endpoint_.address()), 0);
}

TEST_F(Http2EndpointFailures, WhatCanBeRepeatedIsTriedElsewhere) {
  Http2Endpoint other(scripts::ok("other"));
  start(h2c_config(
      {endpoint_.address(), other.address()},
      "h2: { connections: 1 }, balance: round_robin, retry: { attempts: 1, budget: { min_per_second: "
      "1000 } }"));
  Http2Client client = this->client();
  std::vector<std::uint32_t> streams;
  for (std::size_t i = 0; i < 40; ++i) {
    streams.push_back(client.start_get("/hang"));
    client.round_trip();
  }
  endpoint_.wait_for_requests(20);
  endpoint_.reset(0);
  for (const std::uint32_t stream : streams) EXPECT_EQ(client.wait_end(stream).body, "other");
}

TEST_F(Http2EndpointFailures, AKeptConnectionThatEndedMeanwhileIsNoFailure) {
  start("retry: { attempts: 0 }");
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(get("/").body, "ok");
    endpoint_.close(i);
    endpoint_.wait_for_close(i);
  }
  EXPECT_EQ(get("/").body, "ok");
  EXPECT_EQ(failures(), 0);
}

TEST_F(Http2EndpointFailures, AnErrorOfTheConnectionEndsAllItsStreams) {
  start("h2: { connections: 1 }, retry: { attempts: 0 }, passive_health: { consecutive_failures: 0 }");
  Http2Client client = this->client();
  const std::vector<std::uint32_t> streams = hang(client, 3);
  endpoint_.goaway(0, endpoint_.request(2).stream, h2::internal_error);
  endpoint_.close(0);
  for (const std::uint32_t stream : streams) EXPECT_EQ(client.wait_end(stream).status, 502);
  EXPECT_EQ(get("/").body, "ok");
}

// Silence.

TEST_F(Http2EndpointFailures, ASilentConnectionIsAskedWhetherItLives) {
  start();
  Http2Client client = this->client();
  const std::uint32_t stream = hang(client, 1)[0];
  endpoint_.wait_for_pings(0, 1);
  endpoint_.stream(0).answer(200, "alive");
  EXPECT_EQ(client.wait_end(stream).body, "alive");
}

TEST_F(Http2EndpointFailures, ADeadConnectionIsGivenUp) {
  start("retry: { attempts: 0 }, passive_health: { consecutive_failures: 0 }");
  Http2Client client = this->client();
  const std::vector<std::uint32_t> streams = hang(client, 3);
  endpoint_.freeze(true);
  for (const std::uint32_t stream : streams) EXPECT_EQ(client.wait_end(stream, Deadline(30s)).status, 502);
  endpoint_.freeze(false);
  EXPECT_EQ(get("/").body, "ok");
  EXPECT_EQ(endpoint_.connection_count(), 2U);
}

// What else asks endpoints.

TEST_F(Http2EndpointFailures, MirrorsGoOverHttp2) {
  Http2Endpoint green(scripts::ok("green"));
  endpoint_.behave(scripts::echo());
  ConfigText config = h2c_config({endpoint_.address()});
  config.upstreams = {"green: { protocol: h2c, endpoints: [ \"" + green.address() + "\" ] }"};
  config.route = "mirror: { upstream: green, percent: 100 }";
  start(config);
  EXPECT_EQ(client().exchange("POST", "/a?b=c", "hello", {{"x-custom", "7"}, {"cookie", "s=1"}}).body,
            "hello");
  RawClient old = weir_->connect();
  old.send(
      "POST /old HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 9\r\n\r\n");
  EXPECT_EQ(old.read_response("POST").body, "abc");
  weir_->wait_for_metric("weir_mirror_requests_total", "outcome=\"answered\"", 2);
  const Http2EndpointRequest copy = green.request(0), second = green.request(1);
  EXPECT_EQ(copy.method, "POST");
  EXPECT_EQ(copy.path, "/a?b=c");
  EXPECT_EQ(copy.body, "hello");
  EXPECT_EQ(copy.fields.get("x-weir-mirror"), "all");
  EXPECT_EQ(copy.fields.get("x-custom"), "7");
  EXPECT_FALSE(copy.fields.has("cookie"));
  EXPECT_EQ(second.body, "abc");
  EXPECT_EQ(second.trailers.get("x-sum"), "9");
  EXPECT_EQ(green.connection_count(), 1U);
}

TEST_F(Http2EndpointFailures, MirrorsCrossProtocols) {
  OriginProcess origin;
  ConfigText config = h2c_config({endpoint_.address()});
  config.upstreams = {"green: { endpoints: [ \"" + origin.address() + "\" ] }"};
  config.route = "mirror: { upstream: green, percent: 100 }";
  start(config);
  EXPECT_EQ(client().exchange("POST", "/echo", "hello").body, "hello");
  weir_->wait_for_metric("weir_mirror_requests_total", "outcome=\"answered\"", 1);
}

TEST_F(Http2EndpointFailures, HealthChecksGoOverHttp2) {
  Http2Script script;
  script.end = [](const Stream& stream) {
    const bool check = stream.request().path == "/health";
    stream.answer(check ? 503 : 200, check ? "" : "served");
  };
  Http2Endpoint bad(script), good(scripts::ok("good"));
  start(h2c_config({bad.address(), good.address()}, "health_check: { interval: 100ms }"));
  weir_->wait_for_metric("weir_endpoint_up", up(bad.address()), 0);
  weir_->wait_for_metric("weir_endpoint_up", up(good.address()), 1);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(get("/").body, "good");
  EXPECT_EQ(good.request(0).path, "/health");
  EXPECT_EQ(good.request(0).authority, good.address());
  good.wait_for_requests(good.request_count() + 10);
  EXPECT_LE(good.connection_count(), 2U) << "they are kept: one of the checks, one of requests";
}

TEST_F(Http2EndpointFailures, FailoverCrossesProtocols) {
  OriginProcess origin("spare");
  ConfigText config =
      h2c_config({refused_address()}, "passive_health: { consecutive_failures: 1, ejection_time: 1h }");
  config.upstreams = {"spare: { endpoints: [ \"" + origin.address() + "\" ] }"};
  config.default_route = false;
  config.routes = {
      "{ name: api, split: { targets: [ { upstream: app, weight: 100 }, { upstream: spare, weight: 0 } ] } "
      "}"};
  start(config);
  get("/");  // which finds out
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client().exchange("POST", "/echo", "hello").body, "hello");
}

// Weights that change under requests over HTTP/2.

TEST_F(Http2EndpointFailures, WeightsChangeUnderLoad) {
  Http2Endpoint green(scripts::named("green"));
  endpoint_.behave(scripts::named("blue"));
  ConfigText config = h2c_config({endpoint_.address()});
  config.upstreams = {"green: { protocol: h2c, endpoints: [ \"" + green.address() + "\" ] }"};
  config.default_route = false;
  config.routes = {
      "{ name: api, split: { targets: [ { upstream: app, weight: 100 }, { upstream: green, weight: 0 } ] } "
      "}"};
  start(config);
  Http2Client client = this->client();
  const auto greens = [&] {
    std::vector<std::uint32_t> streams;
    for (int i = 0; i < 50; ++i) streams.push_back(client.start_get("/"));
    int count = 0;
    for (const std::uint32_t stream : streams) {
      const std::string& body = client.wait_end(stream).body;
      EXPECT_TRUE(body == "green" || body == "blue") << body;
      count += body == "green" ? 1 : 0;
    }
    return count;
  };
  EXPECT_EQ(greens(), 0);
  for (const int green_weight : {50, 100, 0}) {
    ProcessOptions options;
    options.arguments = {"split",
                         "set",
                         "api",
                         "app=" + std::to_string(100 - green_weight),
                         "green=" + std::to_string(green_weight),
                         "--admin",
                         "127.0.0.1:" + std::to_string(weir_->admin_port())};
    const Finished set = run_to_end(weir_binary(), options);
    ASSERT_EQ(set.status, (ExitStatus{0, 0})) << set.errors;
    EXPECT_EQ(greens(), green_weight / 2);
  }
}

}  // namespace
}  // namespace weir::testing
