// limits.connection_max_age and limits.tunnel_max_age: old connections of clients end without a loss, tunnels by an age
// of their own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "integration/http2_rig.hpp"
#include "support/behaviours.hpp"
#include "support/websocket_frames.hpp"

namespace weir::testing {
namespace {

using Time = std::chrono::steady_clock;
using namespace std::chrono_literals;

class ConnectionAge : public Http2Rig {
 protected:
  ConnectionAge() { before_ = Time::now(); }

  Time::duration age() const { return Time::now() - before_; }
  double aged(const std::string& key) const {
    return weir_->metric("weir_connections_aged_total", "reason=\"" + key + "\"");
  }

 private:
  Time::time_point before_;
};

// HTTP/1.1.

TEST_F(ConnectionAge, TheNextResponseOfAnOldConnectionIsItsLast) {
  start("limits: { connection_max_age: 500ms }");
  RawClient client = weir_->connect();
  Response response;
  do {
    response = client.get("/ok");
    ASSERT_EQ(response.body, "ok");
  } while (!response.fields.has_token("Connection", "close"));
  EXPECT_GE(age(), 450ms);
  EXPECT_EQ(client.read_to_end().event, StreamEvent::end);
  EXPECT_EQ(aged("connection_max_age"), 1);
  EXPECT_EQ(weir_->get("/ok").body, "ok") << "the next connection is young";
}

TEST_F(ConnectionAge, AResponseThatRunsEndsWell) {
  start("limits: { connection_max_age: 200ms }");
  RawClient client = weir_->connect();
  client.send_get("/gate");
  endpoint_.wait_for_requests(1);
  EXPECT_TRUE(client.stays_silent_for(400ms));
  gate_->open();
  const Response response = client.read_response();
  EXPECT_EQ(response.body, "through");
  EXPECT_TRUE(response.fields.has_token("Connection", "close"));
}

TEST_F(ConnectionAge, AnOldConnectionWithoutARequestIsClosedWithoutAWord) {
  start("limits: { connection_max_age: 300ms, idle_timeout: 60s }");
  RawClient used = weir_->connect(), fresh = weir_->connect();
  EXPECT_EQ(used.get("/ok").body, "ok");
  for (RawClient* client : {&used, &fresh}) {
    const RawClient::Rest rest = client->read_to_end();
    EXPECT_EQ(rest.bytes, "");
    EXPECT_EQ(rest.event, StreamEvent::end);
  }
  EXPECT_GE(age(), 1'000ms) << "not in the moment after a request";
  EXPECT_EQ(aged("connection_max_age"), 2);
}

TEST_F(ConnectionAge, SilenceIsNoAge) {
  start("limits: { connection_max_age: 60s, idle_timeout: 200ms }");
  RawClient client = weir_->connect();
  EXPECT_EQ(client.get("/ok").body, "ok");
  EXPECT_EQ(client.read_to_end().event, StreamEvent::end);
  EXPECT_EQ(aged("connection_max_age"), 0);
}

TEST_F(ConnectionAge, ZeroIsNoLimit) {
  start("limits: { connection_max_age: 0 }");
  RawClient client = weir_->connect();
  Http2Client newer = this->client();
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(client.get("/ok").fields.has_token("Connection", "close"));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(newer.get("/ok").body, "ok");
  EXPECT_TRUE(client.stays_silent_for(100ms));
  EXPECT_TRUE(newer.stays_silent_for(100ms));
}

// HTTP/2.

TEST_F(ConnectionAge, OverHttp2TwoGoawaysLeaveRunningStreamsAlone) {
  start("limits: { connection_max_age: 300ms }");
  Http2Client client = this->client();
  const std::uint32_t stream = client.start_get("/gate");
  const Http2Goaway first = client.wait_goaway(1);
  EXPECT_GE(age(), 270ms);
  EXPECT_EQ(first.last_stream, 0x7FFF'FFFFU) << "it refuses nothing yet";
  EXPECT_EQ(first.code, h2::no_error);
  const Http2Goaway second = client.wait_goaway(2);
  EXPECT_EQ(second.last_stream, stream);
  EXPECT_EQ(second.code, h2::no_error);
  gate_->open();
  EXPECT_EQ(client.wait_end(stream).body, "through");
  EXPECT_EQ(client.wait_close(), StreamEvent::end);
  EXPECT_EQ(aged("connection_max_age"), 1);
  EXPECT_EQ(closed(), 0) << "nothing was wrong with this client";
}

TEST_F(ConnectionAge, OverHttp2StreamsAreTakenBetweenTheSteps) {
  start("limits: { connection_max_age: 300ms }");
  Http2Options options;
  options.answer = false;  // the PING of the first step stays without an answer
  Http2Client client = this->client(std::move(options));
  client.start_get("/gate");
  client.wait_goaway(1);
  EXPECT_EQ(client.get("/ok").status, 200);
  gate_->open();
  EXPECT_EQ(client.wait_end(1).body, "through");
  client.wait_goaway(2);
  client.wait_close();
}

TEST_F(ConnectionAge, OverHttp2AClientThatAsksAllTheTimeLosesNothing) {
  start("limits: { connection_max_age: 500ms }");
  Http2Client client = this->client();
  while (client.goaways().empty()) ASSERT_EQ(client.get("/ok").body, "ok");
  EXPECT_GE(age(), 450ms);
  client.wait_goaway(2);
  EXPECT_EQ(client.wait_close(), StreamEvent::end);
  EXPECT_EQ(aged("connection_max_age"), 1);
}

TEST_F(ConnectionAge, OverHttp2OneWithoutAStreamGetsGoawayToo) {
  start("limits: { connection_max_age: 300ms, idle_timeout: 60s }");
  Http2Client used = client(), fresh = client();
  EXPECT_EQ(used.get("/ok").status, 200);
  for (Http2Client* each : {&used, &fresh}) {
    EXPECT_EQ(each->wait_goaway().code, h2::no_error);
    EXPECT_EQ(each->wait_close(), StreamEvent::end);
  }
  EXPECT_EQ(used.goaways().back().last_stream, 1U);
  EXPECT_EQ(fresh.goaways().back().last_stream, 0U);
  EXPECT_EQ(aged("connection_max_age"), 2);
}

// Tunnels.

RawClient upgraded(const WeirProcess& weir) {
  RawClient client = weir.connect();
  client.send_get("/ws", websocket_upgrade_fields);
  EXPECT_EQ(client.read_head().status, 101);
  return client;
}

bool echoes(RawClient& client) {
  const std::string expected = plain_frame(0x82, "still");
  client.send(masked_frame(0x82, "still"));
  return client.read_exactly(expected.size()) == expected;
}

/// In front of an endpoint that sends back what it gets.
class TunnelAge : public ConnectionAge {
 protected:
  void start(const std::string& limits) {
    ConfigText config = config_for(origin_.address());
    config.server = "workers: 1";
    config.http = "protocols: [http/1.1, h2c], limits: " + limits;
    weir_ = std::make_unique<WeirProcess>(config);
  }
  std::uint32_t open(Http2Client& client) {
    client.wait_settings();
    const std::uint32_t stream = client.start_request({{":method", "CONNECT"},
                                                       {":protocol", "websocket"},
                                                       {":scheme", "http"},
                                                       {":path", "/ws"},
                                                       {":authority", "example.test"},
                                                       {"sec-websocket-version", "13"}},
                                                      false);
    EXPECT_EQ(client.wait_head(stream).status, 200);
    return stream;
  }

  OriginProcess origin_;
};

TEST_F(TunnelAge, EndsASilentTunnel) {
  start("{ tunnel_max_age: 400ms }");
  RawClient client = upgraded(*weir_);
  EXPECT_TRUE(echoes(client));
  const RawClient::Rest rest = client.read_to_end();
  EXPECT_EQ(rest.bytes, "");
  EXPECT_EQ(rest.event, StreamEvent::end);
  EXPECT_GE(age(), 360ms);
  client.close();
  EXPECT_EQ(weir_->access_log(1)[0].at("reason"), "tunnel_max_age");
  EXPECT_EQ(aged("tunnel_max_age"), 1);
}

TEST_F(TunnelAge, EndsABusyTunnel) {
  start("{ tunnel_max_age: 400ms }");
  RawClient client = upgraded(*weir_);
  const std::string frame = masked_frame(0x82, "x");
  std::size_t sent = 0;
  while (client.send(frame) && aged("tunnel_max_age") == 0) ++sent;
  EXPECT_GT(sent, 0U);
  EXPECT_GE(age(), 360ms);
}

TEST_F(TunnelAge, OverHttp2OnlyItsStreamEnds) {
  start("{ tunnel_max_age: 400ms }");
  Http2Client client = this->client();
  const std::uint32_t stream = open(client);
  EXPECT_TRUE(client.wait_end(stream).complete);
  EXPECT_GE(age(), 360ms);
  EXPECT_EQ(client.get("/").status, 200) << "the connection stays";
  EXPECT_TRUE(client.goaways().empty());
  EXPECT_EQ(aged("tunnel_max_age"), 1);
}

TEST_F(TunnelAge, TheAgeOfAConnectionEndsNoTunnel) {
  start("{ connection_max_age: 200ms }");
  RawClient client = upgraded(*weir_);
  Http2Client newer = this->client();
  const std::uint32_t stream = open(newer);
  newer.wait_goaway(2);
  EXPECT_TRUE(client.stays_silent_for(400ms));
  EXPECT_TRUE(echoes(client));
  newer.send_data(stream, masked_frame(0x82, "still"), false);
  EXPECT_EQ(newer.wait_body(stream, 1).body, plain_frame(0x82, "still"));
  EXPECT_EQ(aged("tunnel_max_age"), 0);
}

}  // namespace
}  // namespace weir::testing
