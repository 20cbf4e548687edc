// How well weir-origin does for all of its requests, and how that changes while it runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/http2_client.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;

class OriginBehaviour : public ::testing::Test {
 protected:
  void start(const std::vector<std::string>& arguments) { origin_.emplace("one", "1", arguments); }
  RawClient connect() { return RawClient(origin_->port()); }
  int change(const std::string& query) { return connect().exchange("PUT", "/control?" + query, "").status; }
  int failed_of(int requests) {
    RawClient client = connect();
    int failed = 0;
    for (int i = 0; i < requests; ++i) failed += client.get("/").status == 500 ? 1 : 0;
    return failed;
  }

  /// The response to GET, which comes no earlier than `time` after the request.
  static Response after(std::chrono::milliseconds time, RawClient& client, const std::string& path) {
    const auto begun = std::chrono::steady_clock::now();
    client.send_get(path);
    Response response = client.read_response();
    EXPECT_GE(std::chrono::steady_clock::now() - begun, time) << path;
    return response;
  }

  std::optional<OriginProcess> origin_;
};

TEST_F(OriginBehaviour, FailsAShareUntilItIsChanged) {
  start({"--fail-percent", "30"});
  EXPECT_NEAR(failed_of(300), 90, 60);
  ASSERT_EQ(change("fail_percent=0"), 200);
  EXPECT_EQ(failed_of(100), 0);
  ASSERT_EQ(change("fail_percent=100"), 200);
  EXPECT_EQ(failed_of(100), 100);
}

TEST_F(OriginBehaviour, EveryPathFailsButHealthAndControls) {
  start({"--fail-percent", "100"});
  for (const char* path : {"/", "/bytes/10", "/status/204", "/any/where", "/ws"}) {
    EXPECT_EQ(connect().get(path).status, 500) << path;
  }
  EXPECT_EQ(connect().exchange("POST", "/echo", "abc").status, 500);
  for (const char* path : {"/health", "/stats", "/control"})
    EXPECT_EQ(connect().get(path).status, 200) << path;
}

TEST_F(OriginBehaviour, AnswersTakeTheirTime) {
  start({"--latency-ms", "100", "--latency-spread", "0"});
  RawClient client = connect();
  EXPECT_EQ(origin_name(after(100ms, client, "/")), "one");
  ASSERT_EQ(change("slow_factor=4"), 200);
  EXPECT_EQ(after(400ms, client, "/chunked/20").body.size(), 20U);
  ASSERT_EQ(change("fail_percent=100&slow_factor=1"), 200);
  EXPECT_EQ(after(100ms, client, "/").status, 500) << "a failure takes as long";
}

TEST_F(OriginBehaviour, ARequestWithABodyTakesItsTimeToo) {
  start({"--latency-ms", "100", "--latency-spread", "0"});
  RawClient client = connect();
  const auto begun = std::chrono::steady_clock::now();
  client.send("POST /any HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
  client.send("def");
  EXPECT_EQ(boost::json::parse(client.read_response().body).at("body_bytes").as_int64(), 6);
  EXPECT_GE(std::chrono::steady_clock::now() - begun, 100ms);
  EXPECT_EQ(after(100ms, client, "/").status, 200);
}

TEST_F(OriginBehaviour, AColdStartBeginsAnewWhenItIsAskedFor) {
  start({"--latency-ms", "20", "--latency-spread", "0", "--cold-start", "3600"});
  RawClient client = connect();
  EXPECT_EQ(after(150ms, client, "/").status, 200);
  ASSERT_EQ(change("cold_start=0"), 200);
  ASSERT_EQ(change("latency_ms=0"), 200);
  EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(change("cold_start=3600&latency_ms=20"), 200);
  EXPECT_EQ(after(150ms, client, "/").status, 200);
}

TEST_F(OriginBehaviour, TheSameOverHttp2) {
  start({"--fail-percent", "100", "--latency-ms", "100", "--latency-spread", "0"});
  Http2Client client(origin_->port());
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(client.get("/").status, 500);
  EXPECT_GE(std::chrono::steady_clock::now() - begun, 100ms);
  ASSERT_EQ(change("fail_percent=0"), 200);
  EXPECT_EQ(client.get("/bytes/10").body.size(), 10U);
}

TEST_F(OriginBehaviour, ACallOfGrpcFailsWithItsOwnStatus) {
  start({"--fail-percent", "100"});
  Http2Client client(origin_->port());
  const h2::FieldLines grpc = {{"content-type", "application/grpc"}};
  const Http2Response failed = client.exchange("POST", "/echo.Echo/Call", "abc", grpc);
  EXPECT_EQ(failed.status, 200);
  EXPECT_EQ(failed.fields.get("grpc-status"), "13");
  EXPECT_TRUE(failed.ended_by_head);
  ASSERT_EQ(change("fail_percent=0"), 200);
  EXPECT_EQ(client.exchange("POST", "/echo.Echo/Call", "abc", grpc).trailers.get("grpc-status"), "0");
}

TEST_F(OriginBehaviour, WhatCannotBeIsRefused) {
  start({});
  const Response refused = connect().exchange("PUT", "/control?fail_percent=200", "");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.body, "fail_percent: a number from 0 to 100\n");
  EXPECT_EQ(change("slow_factor=2"), 400) << "nothing to multiply";
  EXPECT_EQ(
      connect().get("/control").body,
      "{\"fail_percent\":0,\"latency_ms\":0,\"latency_spread\":0.5,\"slow_factor\":1,\"cold_start\":0}\n");
}

TEST_F(OriginBehaviour, OptionsThatCannotBeAreUsageErrors) {
  ProcessOptions options;
  options.arguments = {"--port", "0", "--slow-factor", "2"};
  const Finished finished = run_to_end(origin_binary(), std::move(options));
  EXPECT_EQ(finished.status, (ExitStatus{2, 0}));
  EXPECT_THAT(finished.errors, HasSubstr("slow_factor multiplies latency_ms, which is 0"));
}

}  // namespace
}  // namespace weir::testing
