// WebSocket over HTTP/2 (RFC 8441): a stream that is a tunnel, and an upgrade of HTTP/1.1 at its endpoint.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <openssl/evp.h>

#include <csignal>

#include "integration/http2_rig.hpp"
#include "support/behaviours.hpp"
#include "support/websocket_frames.hpp"

namespace weir::testing {
namespace {

constexpr ExitStatus exited_well{0, 0};

/// Sec-WebSocket-Accept for a key (RFC 6455 4.2.2).
std::string accept_of(const std::string& key) {
  const std::string text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha1(), nullptr);
  unsigned char encoded[2 * EVP_MAX_MD_SIZE];
  const int length = EVP_EncodeBlock(encoded, digest, static_cast<int>(size));
  return std::string(encoded, encoded + length);
}

std::string switching(const std::string& accept, const std::string& extra = "") {
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
         "Upgrade\r\nSec-WebSocket-Accept: " +
         accept + "\r\n" + extra + "\r\n";
}

h2::FieldLines connect_fields(const std::string& path = "/ws", const std::string& protocol = "websocket",
                              const h2::FieldLines& extra = {}) {
  h2::FieldLines fields = {
      {":method", "CONNECT"}, {":protocol", protocol},        {":scheme", "http"},
      {":path", path},        {":authority", "example.test"}, {"sec-websocket-version", "13"}};
  fields.insert(fields.end(), extra.begin(), extra.end());
  return fields;
}

/// Begins a tunnel; the stream stays open.
std::uint32_t start_tunnel(Http2Client& client, const h2::FieldLines& fields = connect_fields()) {
  client.wait_settings();  // a client may not ask before it has seen the setting
  EXPECT_EQ(client.setting(h2::enable_connect_protocol), 1U);
  return client.start_request(fields, false);
}

TEST(Http2WebSocket, EchoesThroughTheTunnel) {
  OriginProcess origin;
  ConfigText config = config_for(origin.address());
  config.http = "protocols: [http/1.1, h2c]";
  WeirProcess weir(config);
  Http2Client client(weir.port());
  const std::uint32_t stream = start_tunnel(client);
  const Http2Response& response = client.wait_head(stream);
  EXPECT_EQ(response.status, 200);
  EXPECT_FALSE(response.complete);
  EXPECT_FALSE(response.fields.has("sec-websocket-accept"));
  EXPECT_FALSE(response.fields.has("content-length"));
  std::string expected;
  for (const std::size_t size : {1UL, 125UL, 70'000UL, 1'000'000UL}) {
    const std::string payload(size, 'w');
    client.send_data(stream, masked_frame(0x82, payload), false);
    expected += plain_frame(0x82, payload);
    EXPECT_TRUE(client.wait_body(stream, expected.size()).body == expected) << size;
  }
  client.send_data(stream, masked_frame(0x88, std::string("\x03\xE8", 2)), false);
  expected += plain_frame(0x88, std::string("\x03\xE8", 2));
  EXPECT_TRUE(client.wait_end(stream).complete);
  EXPECT_TRUE(client.response(stream).body == expected);
  client.send_data(stream, "");  // until then the tunnel is only half closed
  const auto log = weir.access_log(1);
  EXPECT_GT(log[0].at("bytes_in").to_number<int>(), 1'000'000);
  EXPECT_EQ(client.get("/").status, 200) << "the connection serves on";
}

/// An endpoint that welcomes, sends back what comes in brackets, and says goodbye when its client has ended: that of
/// `/silent` not before the gate is open.
class Http2Tunnel : public ::testing::Test {
 protected:
  explicit Http2Tunnel(std::string app = "") {
    ConfigText config = config_for(endpoint_.address());
    config.server = "workers: 1, shutdown_timeout: 5s";
    config.http = "protocols: [http/1.1, h2c]";
    config.routes = {"{ name: own, match: { path: /own }, respond: { status: 200, body: own } }"};
    config.app = std::move(app);
    weir_ = std::make_unique<WeirProcess>(config);
  }

  Http2Client client() const { return Http2Client(weir_->port()); }
  std::uint32_t open(Http2Client& client, const h2::FieldLines& fields = connect_fields()) {
    const std::uint32_t stream = start_tunnel(client, fields);
    EXPECT_EQ(client.wait_head(stream).status, 200);
    EXPECT_EQ(client.wait_body(stream, 8).body, "welcome;");
    return stream;
  }

  std::shared_ptr<Gate> ended_ = std::make_shared<Gate>(), gate_ = std::make_shared<Gate>();
  ScriptableEndpoint endpoint_{
      ConnectionBehaviour([ended = ended_, gate = gate_](EndpointConnection& connection) {
        const std::optional<Request> request = connection.read_request();
        if (!request) return;
        connection.send(switching(accept_of(request->fields.get("Sec-WebSocket-Key")),
                                  "Sec-WebSocket-Protocol: chat\r\nX-Own: yes\r\n"));
        connection.send("welcome;");
        while (true) {
          const std::string bytes = connection.read_some();
          if (bytes.empty()) break;
          if (bytes == "reset") return connection.reset();
          connection.send("<" + bytes + ">");
        }
        ended->open();
        if (request->start_line.find("/silent") != std::string::npos)
          gate->wait(Deadline(std::chrono::seconds(60)));
        connection.send("bye;");
      })};
  std::unique_ptr<WeirProcess> weir_;
};

TEST_F(Http2Tunnel, IsAnUpgradeForTheEndpoint) {
  Http2Client client = this->client();
  open(client,
       connect_fields("/chat?room=1", "websocket",
                      {{"sec-websocket-protocol", "chat, other"}, {"origin", "http://example.test"}}));
  const Request seen = endpoint_.request(0);
  EXPECT_EQ(seen.start_line, "GET /chat?room=1 HTTP/1.1");
  EXPECT_EQ(to_lower(seen.fields.get("Upgrade")), "websocket");
  EXPECT_TRUE(seen.fields.has_token("Connection", "upgrade"));
  EXPECT_EQ(seen.fields.get("Host"), "example.test");
  EXPECT_EQ(seen.fields.get("Sec-WebSocket-Version"), "13");
  EXPECT_EQ(seen.fields.get("Sec-WebSocket-Protocol"), "chat, other");
  EXPECT_EQ(seen.fields.get("Origin"), "http://example.test");
  const std::vector<std::string> keys = seen.fields.values("Sec-WebSocket-Key");
  ASSERT_EQ(keys.size(), 1U);
  EXPECT_EQ(keys[0].size(), 24U) << "16 bytes in base64";
  EXPECT_FALSE(seen.fields.has("Transfer-Encoding"));
  EXPECT_FALSE(seen.fields.has("Content-Length"));
  EXPECT_EQ(seen.raw_head.find(":protocol"), std::string::npos);
}

TEST_F(Http2Tunnel, EachHasAKeyOfItsOwn) {
  Http2Client client = this->client();
  const std::string own = "dGhlIHNhbXBsZSBub25jZQ==";
  open(client, connect_fields("/ws", "websocket", {{"sec-websocket-key", own}}));
  open(client);
  const auto keys = [&](std::size_t index) {
    return endpoint_.request(index).fields.values("Sec-WebSocket-Key");
  };
  ASSERT_EQ(keys(0).size(), 1U);
  EXPECT_NE(keys(0)[0], own) << "of the client's there is no use: the answer would not be its";
  EXPECT_NE(keys(0)[0], keys(1)[0]);
}

TEST_F(Http2Tunnel, PassesFieldsOfTheAnswerOn) {
  Http2Client client = this->client();
  const Http2Response response = client.response(open(client));
  EXPECT_EQ(response.fields.get("sec-websocket-protocol"), "chat");
  EXPECT_EQ(response.fields.get("x-own"), "yes");
  EXPECT_FALSE(response.fields.has("sec-websocket-accept"));
}

TEST_F(Http2Tunnel, CarriesBytesBothWays) {
  Http2Client client = this->client();
  const std::uint32_t stream = open(client);
  client.send_data(stream, "ping", false);
  EXPECT_EQ(client.wait_body(stream, 14).body, "welcome;<ping>");
}

TEST_F(Http2Tunnel, PassesBytesThatComeBeforeTheAnswer) {
  Http2Client client = this->client();
  const std::uint32_t stream = start_tunnel(client);
  client.send_data(stream, "eager", false);
  EXPECT_EQ(client.wait_body(stream, 15).body, "welcome;<eager>");
}

TEST_F(Http2Tunnel, HasOtherStreamsBesideIt) {
  Http2Client client = this->client();
  const std::uint32_t first = open(client), second = open(client);
  client.send_data(first, "one", false);
  client.send_data(second, "two", false);
  EXPECT_EQ(client.get("/own").body, "own");
  EXPECT_EQ(client.wait_body(second, 13).body, "welcome;<two>");
  EXPECT_EQ(client.wait_body(first, 13).body, "welcome;<one>");
}

TEST_F(Http2Tunnel, EndOfStreamIsTheEndOfOneDirection) {
  Http2Client client = this->client();
  const std::uint32_t stream = open(client);
  client.send_data(stream, "last");
  const Http2Response& response = client.wait_end(stream);
  EXPECT_TRUE(response.complete);
  EXPECT_EQ(response.body, "welcome;<last>bye;");
  EXPECT_EQ(endpoint_.wait_for_end(0), StreamEvent::end);
}

TEST_F(Http2Tunnel, AResetOfTheClientEndsTheEndpointsSide) {
  Http2Client client = this->client();
  const std::uint32_t stream = open(client);
  client.reset(stream);
  EXPECT_NE(endpoint_.wait_for_end(0), StreamEvent::data);
  EXPECT_EQ(client.get("/own").status, 200);
  weir_->wait_for_metric("weir_upstream_in_flight", "", 0);
}

TEST_F(Http2Tunnel, AClientThatLeavesEndsTheEndpointsSide) {
  Http2Client client = this->client();
  open(client);
  client.connection().reset();
  EXPECT_NE(endpoint_.wait_for_end(0), StreamEvent::data);
  weir_->wait_for_metric("weir_upstream_in_flight", "", 0);
}

/// RST there is RST_STREAM here (RFC 9113 8.5), and not the end of what was to be said.
TEST_F(Http2Tunnel, AResetOfTheEndpointIsAResetOfTheStream) {
  Http2Client client = this->client();
  const std::uint32_t stream = open(client);
  client.send_data(stream, "reset", false);
  EXPECT_EQ(client.wait_reset(stream), h2::connect_error);
  EXPECT_FALSE(client.response(stream).complete);
  EXPECT_EQ(client.get("/own").status, 200);
}

TEST_F(Http2Tunnel, TrailersAreNoPartOfIt) {
  Http2Client client = this->client();
  const std::uint32_t stream = open(client);
  client.send_trailers(stream, {{"x-late", "field"}});
  client.wait_end(stream);  // as its end, or as an error
  EXPECT_NE(endpoint_.wait_for_end(0), StreamEvent::data);
  EXPECT_EQ(endpoint_.bytes().find("x-late"), std::string::npos);
  EXPECT_EQ(client.get("/own").status, 200);
}

TEST_F(Http2Tunnel, ARuleThatItsClientBreaksEndsItAlone) {
  Http2Client client = this->client();
  const std::uint32_t stream = open(client);
  client.send_trailers(stream, {{"Upper", "case"}});
  EXPECT_EQ(client.wait_reset(stream), h2::protocol_error);
  EXPECT_NE(endpoint_.wait_for_end(0), StreamEvent::data);
  EXPECT_EQ(client.get("/own").status, 200);
  EXPECT_EQ(this->client().get("/own").status, 200) << "the worker serves others, too";
}

TEST_F(Http2Tunnel, AClientThatLeavesAfterItsEndEndsTheEndpointsSide) {
  Http2Client client = this->client();
  const std::uint32_t stream = open(client, connect_fields("/silent"));
  client.send_data(stream, "");
  ASSERT_TRUE(ended_->wait(Deadline()));  // and the endpoint says nothing to that
  client.reset(stream);
  weir_->wait_for_metric("weir_upstream_in_flight", "", 0);
  gate_->open();
}

TEST_F(Http2Tunnel, DrainLetsItFinish) {
  Http2Client client = this->client();
  const std::uint32_t stream = open(client);
  weir_->signal(SIGTERM);
  client.wait_goaway(2);
  client.send_data(stream, "still");
  EXPECT_EQ(client.wait_end(stream).body, "welcome;<still>bye;");
  EXPECT_EQ(weir_->process().wait_exit(), exited_well);
}

TEST_F(Http2Tunnel, AClosedWindowHoldsUpOnlyIt) {
  Http2Options options;
  options.keep_windows = false;
  options.settings = {{h2::initial_window_size, 20}};
  Http2Client client(weir_->port(), std::move(options));
  client.wait_settings_ack();
  const std::uint32_t stream = open(client);
  client.send_data(stream, std::string(100, 'd'), false);
  client.wait_body(stream, 20);
  EXPECT_EQ(client.get("/own").body, "own");
  EXPECT_EQ(client.response(stream).body.size(), 20U);
  client.send_window_update(stream, 1000);
  client.wait_body(stream, 8 + 102);
  client.send_data(stream, "");
  EXPECT_TRUE(client.wait_end(stream).complete);
}

class Http2IdleTunnel : public Http2Tunnel {
 protected:
  Http2IdleTunnel() : Http2Tunnel("timeouts: { idle: 300ms }") {}
};

TEST_F(Http2IdleTunnel, IsClosedWhenNothingMoves) {
  Http2Client client = this->client();
  const std::uint32_t stream = open(client);
  EXPECT_EQ(client.wait_reset(stream), h2::cancel);
  endpoint_.wait_for_end(0);
  EXPECT_EQ(client.get("/own").status, 200) << "the connection stays";
  EXPECT_EQ(weir_->access_log(1)[0].at("reason"), "tunnel_idle");
}

/// What a connection may hold of heads is for those that it holds.
TEST_F(Http2Tunnel, AHeadThatIsGoneCountsForNothing) {
  Http2Client client = this->client();
  const std::string long_value(20'000, 'v');
  for (int i = 0; i < 12; ++i) {  // eight would fill 160 KiB
    const std::uint32_t stream = open(client, connect_fields("/ws", "websocket", {{"x-long", long_value}}));
    client.reset(stream);
  }
  EXPECT_EQ(client.get("/own").status, 200);
}

// Attempts that do not become a tunnel. The connection goes on after each.

class Http2NoTunnel : public ::testing::Test {
 protected:
  void start(RequestBehaviour behaviour, const std::string& route = "") {
    endpoint_.behave(std::move(behaviour));
    ConfigText config = config_for(endpoint_.address());
    config.http = "protocols: [http/1.1, h2c]";
    config.app = "retry: { attempts: 0 }";
    config.route = route;
    weir_ = std::make_unique<WeirProcess>(config);
    client_ = std::make_unique<Http2Client>(weir_->port());
  }
  const Http2Response& attempt(const h2::FieldLines& fields = connect_fields()) {
    const std::uint32_t stream = start_tunnel(*client_, fields);
    return client_->wait_head(stream);
  }
  void expect_alive() {
    endpoint_.behave(behave::ok("fine"));
    EXPECT_EQ(client_->get("/").body, "fine");
    EXPECT_TRUE(client_->goaways().empty());
  }

  ScriptableEndpoint endpoint_{behave::ok()};
  std::unique_ptr<WeirProcess> weir_;
  std::unique_ptr<Http2Client> client_;
};

TEST_F(Http2NoTunnel, AWrongAcceptIsABadGateway) {
  start(behave::respond(switching("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") + "not for anybody"));
  const Http2Response& response = attempt();
  EXPECT_EQ(response.status, 502);
  EXPECT_EQ(response.body.find("not for anybody"), std::string::npos);
  EXPECT_NE(endpoint_.wait_for_end(0), StreamEvent::data);
  expect_alive();
}

TEST_F(Http2NoTunnel, NoAcceptIsABadGateway) {
  start(behave::respond(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"));
  EXPECT_EQ(attempt().status, 502);
  expect_alive();
}

TEST_F(Http2NoTunnel, AnotherProtocolThanAskedForIsABadGateway) {
  start([](EndpointConnection& connection, const Request& request) {
    connection.send(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: " +
        accept_of(request.fields.get("Sec-WebSocket-Key")) + "\r\n\r\n");
  });
  EXPECT_EQ(attempt().status, 502);
  expect_alive();
}

TEST_F(Http2NoTunnel, ARefusalIsPassedOn) {
  start(behave::respond("HTTP/1.1 403 Forbidden\r\nX-Why: because\r\nContent-Length: 2\r\n\r\nno"));
  const std::uint32_t stream = start_tunnel(*client_);
  const Http2Response& response = client_->wait_end(stream);
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(response.fields.get("x-why"), "because");
  EXPECT_EQ(response.body, "no");
  EXPECT_TRUE(response.complete);
  expect_alive();
}

/// 200 would say that there is a tunnel.
TEST_F(Http2NoTunnel, AnOrdinaryAnswerIsABadGateway) {
  start(behave::ok("no upgrade"));
  const Http2Response& response = attempt();
  EXPECT_EQ(response.status, 502);
  EXPECT_EQ(response.body.find("no upgrade"), std::string::npos);
  expect_alive();
}

TEST_F(Http2NoTunnel, OtherProtocolsAreNotImplemented) {
  start(behave::ok());
  for (const char* protocol : {"connect-udp", "WebSocketX", "h2c"}) {
    EXPECT_EQ(attempt(connect_fields("/", protocol)).status, 501) << protocol;
  }
  EXPECT_EQ(endpoint_.request_count(), 0U);
  expect_alive();
}

TEST_F(Http2NoTunnel, ARouteCanForbidIt) {
  start(behave::ok("plain"), "websocket: false");
  EXPECT_EQ(attempt().status, 501);
  EXPECT_EQ(endpoint_.request_count(), 0U);
  expect_alive();
}

TEST_F(Http2NoTunnel, ConnectWithoutAProtocolIsNotAllowed) {
  start(behave::ok());
  EXPECT_EQ(attempt({{":method", "CONNECT"}, {":authority", "example.test:443"}}).status, 405);
  EXPECT_EQ(endpoint_.request_count(), 0U);
  expect_alive();
}

TEST_F(Http2NoTunnel, AProtocolOfAnotherMethodIsMalformed) {
  start(behave::ok());
  h2::FieldLines fields = connect_fields();
  fields[0].second = "GET";
  EXPECT_EQ(client_->wait_reset(start_tunnel(*client_, fields)), h2::protocol_error);
  EXPECT_EQ(endpoint_.request_count(), 0U);
  expect_alive();
}

TEST_F(Http2NoTunnel, NeedsAPathAndAScheme) {
  start(behave::ok());
  for (const std::size_t missing : {2U, 3U}) {
    h2::FieldLines fields = connect_fields();
    fields.erase(fields.begin() + static_cast<std::ptrdiff_t>(missing));
    EXPECT_EQ(client_->wait_reset(start_tunnel(*client_, fields)), h2::protocol_error);
  }
  EXPECT_EQ(endpoint_.request_count(), 0U);
  expect_alive();
}

TEST_F(Http2NoTunnel, AnEndpointThatIsNotThereIsABadGateway) {
  start(behave::close());
  EXPECT_EQ(attempt().status, 502);
  expect_alive();
}

}  // namespace
}  // namespace weir::testing
