// Every timeout of listener and upstream fires, says which one it was, and leaves nothing behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/behaviours.hpp"
#include "support/full_backlog.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;

WeirProcess weir_with(const std::string& address, const std::string& app, const std::string& http = "") {
  ConfigText config = config_for(address);
  config.app = app;
  config.http = http;
  return WeirProcess(config);
}

void expect_gateway_timeout(const Response& response, const std::string& error_type) {
  EXPECT_EQ(response.status, 504);
  EXPECT_THAT(response.fields.get("Proxy-Status"), HasSubstr("error=" + error_type));
}

TEST(Timeouts, Connect) {
  const FullBacklog endpoint;
  WeirProcess weir = weir_with(endpoint.address(), "timeouts: { connect: 200ms }, retry: { attempts: 0 }");
  expect_gateway_timeout(weir.get("/"), "connection_timeout");
  EXPECT_EQ(weir.access_log(1)[0].at("reason"), "connect_timeout");
}

TEST(Timeouts, Response) {
  ScriptableEndpoint endpoint(behave::hang());
  WeirProcess weir = weir_with(endpoint.address(), "timeouts: { response: 200ms }, retry: { attempts: 0 }");
  RawClient client = weir.connect();
  expect_gateway_timeout(client.get("/"), "http_response_timeout");
  EXPECT_NE(endpoint.wait_for_end(0), StreamEvent::data);  // a connection with an answer to come is not kept
  EXPECT_EQ(weir.access_log(1)[0].at("reason"), "response_timeout");
  endpoint.behave(behave::ok("fine"));
  EXPECT_EQ(client.get("/").body, "fine");  // the client's connection is
}

TEST(Timeouts, ResponseStartsWhenTheRequestIsSent) {
  ScriptableEndpoint endpoint(behave::echo());
  WeirProcess weir = weir_with(endpoint.address(), "timeouts: { response: 400ms }");
  RawClient client = weir.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n");
  for (const char* piece : {"ab", "cd", "ef", "gh"}) {  // 800 ms in all
    EXPECT_TRUE(client.stays_silent_for(200ms));
    client.send(piece);
  }
  EXPECT_EQ(client.read_response().body, "abcdefgh");
}

TEST(Timeouts, ResponseCountsFromTheEndOfTheRequestHoweverItsHeadComes) {
  ScriptableEndpoint endpoint(ConnectionBehaviour([](EndpointConnection& connection) {
    auto request = connection.read_request_head();
    if (!request) return;
    connection.send("HTTP");  // while the upload runs
    connection.read_body(*request);
    connection.send("/1.1");  // after its end: no reason to wait for longer
    connection.read_to_end();
  }));
  WeirProcess weir = weir_with(endpoint.address(), "timeouts: { response: 500ms }, retry: { attempts: 0 }");
  RawClient client = weir.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
  EXPECT_TRUE(client.stays_silent_for(700ms));  // the request is not through: nothing counts
  const auto through = std::chrono::steady_clock::now();
  client.send("cde");
  expect_gateway_timeout(client.read_response(), "http_response_timeout");
  const auto waited = std::chrono::steady_clock::now() - through;
  EXPECT_GE(waited, 450ms);
  EXPECT_LT(waited, scaled(2500ms));
}

TEST(Timeouts, IdleInTheMiddleOfAResponse) {
  ScriptableEndpoint endpoint(ConnectionBehaviour([](EndpointConnection& connection) {
    if (!connection.read_request()) return;
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome");
    connection.read_to_end();
  }));
  WeirProcess weir = weir_with(endpoint.address(), "timeouts: { idle: 200ms }");
  RawClient client = weir.connect();
  client.send_get("/");
  client.read_until("some");
  client.read_to_end();
  EXPECT_NE(endpoint.wait_for_end(0), StreamEvent::data);
}

TEST(Timeouts, IdleIsNotTheWholeResponse) {
  ScriptableEndpoint endpoint(behave::slow(behave::ok_message("0123456789"), 1,
                                           30ms));  // more than a second in all, never 400 ms apart
  WeirProcess weir = weir_with(endpoint.address(), "timeouts: { idle: 400ms }");
  EXPECT_EQ(weir.get("/").body, "0123456789");
}

TEST(Timeouts, TotalEndsEvenASteadyResponse) {
  ScriptableEndpoint endpoint(
      behave::slow("HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n" + std::string(10000, 'x'), 10, 20ms));
  WeirProcess weir = weir_with(endpoint.address(), "timeouts: { total: 500ms }");
  RawClient client = weir.connect();
  client.send_get("/");
  EXPECT_LT(client.read_to_end().bytes.size(), 10'000U);
}

TEST(Timeouts, TotalBeforeAnyResponse) {
  ScriptableEndpoint endpoint(behave::hang());
  WeirProcess weir = weir_with(endpoint.address(), "timeouts: { total: 200ms }");
  EXPECT_EQ(weir.get("/").status, 504);
  EXPECT_EQ(weir.access_log(1)[0].at("reason"), "total_timeout");
}

TEST(Timeouts, ARouteHasItsOwn) {
  ScriptableEndpoint endpoint(behave::hang());
  ConfigText config = config_for(endpoint.address());
  config.app = "retry: { attempts: 0 }";
  config.routes = {"{ name: quick, match: { path: /quick }, upstream: app, timeouts: { response: 100ms } }"};
  WeirProcess weir(config);
  EXPECT_EQ(weir.get("/quick").status, 504);
  RawClient patient = weir.connect();
  patient.send_get("/slow");
  EXPECT_TRUE(patient.stays_silent_for(300ms));
}

TEST(Timeouts, RequestHead) {
  ScriptableEndpoint endpoint(behave::ok());
  WeirProcess weir = weir_with(endpoint.address(), "", "limits: { header_timeout: 200ms }");
  RawClient client = weir.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n");
  const Response response = client.read_response();
  EXPECT_EQ(response.status, 408);
  EXPECT_TRUE(response.fields.has_token("Connection", "close"));
  EXPECT_EQ(client.read_to_end().event, StreamEvent::end);
  EXPECT_EQ(endpoint.connection_count(), 0U);
}

TEST(Timeouts, RequestHeadCountsFromItsFirstByte) {
  ScriptableEndpoint endpoint(behave::ok());
  WeirProcess weir = weir_with(endpoint.address(), "", "limits: { header_timeout: 400ms }");
  RawClient client = weir.connect();
  EXPECT_TRUE(client.stays_silent_for(600ms));  // no byte yet: only idle
  client.send("GET / HTTP/1.1\r\n");
  for (int i = 0; i < 20; ++i) {  // drip: each byte in time, the whole head not
    client.send("X");
    if (!client.stays_silent_for(50ms)) break;
  }
  EXPECT_EQ(client.read_response().status, 408);
}

TEST(Timeouts, RequestBody) {
  ScriptableEndpoint endpoint(behave::echo());
  WeirProcess weir = weir_with(endpoint.address(), "", "limits: { body_idle_timeout: 200ms }");
  RawClient client = weir.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nsome");
  EXPECT_EQ(client.read_response().status, 408);
  EXPECT_EQ(client.read_to_end().event, StreamEvent::end);
  EXPECT_EQ(weir.access_log(1)[0].at("reason"), "body_timeout");
  EXPECT_NE(endpoint.wait_for_end(0), StreamEvent::data);
}

TEST(Timeouts, ClientThatTakesNothing) {
  OriginProcess origin;
  WeirProcess weir = weir_with(origin.address(), "", "limits: { send_timeout: 300ms }");
  ConnectOptions options;
  options.port = weir.port();
  options.receive_buffer_bytes = 8 * 1024;
  RawClient client(options);
  client.send_get("/bytes/1000000000");
  weir.wait_for_metric("weir_upstream_in_flight", "", 1);
  weir.wait_for_metric("weir_upstream_in_flight", "", 0);  // given up without us reading a byte
}

}  // namespace
}  // namespace weir::testing
