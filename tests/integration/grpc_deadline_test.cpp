// Deadlines of gRPC calls (grpc-timeout): what the next hop gets of them, and who ends a call when they are over.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integration/grpc_rig.hpp"

namespace weir::testing {
namespace {

using ::testing::MatchesRegex;

using Stream = Http2EndpointStream;

class GrpcDeadline : public GrpcRig {
 protected:
  /// The grpc-timeout that an endpoint got, in milliseconds.
  long passed_on(std::size_t index) { return passed_on(endpoint_.request(index)); }
  static long passed_on(const Http2EndpointRequest& request) {
    const std::string text = request.fields.get("grpc-timeout");
    EXPECT_THAT(text, MatchesRegex("[0-9]{1,8}[HMSmun]"));
    const std::map<char, double> unit_ms = {{'H', 3'600'000}, {'M', 60'000}, {'S', 1000},
                                            {'m', 1},         {'u', 0.001},  {'n', 0.000001}};
    if (text.empty()) return -1;
    return static_cast<long>(std::strtod(text.c_str(), nullptr) * unit_ms.at(text.back()));
  }
};

TEST_F(GrpcDeadline, TheNextHopGetsWhatIsLeft) {
  start();
  for (const auto& [text, ms] : std::initializer_list<std::pair<std::string, long>>{
           {"10S", 10'000}, {"1500m", 1500}, {"2M", 120'000}, {"1H", 3'600'000}, {"3000000u", 3000}}) {
    const std::size_t index = endpoint_.request_count();
    EXPECT_EQ(grpc_status_of(call("x", {{"grpc-timeout", text}})), "0") << text;
    EXPECT_LE(passed_on(index), ms) << text;
    EXPECT_GE(passed_on(index), ms - 1000) << text;
  }
}

TEST_F(GrpcDeadline, OfTwoTheShorterHolds) {
  start("timeouts: { total: 400ms }");
  EXPECT_EQ(grpc_status_of(call("x", {{"grpc-timeout", "1H"}})), "0");
  EXPECT_LE(passed_on(0), 400);
  endpoint_.behave(scripts::hang());
  expect_own_error(call("x", {{"grpc-timeout", "1H"}}), 4);
}

TEST_F(GrpcDeadline, WeirEndsACallWhoseTimeIsOver) {
  endpoint_.behave(scripts::hang());
  start();
  const Http2Response response = call("x", {{"grpc-timeout", "300m"}});
  expect_own_error(response, 4);
  EXPECT_NE(endpoint_.wait_for_reset(0), h2::no_error) << "it reaches the server";
  const boost::json::object line = log_line(*weir_);
  EXPECT_EQ(line.at("status"), 200);
  EXPECT_EQ(line.at("reason"), "total_timeout");
  EXPECT_EQ(line.at("grpc_status"), 4);
  EXPECT_EQ(calls("deadline_exceeded"), 1);
  EXPECT_EQ(failures(), 0) << "the client chose it: it says nothing of the endpoint";
}

TEST_F(GrpcDeadline, BetweenMessagesItEndsWithAStatus) {
  Http2Script script;
  script.end = [](const Stream& stream) {
    stream.head(grpc::head());
    stream.data(grpc::message("one"));
  };
  endpoint_.behave(script);
  start();
  const Http2Response response = call("x", {{"grpc-timeout", "300m"}});
  EXPECT_EQ(response.body, grpc::message("one"));
  EXPECT_EQ(response.trailers.get("grpc-status"), "4");
}

TEST_F(GrpcDeadline, SilenceUntilThenIsNoFault) {
  endpoint_.behave(scripts::hang());
  ConfigText config = h2c_config({endpoint_.address()}, "timeouts: { response: 200ms, idle: 200ms }");
  config.http += ", limits: { body_idle_timeout: 200ms }";
  start(config);
  Http2Client client = this->client();
  const std::uint32_t call = start_call(client, {{"grpc-timeout", "10S"}});
  endpoint_.wait_for_requests(1);
  EXPECT_TRUE(client.stays_silent_for(600ms));
  const Stream stream = endpoint_.stream(0);
  stream.head(grpc::head());
  client.wait_head(call);
  EXPECT_TRUE(client.stays_silent_for(600ms));
  client.send_data(call, grpc::message("late"));
  endpoint_.wait_for_end(0);
  stream.data(grpc::message("later"));
  stream.trailers(grpc::status(0));
  EXPECT_EQ(grpc_status_of(client.wait_end(call)), "0");
}

/// limits.body_min_rate is about messages: a client that is in the middle of one owes the rest of it.
TEST_F(GrpcDeadline, AMessageMayNotCrawl) {
  endpoint_.behave(scripts::hang());
  ConfigText config = h2c_config({endpoint_.address()});
  config.http += ", limits: { body_min_rate: 1000 }";
  start(config);
  Http2Client client = this->client();
  const std::uint32_t call = start_call(client, {{"grpc-timeout", "1M"}});
  client.send_data(call, grpc::message(std::string(100'000, 'm')).substr(0, 100), false);
  const Deadline deadline(25s);
  while (!deadline.has_passed() && client.stays_silent_for(200ms)) client.send_data(call, "x", false);
  expect_own_error(client.wait_end(call), 1);
  EXPECT_EQ(log_line(*weir_).at("reason"), "body_timeout");
  EXPECT_EQ(weir_->metric("weir_slow_clients_total", "reason=\"body_min_rate\""), 1);
}

/// Of a call whose response runs, too: its client learns why it ends.
TEST_F(GrpcDeadline, AMessageMayNotCrawlBesideAResponse) {
  ConfigText config = h2c_config({endpoint_.address()});
  config.http += ", limits: { body_min_rate: 1000 }";
  Http2Script script;  // answers once, and then takes what comes
  script.head = [](const Stream& stream) {
    stream.head(grpc::head());
    stream.data(grpc::message("one"));
  };
  endpoint_.behave(script);
  start(config);
  Http2Client client = this->client();
  const std::uint32_t call = start_call(client, {{"grpc-timeout", "1M"}});
  client.wait_body(call, grpc::message("one").size());
  client.send_data(call, grpc::message(std::string(100'000, 'm')).substr(0, 100), false);
  const Deadline deadline(25s);
  while (!deadline.has_passed() && client.stays_silent_for(200ms)) client.send_data(call, "x", false);
  EXPECT_EQ(client.wait_end(call).trailers.get("grpc-status"), "1");
  EXPECT_EQ(log_line(*weir_).at("reason"), "body_timeout");
  EXPECT_EQ(weir_->metric("weir_slow_clients_total", "reason=\"body_min_rate\""), 1);
  EXPECT_EQ(failures(), 0);
}

/// And between two it may be silent, with a deadline and without one.
TEST_F(GrpcDeadline, BetweenMessagesThereIsNoPace) {
  ConfigText config = h2c_config({endpoint_.address()});
  config.http += ", limits: { body_min_rate: 1000 }";
  start(config);
  Http2Client client = this->client();
  const std::uint32_t with = start_call(client, {{"grpc-timeout", "1M"}}), without = start_call(client);
  for (const std::uint32_t call : {with, without}) {
    client.send_data(call, grpc::message("one"), false);
    client.wait_body(call, grpc::message("one").size());
  }
  EXPECT_TRUE(client.stays_silent_for(12s)) << "longer than the pace is measured over";
  for (const std::uint32_t call : {with, without}) {
    client.send_data(call, grpc::message("two"));
    EXPECT_EQ(grpc_status_of(client.wait_end(call)), "0");
  }
}

TEST_F(GrpcDeadline, WithoutOneTheTimeoutsHold) {
  endpoint_.behave(scripts::hang());
  start("timeouts: { response: 200ms }, retry: { attempts: 0 }");
  expect_own_error(call(), 14);
}

TEST_F(GrpcDeadline, WhatIsNoTimeIsAnError) {
  start();
  for (const char* text : {"", "S", "1", "123456789S", "1s", "-1S", "1.5S", "1 S"}) {
    expect_own_error(call("x", {{"grpc-timeout", text}}), 13);
  }
  EXPECT_EQ(endpoint_.request_count(), 0U);
}

TEST_F(GrpcDeadline, OneThatIsOverAlreadyReachesNoServer) {
  start();
  expect_own_error(call("x", {{"grpc-timeout", "0m"}}), 4);
  EXPECT_EQ(endpoint_.request_count(), 0U);
}

/// Each try has less of it.
TEST_F(GrpcDeadline, ARetryGetsWhatIsLeftThen) {
  Http2Script slow;
  slow.end = [](const Stream& stream) {
    eventually("300 ms are over", [begun = std::chrono::steady_clock::now()] {
      return std::chrono::steady_clock::now() - begun > 300ms;
    });
    h2::FieldLines lines = grpc::head();
    lines.emplace_back("grpc-status", "14");
    stream.head(lines, true);
  };
  Http2Endpoint other(slow);
  endpoint_.behave(slow);
  start(
      h2c_config({endpoint_.address(), other.address()}, "retry: { attempts: 1, on: [ grpc_unavailable ] }"));
  EXPECT_EQ(grpc_status_of(call("x", {{"grpc-timeout", "10S"}})), "14");
  const long first = passed_on(endpoint_.request(0)), second = passed_on(other.request(0));
  EXPECT_GE(std::abs(first - second), 250);
}

TEST_F(GrpcDeadline, OtherRequestsPassTheFieldAsItIs) {
  start();
  EXPECT_EQ(client().exchange("POST", "/", "x", {{"grpc-timeout", "what"}}).status, 200);
  EXPECT_EQ(endpoint_.request(0).fields.get("grpc-timeout"), "what");
}

}  // namespace
}  // namespace weir::testing
