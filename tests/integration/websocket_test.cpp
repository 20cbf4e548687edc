// Upgraded connections: a tunnel of bytes in both directions, with half-close and an idle timeout.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "support/behaviours.hpp"
#include "support/websocket_frames.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

constexpr const char* switching =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";

TEST(WebSocket, EchoesThroughTheTunnel) {
  OriginProcess origin;
  WeirProcess weir(config_for(origin.address()));
  RawClient client = weir.connect();
  client.send_get("/ws", websocket_upgrade_fields);
  const Response handshake = client.read_head();
  EXPECT_EQ(handshake.status, 101);
  EXPECT_EQ(handshake.fields.get("Sec-WebSocket-Accept"), websocket_accept_value);
  EXPECT_EQ(to_lower(handshake.fields.get("Upgrade")), "websocket");
  EXPECT_TRUE(handshake.fields.has_token("Connection", "upgrade"));
  for (const std::size_t size : {1UL, 125UL, 70'000UL, 1'000'000UL}) {
    const std::string payload(size, 'w');
    client.send(masked_frame(0x82, payload));
    const std::string expected = plain_frame(0x82, payload);
    EXPECT_TRUE(client.read_exactly(expected.size()) == expected) << size;
  }
  client.send(masked_frame(0x88, std::string("\x03\xE8", 2)));
  EXPECT_EQ(client.read_exactly(4), plain_frame(0x88, std::string("\x03\xE8", 2)));
  EXPECT_EQ(client.read_to_end().event, StreamEvent::end);
  client.close();  // until then the tunnel is only half closed
  const auto log = weir.access_log(1);
  EXPECT_EQ(log[0].at("status"), 101);
  EXPECT_GT(log[0].at("bytes_in").to_number<int>(), 1'000'000);
}

class Tunnel : public ::testing::Test {
 protected:
  explicit Tunnel(std::string app = "") {
    ConfigText config = config_for(endpoint_.address());
    config.app = std::move(app);
    weir_ = std::make_unique<WeirProcess>(config);
  }
  RawClient upgraded() {
    RawClient client = weir_->connect();
    client.send_get("/tunnel", "Upgrade: websocket\r\nConnection: Upgrade\r\n");
    EXPECT_EQ(client.read_head().status, 101);
    return client;
  }

  ScriptableEndpoint endpoint_{ConnectionBehaviour([](EndpointConnection& connection) {
    if (!connection.read_request()) return;
    connection.send(switching);
    connection.send("welcome;");
    while (true) {
      const std::string bytes = connection.read_some();
      if (bytes.empty()) break;
      connection.send("<" + bytes + ">");
    }
    connection.send("bye;");  // still possible after the client ended its side
  })};
  std::unique_ptr<WeirProcess> weir_;
};

TEST_F(Tunnel, CarriesBytesBothWays) {
  RawClient client = upgraded();
  EXPECT_EQ(client.read_until(";"), "welcome;");
  client.send("ping");
  EXPECT_EQ(client.read_until(">"), "<ping>");
}

TEST_F(Tunnel, PassesUpgradeFieldsOn) {
  RawClient client = upgraded();
  const Request seen = endpoint_.request(0);
  EXPECT_EQ(to_lower(seen.fields.get("Upgrade")), "websocket");
  EXPECT_TRUE(seen.fields.has_token("Connection", "upgrade"));
}

TEST_F(Tunnel, PassesBytesThatFollowTheRequestAtOnce) {
  RawClient client = weir_->connect();
  client.send("GET /t HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\neager");
  EXPECT_EQ(client.read_head().status, 101);
  EXPECT_EQ(client.read_until(">"), "welcome;<eager>");
}

TEST_F(Tunnel, HalfCloseOfTheClientReachesTheEndpointOnly) {
  RawClient client = upgraded();
  EXPECT_EQ(client.read_until(";"), "welcome;");
  client.shutdown_write();
  EXPECT_EQ(client.read_until(";"), "bye;");
  EXPECT_EQ(client.read_to_end().event, StreamEvent::end);
}

TEST_F(Tunnel, AClientThatLeavesEndsTheEndpointsSide) {
  RawClient client = upgraded();
  EXPECT_EQ(client.read_until(";"), "welcome;");
  client.reset();
  EXPECT_NE(endpoint_.wait_for_end(0), StreamEvent::data);
}

TEST_F(Tunnel, DrainLetsItFinish) {
  RawClient client = upgraded();
  EXPECT_EQ(client.read_until(";"), "welcome;");
  weir_->signal(SIGTERM);
  eventually("ready turns 503", [&] { return weir_->admin("/health/ready").status == 503; });
  client.send("still");
  EXPECT_EQ(client.read_until(">"), "<still>");
  client.close();
  EXPECT_EQ(weir_->process().wait_exit(), (ExitStatus{0, 0}));
}

class IdleTunnel : public Tunnel {
 protected:
  IdleTunnel() : Tunnel("timeouts: { idle: 300ms }") {}
};

TEST_F(IdleTunnel, IsClosedWhenNothingMoves) {
  RawClient client = upgraded();
  EXPECT_EQ(client.read_until(";"), "welcome;");
  client.read_to_end();
  endpoint_.wait_for_end(0);
}

TEST(WebSocketRefused, AnOrdinaryAnswerEndsTheAttempt) {
  ScriptableEndpoint endpoint(behave::ok("no upgrade"));
  WeirProcess weir(config_for(endpoint.address()));
  RawClient client = weir.connect();
  EXPECT_EQ(client.get("/", websocket_upgrade_fields).body, "no upgrade");
  EXPECT_EQ(client.get("/").body, "no upgrade");
}

TEST(WebSocketRefused, ARouteCanForbidIt) {
  ScriptableEndpoint endpoint(behave::ok("plain"));
  ConfigText config = config_for(endpoint.address());
  config.route = "websocket: false";
  WeirProcess weir(config);
  EXPECT_EQ(weir.get("/", std::string(websocket_upgrade_fields)).body, "plain");
  EXPECT_FALSE(endpoint.request(0).fields.has("Upgrade"));
}

TEST(WebSocketRefused, A101WithoutAnUpgradeIsAnError) {
  ScriptableEndpoint endpoint(behave::respond(switching));
  ConfigText config = config_for(endpoint.address());
  config.app = "retry: { attempts: 0 }";
  WeirProcess weir(config);
  EXPECT_EQ(weir.get("/").status, 502);
}

TEST(WebSocketRefused, UpgradeToHttp2InPlainTextIsNotPassedOn) {
  ScriptableEndpoint endpoint(behave::ok());
  WeirProcess weir(config_for(endpoint.address()));
  const Response response =
      weir.get("/", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n");
  EXPECT_EQ(response.status, 200);
  const Request seen = endpoint.request(0);
  EXPECT_FALSE(seen.fields.has("Upgrade"));
  EXPECT_FALSE(seen.fields.has("HTTP2-Settings"));
}

}  // namespace
}  // namespace weir::testing
