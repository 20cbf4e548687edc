// How a connection of HTTP/2 ends without a loss: drain, its number of requests, silence; and what a reload leaves
// alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "integration/http2_rig.hpp"

namespace weir::testing {
namespace {

constexpr ExitStatus exited_well{0, 0};
constexpr std::uint32_t any_stream = 0x7FFF'FFFF;  // GOAWAY that refuses nothing yet

class Http2Drain : public Http2Rig {
 protected:
  /// Of a client that has one request at the gate.
  Http2Client waiting_client(bool answer = true) {
    Http2Options options;
    options.answer = answer;
    Http2Client client = this->client(std::move(options));
    const std::size_t before = endpoint_.request_count();
    client.start_get("/gate");
    endpoint_.wait_for_requests(before + 1);
    return client;
  }
};

TEST_F(Http2Drain, GoesInTwoStepsAndRunningStreamsEndWell) {
  start();
  Http2Client client = waiting_client();
  weir_->signal(SIGTERM);
  const Http2Goaway first = client.wait_goaway(1);
  EXPECT_EQ(first.last_stream, any_stream);
  EXPECT_EQ(first.code, h2::no_error);
  const Http2Goaway second = client.wait_goaway(2);
  EXPECT_EQ(second.last_stream, 1U);
  EXPECT_EQ(second.code, h2::no_error);
  EXPECT_EQ(closed(), 0) << "nothing was wrong with this client";
  gate_->open();
  EXPECT_EQ(client.wait_end(1).body, "through");
  EXPECT_EQ(client.wait_close(), StreamEvent::end);
  EXPECT_EQ(weir_->process().wait_exit(), exited_well);
}

/// A stream that its client began before it knew.
TEST_F(Http2Drain, BetweenTheStepsStreamsAreTaken) {
  start();
  Http2Client client = waiting_client(false);  // and the PING of the first step stays without an answer
  weir_->signal(SIGTERM);
  client.wait_goaway(1);
  EXPECT_EQ(client.get("/ok").status, 200);
  gate_->open();
  EXPECT_EQ(client.wait_end(1).body, "through");
  EXPECT_EQ(weir_->process().wait_exit(), exited_well);
}

TEST_F(Http2Drain, AfterTheSecondStepStreamsAreRefused) {
  start();
  Http2Client client = waiting_client();
  weir_->signal(SIGTERM);
  client.wait_goaway(2);
  EXPECT_EQ(client.wait_reset(client.start_get("/ok")), h2::refused_stream);
  EXPECT_EQ(weir_->metric("weir_http2_streams_rejected_total", "reason=\"draining\""), 1);
  gate_->open();
  EXPECT_EQ(client.wait_end(1).body, "through");
  EXPECT_EQ(endpoint_.request_count(), 1U);
  EXPECT_EQ(weir_->process().wait_exit(), exited_well);
}

TEST_F(Http2Drain, AnUploadThatRunsEndsWell) {
  start();
  Http2Client client = this->client();
  const std::uint32_t stream = client.start_request(client.fields_of("POST", "/echo"), false);
  client.send_data(stream, "first;", false);
  endpoint_.wait_for_bytes(0, "first;");
  weir_->signal(SIGTERM);
  client.wait_goaway(2);
  client.send_data(stream, "last");
  EXPECT_EQ(client.wait_end(stream).body, "first;last");
  EXPECT_EQ(weir_->process().wait_exit(), exited_well);
}

TEST_F(Http2Drain, ConnectionsWithoutAStreamAreClosed) {
  start();
  Http2Client used = client(), fresh = client();
  EXPECT_EQ(used.get("/ok").status, 200);
  fresh.wait_settings_ack();
  weir_->signal(SIGTERM);
  EXPECT_EQ(used.wait_goaway().code, h2::no_error);
  EXPECT_EQ(fresh.wait_goaway().code, h2::no_error);
  used.wait_close();
  fresh.wait_close();
  EXPECT_EQ(used.goaways().back().last_stream, 1U);
  EXPECT_EQ(fresh.goaways().back().last_stream, 0U);
  EXPECT_EQ(weir_->process().wait_exit(), exited_well);
}

TEST_F(Http2Drain, SettingsComeFirstWhereItBeginsInADrain) {
  start();
  Http2Client running = waiting_client();
  Http2Options options;
  options.start = false;
  Http2Client client = this->client(std::move(options));
  weir_->wait_for_metric("weir_connections_total", "", 2);
  client.send(h2::preface.substr(0, 8));
  weir_->signal(SIGTERM);
  running.wait_goaway(2);
  client.send(std::string(h2::preface.substr(8)) + h2::settings_frame({}));
  client.wait_goaway(1);
  EXPECT_EQ(client.frames().front().type, h2::settings) << "RFC 9113 3.4";
  gate_->open();
  EXPECT_EQ(running.wait_end(1).body, "through");
  EXPECT_EQ(weir_->process().wait_exit(), exited_well);
}

TEST_F(Http2Drain, EndsAfterTheTimeoutWithStreamsThatDoNot) {
  ConfigText text = config();
  text.server = "workers: 1, shutdown_timeout: 300ms";
  start(text);
  Http2Client client = waiting_client();
  weir_->signal(SIGTERM);
  client.wait_close();
  EXPECT_FALSE(client.response(1).complete);
  EXPECT_EQ(weir_->process().wait_exit(), exited_well);
}

TEST_F(Http2Drain, ManyConnectionsLoseNothing) {
  ConfigText text = config();
  text.server = "workers: 2, shutdown_timeout: 10s";
  start(text);
  std::vector<Http2Client> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(client());
    for (int j = 0; j < 10; ++j) clients.back().start_get("/gate");
  }
  endpoint_.wait_for_requests(50);
  weir_->signal(SIGTERM);
  for (Http2Client& each : clients) each.wait_goaway(2);
  gate_->open();
  for (Http2Client& each : clients) {
    for (std::uint32_t stream = 1; stream <= 19; stream += 2)
      EXPECT_EQ(each.wait_end(stream).body, "through");
  }
  EXPECT_EQ(weir_->process().wait_exit(), exited_well);
}

/// GOAWAY after the last request that counts; what its last stream covers is answered, the rest is not begun.
TEST_F(Http2Drain, TheNumberOfRequestsOfAConnectionEndsIt) {
  start("limits: { requests_per_connection: 3 }");
  Http2Client client = this->client();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.get("/ok").status, 200);
  EXPECT_EQ(client.wait_goaway().code, h2::no_error);
  client.wait_close();
  EXPECT_GE(client.goaways().back().last_stream, 5U);
  EXPECT_EQ(this->client().get("/ok").status, 200);
}

TEST_F(Http2Drain, TheNumberOfRequestsLosesNoneThatIsCovered) {
  start("limits: { requests_per_connection: 3 }");
  Http2Client client = this->client();
  std::string burst;
  constexpr std::uint32_t last = 39;
  for (std::uint32_t stream = 1; stream <= last; stream += 2) {
    burst += h2::frame(h2::headers, h2::end_headers | h2::end_stream, stream, block_of("GET", "/ok"));
  }
  client.send(burst);
  client.wait_close();
  ASSERT_FALSE(client.goaways().empty());
  EXPECT_EQ(client.goaways().back().code, h2::no_error);
  const std::uint32_t covered = client.goaways().back().last_stream;
  EXPECT_GE(covered, 5U);
  std::size_t answered = 0;
  for (std::uint32_t stream = 1; stream <= last; stream += 2) {
    const Http2Response& response = client.response(stream);
    EXPECT_EQ(response.status, stream <= covered ? 200 : 0) << stream;
    if (response.status != 0) ++answered;
  }
  EXPECT_EQ(endpoint_.request_count(), answered);
}

TEST_F(Http2Drain, SilenceEndsAConnectionWithGoaway) {
  start("limits: { idle_timeout: 300ms }");
  Http2Client used = client(), fresh = client();
  EXPECT_EQ(used.get("/ok").status, 200);
  EXPECT_EQ(used.wait_goaway().code, h2::no_error);
  EXPECT_EQ(fresh.wait_goaway().code, h2::no_error);
  used.wait_close();
  fresh.wait_close();
  EXPECT_EQ(used.goaways().back().last_stream, 1U);
  EXPECT_EQ(closed(), 0);
}

TEST_F(Http2Drain, AStreamThatWaitsIsNoSilence) {
  start("limits: { idle_timeout: 200ms }");
  Http2Client client = waiting_client();
  EXPECT_TRUE(client.stays_silent_for(600ms));
  gate_->open();
  EXPECT_EQ(client.wait_end(1).body, "through");
  client.wait_goaway();
}

TEST_F(Http2Drain, ABlockThatDoesNotEndIsTimed) {
  start("limits: { header_timeout: 300ms }");
  Http2Client client = this->client();
  EXPECT_EQ(client.get("/ok").status, 200);
  client.send_frame(h2::headers, h2::end_stream, 3, block_of("GET", "/ok"));
  client.wait_goaway();
  client.wait_close();
  EXPECT_EQ(endpoint_.request_count(), 1U);
}

/// From its first frame on, however often something comes.
TEST_F(Http2Drain, ABlockThatDripsIsTimed) {
  start("limits: { header_timeout: 400ms, idle_timeout: 60s }");
  Http2Client client = this->client();
  const std::string piece(1000, 'x');
  client.send_frame(h2::headers, h2::end_stream, 1, h2::hpack_literal("a", "b"));
  client.send(h2::frame_head(piece.size(), h2::continuation, h2::end_headers, 1));
  for (std::size_t i = 0; i < piece.size() && client.goaways().empty(); ++i) {
    if (!client.send(piece.substr(i, 1)) || !client.stays_silent_for(50ms)) break;
  }
  client.wait_close();
  EXPECT_EQ(endpoint_.request_count(), 0U);
}

TEST_F(Http2Drain, APrefaceWithoutSettingsIsTimed) {
  start("limits: { header_timeout: 300ms, idle_timeout: 60s }");
  Http2Options options;
  options.start = false;
  Http2Client client = this->client(std::move(options));
  client.send(h2::preface);
  client.wait_close();
}

TEST_F(Http2Drain, AReloadLeavesRunningStreamsAndTheConnectionAlone) {
  start();
  Http2Client client = this->client();
  for (int i = 0; i < 20; ++i) client.start_get("/gate");
  const std::uint32_t upload = client.start_request(client.fields_of("POST", "/echo"), false);
  client.send_data(upload, "first;", false);
  endpoint_.wait_for_requests(21);
  ConfigText text = config();
  text.headers = "extra: { response: { set: { X-Step: \"2\" } } }";
  text.route = "headers: [extra]";
  weir_->reload(text);
  client.send_data(upload, "last");
  EXPECT_EQ(client.wait_end(upload).body, "first;last");
  const Http2Response fresh = client.get("/ok");
  EXPECT_EQ(fresh.fields.get("x-step"), "2") << "a new stream goes by the new configuration";
  gate_->open();
  for (std::uint32_t stream = 1; stream <= 39; stream += 2)
    EXPECT_EQ(client.wait_end(stream).body, "through");
  EXPECT_TRUE(client.goaways().empty());
}

TEST_F(Http2Drain, ReloadsUnderStreamsLoseNone) {
  start();
  Http2Client client = this->client();
  for (int step = 1; step <= 20; ++step) {
    std::vector<std::uint32_t> streams;
    for (int i = 0; i < 20; ++i) streams.push_back(client.start_get("/bytes/20000"));
    ConfigText text = config();
    text.route = "max_in_flight: " + std::to_string(1000 + step);
    weir_->write_config(text.yaml());
    ASSERT_EQ(weir_->admin("/api/v1/reload", "POST").status, 200);
    for (const std::uint32_t stream : streams) EXPECT_EQ(client.wait_end(stream).body.size(), 20'000U);
  }
  EXPECT_TRUE(client.goaways().empty());
}

}  // namespace
}  // namespace weir::testing
