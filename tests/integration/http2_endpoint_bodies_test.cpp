// Bodies in both directions over shared connections: who is slow holds up only itself; and streams that end early, from
// either side.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integration/http2_endpoint_rig.hpp"

namespace weir::testing {
namespace {

using Stream = Http2EndpointStream;

constexpr std::uint32_t wide = 16 * 1024 * 1024;
constexpr std::size_t stream_window = 64 * 1024;  // of an endpoint's, for its client
constexpr std::size_t first_window = 4 * 1024;    // while that has no window for it
const std::string one_connection = "h2: { connections: 1 }, retry: { attempts: 0 }";

Http2EndpointOptions with_wide_connection() {
  Http2EndpointOptions options;
  options.connection_window = wide;
  options.keep_windows = false;
  return options;
}

class Http2EndpointBodies : public Http2EndpointRig {
 protected:
  using Http2EndpointRig::Http2EndpointRig;

  Http2Client narrow_client() const {
    Http2Options options;
    options.settings = {{h2::initial_window_size, 0}};
    options.keep_windows = false;
    Http2Client client = this->client(options);
    client.wait_settings_ack();
    return client;
  }
};

TEST_F(Http2EndpointBodies, LargeOnesPassBothWaysForBothProtocols) {
  start();
  const std::string body(3'000'000, 'b');
  EXPECT_TRUE(client().exchange("POST", "/echo", body).body == body);
  EXPECT_TRUE(weir_->connect().exchange("POST", "/echo", body).body == body);
  const Http2Response sized =
      client().exchange("POST", "/echo", body, {{"content-length", std::to_string(body.size())}});
  EXPECT_TRUE(sized.body == body);
}

TEST_F(Http2EndpointBodies, ManyAtOnceEachGetTheirOwn) {
  start(one_connection);
  Http2Client client = this->client();
  std::vector<std::uint32_t> streams;
  for (std::size_t i = 0; i < 50; ++i)
    streams.push_back(client.start_get("/bytes/" + std::to_string(i * 5000)));
  for (std::size_t i = 0; i < 50; ++i) EXPECT_EQ(client.wait_end(streams[i]).body.size(), i * 5000);
  EXPECT_EQ(endpoint_.connection_count(), 1U);
}

// Slow clients.

TEST_F(Http2EndpointBodies, AClientThatDoesNotReadHoldsUpOnlyItsOwnStream) {
  start(one_connection);
  Http2Client slow = narrow_client();
  const std::uint32_t stalled = slow.start_get("/bytes/5000000");
  slow.wait_head(stalled);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(get("/bytes/300000").body.size(), 300'000U);
  EXPECT_EQ(slow.response(stalled).body.size(), 0U);
  slow.send_window_update(stalled, wide);
  slow.send_window_update(0, wide);
  EXPECT_EQ(slow.wait_end(stalled).body.size(), 5'000'000U);
  EXPECT_EQ(endpoint_.connection_count(), 1U);
}

TEST_F(Http2EndpointBodies, AClientOfHttp1ThatDoesNotReadHoldsUpOnlyItsOwnStream) {
  start(one_connection);
  ConnectOptions options;
  options.port = weir_->port();
  options.receive_buffer_bytes = 4096;
  RawClient slow(options);
  slow.send_get("/bytes/20000000");
  Response response = slow.read_head();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(get("/bytes/300000").body.size(), 300'000U);
  slow.read_body(response, Deadline(60s));
  EXPECT_EQ(response.body.size(), 20'000'000U);
  EXPECT_EQ(endpoint_.connection_count(), 1U);
}

/// The endpoint may send so much on a stream that nobody takes: its window, and not the connection's.
TEST_F(Http2EndpointBodies, WhatNobodyTakesStaysWithTheEndpoint) {
  endpoint_.behave(scripts::hang());
  start(one_connection);
  Http2Client slow = narrow_client();
  const std::uint32_t stalled = slow.start_get("/");
  endpoint_.wait_for_requests(1);
  ASSERT_EQ(endpoint_.setting(0, h2::initial_window_size).value_or(65'535), first_window);
  const Stream stream = endpoint_.stream(0);
  stream.head(200);
  stream.data(std::string(5'000'000, 'x'));
  slow.wait_head(stalled);
  std::size_t left = 0;
  eventually("it stands still", [&] {
    const std::size_t before = std::exchange(left, stream.unsent());
    return before == left && left <= 5'000'000 - first_window;
  });
  EXPECT_GE(5'000'000 - left, first_window);
  EXPECT_LE(5'000'000 - left, 4 * stream_window) << "its window, and what buffers on the way may hold";
  EXPECT_GE(endpoint_.send_window(0), 1024 * 1024) << "the connection's window is open for others";
}

/// However many there are: over a long way a response that waits for its window takes a round trip more.
TEST_F(Http2EndpointBodies, EachOfManyHasAWindowWithItsRequest) {
  endpoint_.behave(scripts::hang());
  start(one_connection);
  Http2Options options;
  options.settings = {{h2::initial_window_size, wide}};
  options.connection_window = wide;
  Http2Client client = this->client(options);
  client.wait_settings_ack();
  for (int i = 0; i < 50; ++i) client.start_get("/");
  endpoint_.wait_for_requests(50);
  eventually("each has it", [&] {
    const std::string said = endpoint_.transcript(0);
    for (int id = 1; id < 100; id += 2) {
      if (said.find("WINDOW_UPDATE stream " + std::to_string(id) + ", 4 bytes, flags 0, by 61440") ==
          std::string::npos)
        return false;
    }
    return true;
  });
}

/// One of 64 KiB is opened again for each 32 KiB. Over a long way that is how fast a download is.
TEST_F(Http2EndpointBodies, AWindowGrowsWhileItsClientTakesAllOfIt) {
  start(one_connection);
  EXPECT_EQ(get("/bytes/20000000").body.size(), 20'000'000U);
  const std::string said = endpoint_.transcript(0);
  std::size_t updates = 0;
  for (std::size_t at = said.find("WINDOW_UPDATE stream 1,"); at != std::string::npos;
       at = said.find("WINDOW_UPDATE stream 1,", at + 1)) {
    ++updates;
  }
  EXPECT_GT(updates, 0U);
  EXPECT_LT(updates, 150U) << "of 64 KiB: 600";
}

// Slow endpoints.

class Http2SlowEndpoint : public Http2EndpointBodies {
 protected:
  Http2SlowEndpoint() : Http2EndpointBodies(with_wide_connection(), scripts::echo()) {
    start(one_connection);
  }
};

TEST_F(Http2SlowEndpoint, AnUploadThatIsNotTakenHoldsUpOnlyItself) {
  Http2Client client = this->client();
  const std::uint32_t stalled = client.start_request(client.fields_of("POST", "/slow"), false);
  client.send_data(stalled, std::string(60'000, 's'), false);
  endpoint_.wait_for_body(0, 60'000);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(this->client().exchange("POST", "/", std::string(50'000, 'q')).body.size(), 50'000U);
  }
  client.send_data(stalled, std::string(20'000, 's'), false);
  endpoint_.wait_for_body(0, h2::default_window_bytes);
  client.round_trip();
  EXPECT_EQ(endpoint_.request(0).body.size(), h2::default_window_bytes) << "and no more than its window";
  endpoint_.stream(0).window_update(wide);
  client.send_data(stalled, std::string(20'000, 's'));
  EXPECT_EQ(client.wait_end(stalled).body.size(), 100'000U);
  EXPECT_EQ(endpoint_.connection_count(), 1U);
}

/// What an endpoint does not take its client does not get to send: the window of the client's stream stays closed.
TEST_F(Http2SlowEndpoint, HoldsItsClientUp) {
  Http2Client client = this->client();
  client.wait_settings();
  const std::uint32_t stream = client.start_request(client.fields_of("POST", "/slow"), false);
  std::size_t sent = 0;
  for (int silent = 0; silent < 20;) {
    client.round_trip();
    const std::int64_t window = std::min({client.send_window(stream), client.connection_send_window(),
                                          std::int64_t{h2::default_frame_bytes_max}});
    if (window <= 0) {
      ++silent;
      continue;
    }
    silent = 0;
    ASSERT_TRUE(client.force_data(stream, std::string(static_cast<std::size_t>(window), 'u')));
    sent += static_cast<std::size_t>(window);
    ASSERT_LE(sent, 2U * 1024 * 1024);
  }
  EXPECT_GE(sent, h2::default_window_bytes);
  EXPECT_EQ(endpoint_.wait_for_body(0, h2::default_window_bytes).body.size(), h2::default_window_bytes);
}

TEST_F(Http2SlowEndpoint, WindowsThatShrinkAreKept) {
  Http2Client client = this->client();
  const std::uint32_t stream = client.start_request(client.fields_of("POST", "/slow"), false);
  client.send_data(stream, std::string(50'000, 's'), false);
  endpoint_.wait_for_body(0, 50'000);
  endpoint_.settings(0, {{h2::initial_window_size, 10'000}});  // the stream's is -40,000 now
  eventually("it is acknowledged", [&] { return endpoint_.unacknowledged(0) == 0; });
  client.send_data(stream, std::string(50'000, 's'));
  endpoint_.stream(0).window_update(40'000);
  client.round_trip();
  EXPECT_EQ(endpoint_.request(0).body.size(), 50'000U);
  endpoint_.settings(0, {{h2::initial_window_size, 30'000}});
  EXPECT_EQ(endpoint_.wait_for_body(0, 70'000).body.size(), 70'000U);
  endpoint_.stream(0).window_update(wide);
  EXPECT_EQ(client.wait_end(stream).body.size(), 100'000U);
}

// Ends before the end.

TEST_F(Http2EndpointBodies, AnEarlyAnswerReachesItsClient) {
  Http2Script script;
  script.head = [](const Stream& stream) {
    stream.answer(413, "too much");
    stream.reset(h2::no_error);
  };
  endpoint_.behave(script);
  start(one_connection);
  Http2Client client = this->client();
  const std::uint32_t number = client.start_request(client.fields_of("POST", "/"), false);
  client.send_data(number, std::string(100'000, 'u'), false);
  EXPECT_EQ(client.wait_end(number).status, 413);
  EXPECT_EQ(client.response(number).body, "too much");
  RawClient old = weir_->connect();
  old.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n" + std::string(1000, 'u'));
  const Response response = old.read_response("POST");
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(response.body, "too much");
  endpoint_.behave(scripts::ok());
  EXPECT_EQ(get("/").body, "ok");
  EXPECT_EQ(endpoint_.connection_count(), 1U);
  EXPECT_EQ(failures(), 0);
}

TEST_F(Http2EndpointBodies, AnEarlyAnswerWithoutAResetEndsTheUpload) {
  Http2Script script;
  script.head = [](const Stream& stream) { stream.answer(413, "too much"); };
  endpoint_.behave(script);
  start(one_connection);
  Http2Client client = this->client();
  const std::uint32_t number = client.start_request(client.fields_of("POST", "/"), false);
  EXPECT_EQ(client.wait_head(number).status, 413);
  client.reset(number, h2::cancel);
  endpoint_.wait_for_reset(0);
  weir_->wait_for_metric("weir_upstream_streams", "", 0);
}

TEST_F(Http2EndpointBodies, AClientThatLeavesCancelsItsStreamAlone) {
  start(one_connection);
  Http2Client client = this->client();
  const std::vector<std::uint32_t> streams = hang(client, 2);
  client.reset(streams[0]);
  EXPECT_EQ(endpoint_.wait_for_reset(0), h2::cancel);
  RawClient old = weir_->connect();
  old.send_get("/hang");
  endpoint_.wait_for_requests(3);
  old.close();
  EXPECT_EQ(endpoint_.wait_for_reset(2), h2::cancel);
  endpoint_.stream(1).answer(200, "stays");
  EXPECT_EQ(client.wait_end(streams[1]).body, "stays");
  EXPECT_EQ(endpoint_.connection_count(), 1U);
  EXPECT_EQ(endpoint_.open_count(), 1U);
  EXPECT_EQ(failures(), 0);
}

TEST_F(Http2EndpointBodies, AClientThatLeavesInTheResponseCancelsToo) {
  endpoint_.behave(scripts::hang());
  start(one_connection);
  Http2Client client = this->client();
  const std::uint32_t number = client.start_get("/");
  endpoint_.wait_for_requests(1);
  endpoint_.stream(0).head(200);
  endpoint_.stream(0).data("beginning");
  client.wait_body(number, 9);
  client.close();
  EXPECT_EQ(endpoint_.wait_for_reset(0), h2::cancel);
  EXPECT_EQ(endpoint_.open_count(), 1U);
}

TEST_F(Http2EndpointBodies, AResetBeforeTheHeadIsA502) {
  endpoint_.behave(scripts::reset(h2::internal_error));
  start(one_connection + ", passive_health: { consecutive_failures: 0 }");
  const Http2Response response = get("/");
  EXPECT_EQ(response.status, 502);
  EXPECT_EQ(weir_->get("/").status, 502);
  EXPECT_EQ(log_line(*weir_, 2).at("reason"), "upstream_reset");
  endpoint_.behave(scripts::ok());
  EXPECT_EQ(get("/").body, "ok");
  EXPECT_EQ(endpoint_.connection_count(), 1U) << "a stream is no connection";
}

TEST_F(Http2EndpointBodies, AResetBehindTheHeadCutsTheResponse) {
  Http2Script script;
  script.head = [](const Stream& stream) {
    stream.head(200);
    stream.data("beginning");
    stream.reset(h2::internal_error);
  };
  endpoint_.behave(script);
  start(one_connection + ", passive_health: { consecutive_failures: 0 }");
  const Http2Response response = get("/");
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(response.reset.has_value());
  const Response old = weir_->get("/");
  EXPECT_EQ(old.status, 200);
  EXPECT_FALSE(old.complete) << "never as if it were whole";
}

TEST_F(Http2EndpointBodies, AResetBehindAWholeResponseIsNoFault) {
  Http2Script script;
  script.end = [](const Stream& stream) {
    stream.answer(200, "whole");
    stream.raw(h2::rst_stream_frame(stream.request().stream, h2::no_error));
  };
  endpoint_.behave(script);
  start(one_connection);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(get("/").body, "whole");
  EXPECT_EQ(endpoint_.connection_count(), 1U);
  EXPECT_EQ(failures(), 0);
}

TEST_F(Http2EndpointBodies, ATimeoutResetsTheStreamAndKeepsTheConnection) {
  start(one_connection + ", timeouts: { response: 300ms }, passive_health: { consecutive_failures: 0 }");
  EXPECT_EQ(get("/hang").status, 504);
  EXPECT_EQ(endpoint_.wait_for_reset(0), h2::cancel);
  EXPECT_EQ(get("/").body, "ok");
  EXPECT_EQ(endpoint_.connection_count(), 1U);
}

TEST_F(Http2EndpointBodies, ASilenceInTheBodyResetsTheStream) {
  endpoint_.behave(scripts::hang());
  start(one_connection + ", timeouts: { idle: 300ms }, passive_health: { consecutive_failures: 0 }");
  Http2Client client = this->client();
  const std::uint32_t number = client.start_get("/");
  endpoint_.wait_for_requests(1);
  endpoint_.stream(0).head(200);
  endpoint_.stream(0).data("beginning");
  EXPECT_TRUE(client.wait_end(number).reset.has_value());
  EXPECT_EQ(endpoint_.wait_for_reset(0), h2::cancel);
  EXPECT_EQ(endpoint_.open_count(), 1U);
}

TEST_F(Http2EndpointBodies, AnUploadThatIsTooLargeIsCutAtBothSides) {
  endpoint_.behave(scripts::hang());
  ConfigText config = h2c_config({endpoint_.address()}, one_connection);
  config.http += ", limits: { body_bytes: 1000 }";
  start(config);
  Http2Client client = this->client();
  const std::uint32_t number = client.start_request(client.fields_of("POST", "/"), false);
  client.send_data(number, std::string(900, 'u'), false);
  endpoint_.wait_for_body(0, 900);
  client.send_data(number, std::string(200, 'u'), false);
  EXPECT_EQ(client.wait_head(number).status, 413);
  endpoint_.wait_for_reset(0);
  EXPECT_EQ(endpoint_.open_count(), 1U);
}

/// Not as if it were whole: the endpoint sees a reset, and no END_STREAM.
TEST_F(Http2EndpointBodies, AnUploadThatIsCutIsReset) {
  endpoint_.behave(scripts::hang());
  start(one_connection);
  RawClient old = weir_->connect();
  old.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  endpoint_.wait_for_body(0, 3);
  old.reset();
  EXPECT_EQ(endpoint_.wait_for_reset(0), h2::cancel);
  EXPECT_FALSE(endpoint_.request(0).complete);
}

}  // namespace
}  // namespace weir::testing
