// Connections that are used again, on both sides, and those that must not be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

#include "support/behaviours.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

/// One worker, so that every client meets the same pool of upstream connections.
ConfigText one_worker(const ScriptableEndpoint& endpoint, const std::string& app = "") {
  ConfigText config = config_for(endpoint.address());
  config.server = "workers: 1";
  config.app = app;
  return config;
}

class Keepalive : public ::testing::Test {
 protected:
  ScriptableEndpoint endpoint_{behave::ok()};
};

TEST_F(Keepalive, OneUpstreamConnectionServesManyRequestsAndClients) {
  WeirProcess weir(one_worker(endpoint_));
  for (int i = 0; i < 3; ++i) {
    RawClient client = weir.connect();
    for (int j = 0; j < 10; ++j) EXPECT_EQ(client.get("/").status, 200);
  }
  EXPECT_EQ(endpoint_.connection_count(), 1U);
  EXPECT_EQ(endpoint_.request_count(), 30U);
}

TEST_F(Keepalive, ConcurrentRequestsUseTheirOwnConnections) {
  auto gate = std::make_shared<Gate>();
  endpoint_.behave(behave::gated(gate, behave::ok()));
  WeirProcess weir(one_worker(endpoint_));
  RawClient a = weir.connect(), b = weir.connect();
  a.send_get("/");
  b.send_get("/");
  endpoint_.wait_for_requests(2);
  EXPECT_EQ(endpoint_.connection_count(), 2U);
  gate->open();
  EXPECT_EQ(a.read_response().status, 200);
  EXPECT_EQ(b.read_response().status, 200);
}

/// By default as many are kept as were in use at once, so that a load of that size does not connect anew.
TEST_F(Keepalive, AsManyConnectionsAreKeptAsWereInUseAtOnce) {
  constexpr std::size_t at_once = 300;
  WeirProcess weir(one_worker(endpoint_));
  std::vector<RawClient> clients;
  for (std::size_t i = 0; i < at_once; ++i) clients.push_back(weir.connect());
  for (std::size_t round = 1; round <= 2; ++round) {
    const auto gate = std::make_shared<Gate>();
    endpoint_.behave(behave::gated(gate, behave::ok()));
    for (RawClient& client : clients) client.send_get("/");
    endpoint_.wait_for_requests(round * at_once);
    gate->open();
    for (RawClient& client : clients) EXPECT_EQ(client.read_response().status, 200);
    weir.wait_for_metric("weir_upstream_connections", "state=\"idle\"", at_once);
    EXPECT_EQ(endpoint_.connection_count(), at_once) << "in round " << round;
  }
}

TEST_F(Keepalive, NoMoreAreKeptThanConfigured) {
  constexpr std::size_t at_once = 20;
  const auto gate = std::make_shared<Gate>();
  endpoint_.behave(behave::gated(gate, behave::ok()));
  WeirProcess weir(one_worker(endpoint_, "keepalive: { max_idle: 5 }"));
  std::vector<RawClient> clients;
  for (std::size_t i = 0; i < at_once; ++i) {
    clients.push_back(weir.connect());
    clients.back().send_get("/");
  }
  endpoint_.wait_for_requests(at_once);
  gate->open();
  for (RawClient& client : clients) EXPECT_EQ(client.read_response().status, 200);
  weir.wait_for_metric("weir_upstream_connections", "state=\"active\"", 0);
  EXPECT_EQ(weir.metric("weir_upstream_connections", "state=\"idle\""), 5);
}

TEST_F(Keepalive, AConnectionThatTheEndpointWillCloseIsNotUsedAgain) {
  endpoint_.behave(behave::respond("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"));
  WeirProcess weir(one_worker(endpoint_));
  RawClient client = weir.connect();
  for (int i = 0; i < 3; ++i) {
    const Response response = client.get("/");
    EXPECT_EQ(response.status, 200);
    EXPECT_FALSE(response.fields.has_token("Connection", "close"));  // that is not the client's business
  }
  EXPECT_EQ(endpoint_.connection_count(), 3U);
}

TEST_F(Keepalive, AnHttp10EndpointIsNotUsedAgain) {
  endpoint_.behave(behave::respond("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"));
  WeirProcess weir(one_worker(endpoint_));
  RawClient client = weir.connect();
  EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(endpoint_.connection_count(), 2U);
}

TEST_F(Keepalive, AConnectionWithBytesBehindTheResponseIsNotUsedAgain) {
  endpoint_.behave(
      behave::respond("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 500 Not asked for\r\n\r\n"));
  WeirProcess weir(one_worker(endpoint_));
  RawClient client = weir.connect();
  EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(endpoint_.connection_count(), 2U);
}

TEST_F(Keepalive, AStaleConnectionIsNoticedBeforeItIsUsed) {
  endpoint_.behave(behave::respond_then_close(behave::ok_message("ok")));
  WeirProcess weir(one_worker(endpoint_));
  RawClient client = weir.connect();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.get("/").status, 200);
}

TEST_F(Keepalive, ARequestOnAConnectionThatDiesIsSentAgainOnce) {
  // Every connection answers one request and dies on the second one, without a byte.
  ScriptableEndpoint endpoint(ConnectionBehaviour([](EndpointConnection& connection) {
    if (!connection.read_request()) return;
    connection.send(behave::ok_message("ok"));
    connection.read_request();
  }));
  ConfigText config = one_worker(endpoint, "retry: { attempts: 0 }");
  WeirProcess weir(config);
  RawClient client = weir.connect();
  for (int i = 0; i < 6; ++i) EXPECT_EQ(client.get("/").status, 200);
  EXPECT_GE(weir.metric("weir_upstream_retries_total", "outcome=\"stale\""), 1);
  const auto log = weir.access_log(6);
  EXPECT_EQ(log[1].at("attempts").as_array().size(), 2U);
}

TEST_F(Keepalive, APostOnAConnectionThatDiesIsNotSentTwice) {
  ScriptableEndpoint endpoint(ConnectionBehaviour([](EndpointConnection& connection) {
    if (!connection.read_request()) return;
    connection.send(behave::ok_message("ok"));
    connection.read_request();
  }));
  WeirProcess weir(one_worker(endpoint));
  RawClient client = weir.connect();
  EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(client.exchange("POST", "/", "once").status, 502);
  EXPECT_EQ(endpoint.request_count(), 2U);
}

/// Node and others: closes each connection a second after its last answer, and says so.
ConnectionBehaviour hinting(const std::shared_ptr<Gate>& closing) {
  return [closing](EndpointConnection& connection) {
    if (!connection.read_request()) return;
    connection.send(behave::ok_message("ok", "Keep-Alive: timeout=1\r\n"));
    connection.pause(std::chrono::milliseconds(990));
    closing->open();
    connection.read_request();  // comes in the moment in which the endpoint closes
  };
}

TEST_F(Keepalive, APostInTheWorstMomentOfTheEndpointsHintIsAnswered) {
  const auto closing = std::make_shared<Gate>();
  ScriptableEndpoint endpoint(hinting(closing));
  WeirProcess weir(one_worker(endpoint));
  RawClient client = weir.connect();
  EXPECT_EQ(client.get("/").status, 200);
  ASSERT_TRUE(closing->wait(Deadline()));
  EXPECT_EQ(client.exchange("POST", "/", "once").status, 200);
  EXPECT_EQ(endpoint.connection_count(), 2U);
}

TEST_F(Keepalive, AnIdleConnectionIsClosedBeforeTheEndpointsHintIsOver) {
  endpoint_.behave(behave::ok("ok", "Keep-Alive: timeout=1, max=100\r\n"));
  WeirProcess weir(one_worker(endpoint_, "keepalive: { idle_timeout: 1h }"));
  EXPECT_EQ(weir.get("/").status, 200);
  EXPECT_EQ(endpoint_.wait_for_end(0), StreamEvent::end);
}

TEST_F(Keepalive, AHintOfNothingKeepsNothing) {
  endpoint_.behave(behave::ok("ok", "Keep-Alive: timeout=0\r\n"));
  WeirProcess weir(one_worker(endpoint_));
  RawClient client = weir.connect();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(endpoint_.connection_count(), 3U);
}

TEST_F(Keepalive, ReuseCanBeTurnedOff) {
  WeirProcess weir(one_worker(endpoint_, "keepalive: { max_idle: 0 }"));
  RawClient client = weir.connect();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(endpoint_.connection_count(), 3U);
}

TEST_F(Keepalive, AnUpstreamConnectionServesItsMostRequests) {
  WeirProcess weir(one_worker(endpoint_, "keepalive: { max_requests: 2 }"));
  RawClient client = weir.connect();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(endpoint_.connection_count(), 3U);
}

TEST_F(Keepalive, AnIdleUpstreamConnectionIsClosedInTime) {
  WeirProcess weir(one_worker(endpoint_, "keepalive: { idle_timeout: 200ms }"));
  EXPECT_EQ(weir.get("/").status, 200);
  EXPECT_EQ(endpoint_.wait_for_end(0), StreamEvent::end);
}

TEST_F(Keepalive, AnIdleClientIsClosedInTimeWithoutAWord) {
  ConfigText config = one_worker(endpoint_);
  config.http = "limits: { idle_timeout: 200ms }";
  WeirProcess weir(config);
  RawClient client = weir.connect();
  EXPECT_EQ(client.get("/").status, 200);
  const RawClient::Rest rest = client.read_to_end();
  EXPECT_EQ(rest.bytes, "");
  EXPECT_EQ(rest.event, StreamEvent::end);
}

TEST_F(Keepalive, AClientConnectionServesItsMostRequests) {
  ConfigText config = one_worker(endpoint_);
  config.http = "limits: { requests_per_connection: 2 }";
  WeirProcess weir(config);
  RawClient client = weir.connect();
  EXPECT_FALSE(client.get("/").fields.has_token("Connection", "close"));
  EXPECT_TRUE(client.get("/").fields.has_token("Connection", "close"));
  EXPECT_EQ(client.read_to_end().event, StreamEvent::end);
}

TEST_F(Keepalive, TheClientsWishIsFollowed) {
  WeirProcess weir(one_worker(endpoint_));
  RawClient closing = weir.connect();
  EXPECT_TRUE(closing.get("/", "Connection: close\r\n").fields.has_token("Connection", "close"));
  EXPECT_EQ(closing.read_to_end().event, StreamEvent::end);

  RawClient old = weir.connect();
  for (int i = 0; i < 2; ++i) {
    old.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_TRUE(old.read_response().fields.has_token("Connection", "keep-alive"));
  }
  old.send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.read_response().status, 200);
  EXPECT_EQ(old.read_to_end().event, StreamEvent::end);
}

TEST_F(Keepalive, ErrorsOfEndpointsLeaveTheClientConnectionUsable) {
  endpoint_.behave(behave::sequence({behave::respond_then_close("garbage\r\n\r\n"), behave::ok("fine")}));
  WeirProcess weir(one_worker(endpoint_, "retry: { attempts: 0 }"));
  RawClient client = weir.connect();
  EXPECT_EQ(client.get("/").status, 502);
  EXPECT_EQ(client.get("/").body, "fine");
}

}  // namespace
}  // namespace weir::testing
