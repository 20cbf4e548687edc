// WebSockets to endpoints of HTTP/2 (RFC 8441), from clients of both protocols, and to those that do not allow it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integration/http2_endpoint_rig.hpp"
#include "support/behaviours.hpp"
#include "support/websocket_frames.hpp"

namespace weir::testing {
namespace {

using ::testing::SizeIs;

using Stream = Http2EndpointStream;

Http2EndpointOptions allowing_tunnels() {
  Http2EndpointOptions options;
  options.settings = {{h2::enable_connect_protocol, 1}};
  return options;
}

/// Welcomes, and sends back what comes.
Http2Script tunnel() {
  Http2Script script;
  script.head = [](const Stream& stream) {
    if (stream.request().method != "CONNECT") return stream.answer(200, "plain");
    stream.head(200, {{"sec-websocket-protocol", "chat"}});
    stream.data("welcome;");
  };
  script.data = [](const Stream& stream, std::string_view bytes) { stream.data(std::string(bytes)); };
  script.end = [](const Stream& stream) {
    if (stream.request().method == "CONNECT") stream.data("bye;", true);
  };
  return script;
}

class Http2EndpointWebSocket : public Http2EndpointRig {
 protected:
  Http2EndpointWebSocket() : Http2EndpointRig(allowing_tunnels(), tunnel()) {}

  /// An upgrade of HTTP/1.1; the head that answers it.
  static Response upgrade(RawClient& client, const std::string& path = "/ws") {
    client.send_get(path, std::string(websocket_upgrade_fields) + "Sec-WebSocket-Protocol: chat\r\n");
    return client.read_head();
  }
  static std::uint32_t connect(Http2Client& client, const std::string& path = "/ws") {
    client.wait_settings();
    return client.start_request(
        client.fields_of("CONNECT", path, {{":protocol", "websocket"}, {"sec-websocket-version", "13"}}),
        false);
  }
};

TEST_F(Http2EndpointWebSocket, AnUpgradeBecomesAnExtendedConnect) {
  start();
  RawClient client = weir_->connect();
  const Response head = upgrade(client);
  EXPECT_EQ(head.status, 101);
  EXPECT_EQ(head.fields.get("Upgrade"), "websocket");
  EXPECT_TRUE(head.fields.has_token("Connection", "upgrade"));
  EXPECT_EQ(head.fields.get("Sec-WebSocket-Accept"), websocket_accept_value);
  EXPECT_EQ(head.fields.get("Sec-WebSocket-Protocol"), "chat");
  EXPECT_EQ(client.read_exactly(8), "welcome;");
  const Http2EndpointRequest request = endpoint_.request(0);
  EXPECT_EQ(request.method, "CONNECT");
  EXPECT_EQ(request.protocol, "websocket");
  EXPECT_EQ(request.path, "/ws");
  EXPECT_EQ(request.scheme, "http");
  EXPECT_EQ(request.authority, "example.test");
  EXPECT_EQ(request.fields.get("sec-websocket-version"), "13");
  EXPECT_EQ(request.fields.get("sec-websocket-protocol"), "chat");
  EXPECT_FALSE(request.fields.has("sec-websocket-key"));
  for (const std::size_t size : {1UL, 70'000UL, 1'000'000UL}) {
    const std::string bytes(size, 'w');
    client.send(bytes);
    EXPECT_TRUE(client.read_exactly(size) == bytes) << size;
  }
  client.shutdown_write();
  EXPECT_EQ(client.read_to_end().bytes, "bye;");
  EXPECT_TRUE(endpoint_.wait_for_end(0).complete);
}

TEST_F(Http2EndpointWebSocket, AnExtendedConnectStaysOne) {
  start();
  Http2Client client = this->client();
  const std::uint32_t stream = connect(client);
  const Http2Response& response = client.wait_head(stream);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.fields.get("sec-websocket-protocol"), "chat");
  EXPECT_FALSE(response.fields.has("sec-websocket-accept"));
  client.wait_body(stream, 8);
  const std::string bytes(500'000, 'w');
  client.send_data(stream, bytes, false);
  client.wait_body(stream, 8 + bytes.size());
  client.send_data(stream, "");
  EXPECT_TRUE(client.wait_end(stream).body == "welcome;" + bytes + "bye;");
  EXPECT_EQ(endpoint_.request(0).protocol, "websocket");
  EXPECT_EQ(client.get("/other").body, "plain");
  EXPECT_EQ(endpoint_.connection_count(), 1U) << "a tunnel is a stream as any";
}

TEST_F(Http2EndpointWebSocket, EndsFromEitherSide) {
  start();
  Http2Client client = this->client();
  const std::uint32_t first = connect(client);
  client.wait_body(first, 8);
  client.reset(first);
  EXPECT_EQ(endpoint_.wait_for_reset(0), h2::cancel);
  const std::uint32_t second = connect(client);
  client.wait_body(second, 8);
  endpoint_.stream(1).reset(h2::internal_error);
  EXPECT_TRUE(client.wait_end(second).reset.has_value());
  RawClient old = weir_->connect();
  EXPECT_EQ(upgrade(old).status, 101);
  old.read_exactly(8);
  old.reset();
  EXPECT_EQ(endpoint_.wait_for_reset(2), h2::cancel);
  EXPECT_EQ(endpoint_.open_count(), 1U);
}

TEST_F(Http2EndpointWebSocket, ARefusalIsAnAnswer) {
  Http2Script script;
  script.head = [](const Stream& stream) { stream.answer(403, "no"); };
  endpoint_.behave(script);
  start();
  RawClient client = weir_->connect();
  Response head = upgrade(client);
  EXPECT_EQ(head.status, 403);
  client.read_body(head);
  EXPECT_EQ(head.body, "no");
  Http2Client other = this->client();
  EXPECT_EQ(other.wait_end(connect(other)).status, 403);
}

TEST_F(Http2EndpointWebSocket, TunnelsAreCountedAndLogged) {
  start();
  Http2Client client = this->client();
  const std::uint32_t stream = connect(client);
  client.wait_body(stream, 8);
  weir_->wait_for_metric("weir_upstream_streams", "", 1);
  client.send_data(stream, "12345");
  EXPECT_TRUE(client.wait_end(stream).complete);
  weir_->wait_for_metric("weir_upstream_streams", "", 0);
  EXPECT_EQ(log_line(*weir_).at("bytes_in"), 5);
}

TEST_F(Http2EndpointWebSocket, WeirOriginServesThem) {
  OriginProcess origin;
  start(h2c_config({origin.address()}));
  RawClient client = weir_->connect();
  client.send_get("/ws", websocket_upgrade_fields);
  EXPECT_EQ(client.read_head().status, 101);
  client.send(masked_frame(0x81, "hello"));
  EXPECT_EQ(client.read_exactly(7), plain_frame(0x81, "hello"));
}

// Endpoints that do not allow it.

TEST_F(Http2EndpointWebSocket, WhereItIsNotAllowedTheAnswerIsA502) {
  Http2Endpoint endpoint(tunnel());
  start(h2c_config({endpoint.address()}, "retry: { attempts: 0 }"));
  EXPECT_EQ(get("/").body, "plain");
  RawClient client = weir_->connect();
  EXPECT_EQ(upgrade(client).status, 502);
  Http2Client other = this->client();
  EXPECT_EQ(other.wait_end(connect(other)).status, 502);
  EXPECT_EQ(log_line(*weir_, 3).at("reason"), "response_malformed");
  for (const Http2EndpointRequest& request : endpoint.requests()) EXPECT_NE(request.method, "CONNECT");
  EXPECT_EQ(get("/").body, "plain");
  EXPECT_EQ(endpoint.connection_count(), 1U);
}

TEST_F(Http2EndpointWebSocket, AutoTakesAConnectionOfHttp1ForThem) {
  const TempDir directory;
  Http2EndpointOptions options = served_with_tls(directory, {"h2", "http/1.1"});
  options.http1 = [](const Request& request) {
    if (!request.fields.has("Sec-WebSocket-Key")) return behave::ok_message("old");
    return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
           "Upgrade\r\nSec-WebSocket-Accept: " +
           std::string(websocket_accept_value) + "\r\n\r\n";
  };
  Http2Endpoint endpoint(tunnel(), options);
  start(h2_config({endpoint.address()}, "auto"));
  EXPECT_EQ(get("/").body, "plain");
  RawClient client = weir_->connect();
  EXPECT_EQ(upgrade(client).status, 101);
  client.send("hello");
  EXPECT_EQ(client.read_exactly(5), "hello");
  EXPECT_THAT(endpoint.http1_requests(), SizeIs(1));
  EXPECT_EQ(get("/").body, "plain") << "requests stay with HTTP/2";
}

}  // namespace
}  // namespace weir::testing
