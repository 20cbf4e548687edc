// `weir pause` and `weir resume`: requests of a route wait in Weir while what is behind it restarts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "integration/grpc_rig.hpp"
#include "support/behaviours.hpp"
#include "support/steady_load.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

Finished command(const WeirProcess& weir, std::vector<std::string> arguments) {
  ProcessOptions options;
  options.arguments = std::move(arguments);
  options.arguments.push_back("--admin");
  options.arguments.push_back("127.0.0.1:" + std::to_string(weir.admin_port()));
  return run_to_end(weir_binary(), options);
}

Finished pause(const WeirProcess& weir, std::vector<std::string> more = {}) {
  std::vector<std::string> arguments{"pause", "all"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return command(weir, std::move(arguments));
}

Finished resume(const WeirProcess& weir) {
  return command(weir, {"resume", "all", "--reason", "it is back"});
}

void wait_for_waiting(const WeirProcess& weir, double count) {
  weir.wait_for_metric("weir_paused_requests", "route=\"all\"", count);
}

std::string events(const WeirProcess& weir) {
  return weir.admin("/api/v1/events?format=json").body;
}

class Pauses : public ::testing::Test {
 protected:
  ConfigText config() const { return config_for(endpoint_.address()); }
  RawClient asking(const WeirProcess& weir, const std::string& path = "/") const {
    RawClient client = weir.connect();
    client.send_get(path);
    return client;
  }

  ScriptableEndpoint endpoint_{behave::ok("here")};
};

TEST_F(Pauses, RequestsWaitAndAreServedWhenTheRouteIsResumed) {
  WeirProcess weir(config());
  const Finished paused = pause(weir, {"--max", "60s", "--reason", "restart"});
  ASSERT_EQ(paused.status, (ExitStatus{0, 0})) << paused.errors;
  EXPECT_THAT(paused.output, HasSubstr("all: paused, 0 of at most 1024 requests wait, goes on in 60 s; by "));
  std::vector<RawClient> clients;
  for (int i = 0; i < 40; ++i) clients.push_back(asking(weir));
  wait_for_waiting(weir, 40);
  EXPECT_EQ(endpoint_.request_count(), 0U);
  const Finished status = command(weir, {"status"});
  EXPECT_THAT(status.output, HasSubstr("all: paused, 40 of at most 1024 requests wait"));
  const Finished resumed = resume(weir);
  ASSERT_EQ(resumed.status, (ExitStatus{0, 0})) << resumed.errors;
  for (RawClient& client : clients) EXPECT_EQ(client.read_response().body, "here");
  wait_for_waiting(weir, 0);
  EXPECT_EQ(weir.metric("weir_pause_requests_total", "outcome=\"let_go\""), 40);
  for (const auto& line : weir.access_log(40)) EXPECT_TRUE(line.contains("queue_ms"));
  EXPECT_THAT(events(weir), HasSubstr("route all goes on after "));
  const auto audit = weir.admin_json("/api/v1/audit").at("audit").as_array();
  ASSERT_EQ(audit.size(), 2U);
  EXPECT_EQ(audit[0].at("action"), "route_resume");
  EXPECT_EQ(audit[0].at("reason"), "it is back");
  EXPECT_EQ(audit[1].at("action"), "route_pause");
  EXPECT_EQ(audit[1].at("max"), "1m");
  EXPECT_EQ(weir.get("/").body, "here");
  EXPECT_EQ(resume(weir).output, "all: not paused\n");
}

TEST_F(Pauses, ItEndsByItself) {
  WeirProcess weir(config());
  ASSERT_EQ(pause(weir, {"--max", "300ms"}).status, (ExitStatus{0, 0}));
  RawClient client = asking(weir);
  EXPECT_EQ(client.read_response().body, "here");
  EXPECT_EQ(weir.admin_json("/api/v1/routes/all/pause").at("state"), "resumed");
  EXPECT_THAT(events(weir),
              HasSubstr("because its time is over; 1 requests waited, 1 to its end, 0 were refused"));
}

TEST_F(Pauses, WhatDoesNotFitIsRefusedAtOnce) {
  WeirProcess weir(config());
  ASSERT_EQ(pause(weir, {"--queue", "2"}).status, (ExitStatus{0, 0}));
  std::vector<RawClient> clients;
  for (int i = 0; i < 2; ++i) clients.push_back(asking(weir));
  wait_for_waiting(weir, 2);
  const Response refused = weir.get("/");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.fields.get("Retry-After"), "1");
  EXPECT_THAT(refused.fields.get("Proxy-Status"), HasSubstr("error=connection_limit_reached"));
  EXPECT_EQ(weir.metric("weir_pause_requests_total", "outcome=\"refused\""), 1);
  ASSERT_EQ(resume(weir).status, (ExitStatus{0, 0}));
  for (RawClient& client : clients) EXPECT_EQ(client.read_response().status, 200);
  EXPECT_EQ(weir.access_log_by_start(3).back().at("reason"), "pause_queue_full");
}

TEST_F(Pauses, AClientThatLeavesGivesItsPlaceUp) {
  WeirProcess weir(config());
  ASSERT_EQ(pause(weir, {"--queue", "1"}).status, (ExitStatus{0, 0}));
  {
    RawClient client = asking(weir);
    wait_for_waiting(weir, 1);
  }
  wait_for_waiting(weir, 0);
  EXPECT_EQ(weir.access_log(1).front().at("status"), 499);
  EXPECT_EQ(weir.metric("weir_pause_requests_total", "outcome=\"left\""), 1);
  RawClient next = asking(weir);
  wait_for_waiting(weir, 1);
  ASSERT_EQ(resume(weir).status, (ExitStatus{0, 0}));
  EXPECT_EQ(next.read_response().status, 200);
  EXPECT_EQ(endpoint_.request_count(), 1U);
}

TEST_F(Pauses, TheTimeoutOfTheWholeHoldsMeanwhile) {
  ConfigText config = this->config();
  config.app = "timeouts: { total: 300ms }";
  WeirProcess weir(config);
  ASSERT_EQ(pause(weir).status, (ExitStatus{0, 0}));
  EXPECT_EQ(weir.get("/").status, 504);
  EXPECT_EQ(weir.access_log(1).front().at("reason"), "total_timeout");
  EXPECT_EQ(endpoint_.request_count(), 0U);
}

// The body stays with the client: it gets no 100 before an endpoint has one to give.
TEST_F(Pauses, ABodyIsNotReadMeanwhile) {
  endpoint_.behave(behave::echo());
  WeirProcess weir(config());
  ASSERT_EQ(pause(weir).status, (ExitStatus{0, 0}));
  RawClient client = weir.connect();
  client.send("POST / HTTP/1.1\r\nHost: example.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  wait_for_waiting(weir, 1);
  EXPECT_TRUE(client.stays_silent_for(100ms));
  ASSERT_EQ(resume(weir).status, (ExitStatus{0, 0}));
  client.read_until("HTTP/1.1 100 Continue\r\n\r\n");
  client.send("hello");
  EXPECT_EQ(client.read_response("POST").body, "hello");
}

TEST_F(Pauses, AnAppThatRestartsElsewhereIsFoundByAReload) {
  ScriptableEndpoint next(behave::ok("next"));
  WeirProcess weir(config());
  ASSERT_EQ(pause(weir).status, (ExitStatus{0, 0}));
  RawClient client = asking(weir);
  wait_for_waiting(weir, 1);
  endpoint_.stop();
  weir.reload(config_for(next.address()));
  EXPECT_EQ(weir.metric("weir_paused_requests"), 1) << "a pause outlives a reload";
  ASSERT_EQ(resume(weir).status, (ExitStatus{0, 0}));
  EXPECT_EQ(client.read_response().body, "next");
}

TEST_F(Pauses, AReloadThatRemovesTheRouteEndsIt) {
  WeirProcess weir(config());
  ASSERT_EQ(pause(weir).status, (ExitStatus{0, 0}));
  RawClient client = asking(weir);
  wait_for_waiting(weir, 1);
  ConfigText other = config();
  other.default_route = false;
  other.routes = {"{ name: other, upstream: app }"};
  weir.reload(other);
  EXPECT_EQ(client.read_response().body, "here") << "as every request that a reload overtakes";
  EXPECT_THAT(events(weir), HasSubstr("because it left the configuration"));
  EXPECT_EQ(resume(weir).status, (ExitStatus{1, 0}));
  EXPECT_THAT(resume(weir).errors, HasSubstr("no route is named 'all'; those that proxy are: other"));
}

TEST_F(Pauses, ADrainEndsItInTimeForAnswers) {
  ConfigText config = this->config();
  config.server = "workers: 2, shutdown_timeout: 1s";
  WeirProcess weir(config);
  ASSERT_EQ(pause(weir).status, (ExitStatus{0, 0}));
  RawClient client = asking(weir);
  wait_for_waiting(weir, 1);
  weir.signal(SIGTERM);
  EXPECT_EQ(client.read_response().body, "here");
  EXPECT_EQ(weir.process().wait_exit(), (ExitStatus{0, 0}));
}

TEST_F(Pauses, WaitReturnsWhenWhatCameBeforeHasEnded) {
  const auto gate = std::make_shared<Gate>();
  endpoint_.behave(behave::gated(gate, behave::ok("late")));
  WeirProcess weir(config());
  RawClient running = asking(weir);
  endpoint_.wait_for_requests(1);
  const Finished early = pause(weir, {"--wait", "--timeout", "200ms"});
  EXPECT_EQ(early.status, (ExitStatus{1, 0}));
  EXPECT_THAT(early.errors,
              HasSubstr("all: 1 requests that came before still run after 200ms; the route stays paused"));
  RawClient waiting = asking(weir);
  wait_for_waiting(weir, 1);
  gate->open();
  EXPECT_EQ(running.read_response().body, "late");
  const Finished late = pause(weir, {"--wait"});
  EXPECT_EQ(late.status, (ExitStatus{0, 0})) << late.errors;
  EXPECT_THAT(late.output, HasSubstr("0 requests that came before still run"));
  ASSERT_EQ(resume(weir).status, (ExitStatus{0, 0}));
  EXPECT_EQ(waiting.read_response().body, "late");
}

// A resume lets them go a few at a time; a pause that comes meanwhile holds the rest.
TEST_F(Pauses, APauseRightAfterAResumeHoldsThoseThatHaveNotGoneOn) {
  ConfigText config = this->config();
  config.server = "workers: 1";
  WeirProcess weir(config);
  const std::string route = "/api/v1/routes/all/pause";
  ASSERT_EQ(pause(weir).status, (ExitStatus{0, 0}));
  std::vector<RawClient> clients;
  for (int i = 0; i < 300; ++i) clients.push_back(asking(weir));
  wait_for_waiting(weir, 300);
  RawClient admin(weir.admin_port());
  for (const std::string_view state : {"resumed", "paused"}) {
    const std::string body = R"({"state":")" + std::string(state) + R"("})";
    admin.send("PUT " + route + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
               std::to_string(body.size()) + "\r\n\r\n" + body);
    EXPECT_EQ(admin.read_response("PUT").status, 200);
  }
  eventually("none runs", [&] { return weir.admin_json(route).at("running") == 0; });
  const std::size_t reached = endpoint_.request_count();
  EXPECT_LT(reached, 300U);
  EXPECT_EQ(weir.metric("weir_paused_requests", "route=\"all\""), 300 - static_cast<double>(reached));
  RawClient last = asking(weir);
  wait_for_waiting(weir, 301 - static_cast<double>(reached));
  EXPECT_TRUE(last.stays_silent_for(500ms)) << "all would have gone on by now";
  EXPECT_EQ(endpoint_.request_count(), reached) << "nothing reaches an app that is away";
  ASSERT_EQ(resume(weir).status, (ExitStatus{0, 0}));
  for (RawClient& client : clients) EXPECT_EQ(client.read_response().body, "here");
  EXPECT_EQ(last.read_response().body, "here");
  wait_for_waiting(weir, 0);
}

TEST_F(Pauses, WhatCannotBePausedIsSaid) {
  ConfigText config = this->config();
  config.routes = {"{ name: own, match: { path: /own }, respond: { status: 204 } }"};
  WeirProcess weir(config);
  const Finished own = command(weir, {"pause", "own"});
  EXPECT_EQ(own.status, (ExitStatus{1, 0}));
  EXPECT_THAT(own.errors, HasSubstr("route own answers by itself"));
  EXPECT_EQ(command(weir, {"pause", "nothing"}).status, (ExitStatus{1, 0}));
  EXPECT_EQ(pause(weir, {"--max", "2h"}).status, (ExitStatus{1, 0}));
  EXPECT_EQ(pause(weir, {"--queue", "0"}).status, (ExitStatus{2, 0}));
  EXPECT_EQ(weir.get("/").status, 200);
}

// What the whole is for: the app is away for a while, and no client sees more of it than a longer answer.
TEST_F(Pauses, AnAppRestartsUnderLoadWithoutAnError) {
  WeirProcess weir(config());
  SteadyLoad load(8, [&](SteadyLoad& steady) {
    RawClient client = weir.connect();
    while (!steady.stopped()) steady.count(client.get("/").status == 200);
  });
  eventually("requests are served", [&] { return load.answered() > 100; });
  ASSERT_EQ(pause(weir, {"--wait"}).status, (ExitStatus{0, 0}));
  const std::size_t before = endpoint_.request_count();
  wait_for_waiting(weir, 8);
  EXPECT_EQ(endpoint_.request_count(), before) << "nothing reaches an app that is away";
  ASSERT_EQ(resume(weir).status, (ExitStatus{0, 0}));
  const int answered = load.answered();
  eventually("requests are served again", [&] { return load.answered() > answered + 100; });
  load.stop();
  EXPECT_EQ(load.failed(), 0);
}

class PausedCalls : public GrpcRig {};

TEST_F(PausedCalls, CallsAndStreamsOfHttp2Wait) {
  start();
  ASSERT_EQ(pause(*weir_).status, (ExitStatus{0, 0}));
  Http2Client several = client();
  std::vector<std::uint32_t> streams;
  for (int i = 0; i < 3; ++i) {
    streams.push_back(start_call(several));
    several.send_data(streams.back(), grpc::message("hello"));
  }
  wait_for_waiting(*weir_, 3);
  several.reset(streams.back());
  wait_for_waiting(*weir_, 2);
  EXPECT_EQ(endpoint_.request_count(), 0U);
  ASSERT_EQ(resume(*weir_).status, (ExitStatus{0, 0}));
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(grpc_status_of(several.wait_end(streams[static_cast<std::size_t>(i)])), "0");
}

TEST_F(PausedCalls, ADeadlineAndAFullQueueAreStatuses) {
  start();
  ASSERT_EQ(pause(*weir_, {"--queue", "1"}).status, (ExitStatus{0, 0}));
  expect_own_error(call("x", {{"grpc-timeout", "200m"}}), 4);
  Http2Client first = client();
  const std::uint32_t waiting = start_call(first);
  wait_for_waiting(*weir_, 1);
  expect_own_error(call("x"), 14);
  first.send_data(waiting, grpc::message("hello"));
  ASSERT_EQ(resume(*weir_).status, (ExitStatus{0, 0}));
  EXPECT_EQ(grpc_status_of(first.wait_end(waiting)), "0");
}

}  // namespace
}  // namespace weir::testing
