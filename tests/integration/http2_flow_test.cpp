// Windows and who gets them: what a client does not take holds up only that, in both directions; who is served first;
// and what becomes of streams that stand still.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "integration/http2_rig.hpp"

namespace weir::testing {
namespace {

constexpr std::uint32_t default_window = 65'535;
constexpr std::uint32_t wide = 8 * 1024 * 1024;
constexpr std::uint32_t megabyte = 1'000'000;

class Http2Flow : public Http2Rig {
 protected:
  /// Bytes of all bodies so far.
  static std::size_t received(Http2Client& client, const std::vector<std::uint32_t>& streams) {
    std::size_t sum = 0;
    for (const std::uint32_t stream : streams) sum += client.response(stream).body.size();
    return sum;
  }
  static void wait_for_sum(Http2Client& client, const std::vector<std::uint32_t>& streams,
                           std::size_t bytes) {
    client.wait_until(std::to_string(bytes) + " bytes came on all streams",
                      [&] { return received(client, streams) >= bytes; });
    client.round_trip();
    EXPECT_EQ(received(client, streams), bytes) << "and no more than the window allows";
  }

  /// One stream that has used the whole window of the connection and has more to send, and then two with heads and
  /// nothing of their bodies. All three have their streams' windows open.
  std::vector<std::uint32_t> crowd(Http2Client& client, const std::string& second, const std::string& third) {
    std::vector<std::uint32_t> streams = {client.start_get("/bytes/1000000", {{"priority", "u=7"}})};
    client.wait_body(streams[0], default_window);
    for (const std::string& priority : {second, third}) {
      streams.push_back(client.start_get("/bytes/1000000", {{"priority", priority}}));
      client.wait_head(streams.back());
    }
    client.round_trip();
    EXPECT_EQ(received(client, streams), default_window);
    return streams;
  }

  /// Sends what the windows take until they stay closed, or all of it; returns how much that was.
  static std::size_t send_until_it_stands(Http2Client& client, std::uint32_t stream, std::size_t bytes_max) {
    constexpr int rounds_without_a_window = 50;
    std::size_t sent = 0;
    int rounds = 0;
    eventually(
        "the upload stands still",
        [&] {
          client.read_available();
          const std::size_t more = send_into_window(client, stream, bytes_max - sent);
          rounds = more == 0 ? rounds + 1 : 0;
          sent += more;
          return rounds == rounds_without_a_window || sent == bytes_max;
        },
        Deadline(60s));
    return sent;
  }
};

// Towards the client.

TEST_F(Http2Flow, AStreamThatIsNotReadSlowsOnlyItself) {
  start();
  Http2Client client = narrow_client(default_window, wide);
  const std::uint32_t slow = client.start_get("/bytes/1000000");
  client.wait_body(slow, default_window);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.get("/bytes/60000").body.size(), 60'000U);
  EXPECT_EQ(client.response(slow).body.size(), default_window);
  client.send_window_update(slow, megabyte);
  EXPECT_EQ(client.wait_end(slow).body.size(), megabyte);
}

TEST_F(Http2Flow, AClosedWindowHoldsTheBodyAndNotTheHead) {
  start();
  Http2Client client = narrow_client(0);
  const std::uint32_t stream = client.start_get("/bytes/1000");
  EXPECT_EQ(client.wait_head(stream).fields.get("content-length"), "1000");
  client.round_trip();
  EXPECT_EQ(client.response(stream).body, "");
  client.send_window_update(stream, 10);
  wait_for_sum(client, {stream}, 10);
  client.send_settings({{h2::initial_window_size, 100}});
  wait_for_sum(client, {stream}, 110);
  client.send_settings({{h2::initial_window_size, 1000}});
  EXPECT_TRUE(client.wait_end(stream).complete);
  EXPECT_EQ(client.response(stream).body.size(), 1000U);
}

TEST_F(Http2Flow, AnswersWithoutABodyNeedNoWindow) {
  start();
  Http2Client client = narrow_client(0);
  const std::uint32_t empty = client.start_get("/bytes/0");
  const std::uint32_t head = client.start_request(client.fields_of("HEAD", "/own"));
  EXPECT_TRUE(client.wait_end(empty).complete);
  EXPECT_TRUE(client.wait_end(head).complete);
}

/// What Weir answers by itself is under the same windows.
TEST_F(Http2Flow, AnswersOfWeirItselfWaitForTheWindow) {
  start();
  Http2Client client = narrow_client(1);
  const std::uint32_t stream = client.start_get("/own");
  wait_for_sum(client, {stream}, 1);
  client.send_window_update(stream, 2);
  EXPECT_EQ(client.wait_end(stream).body, "own");
}

TEST_F(Http2Flow, ASmallerInitialWindowCanMakeAStreamsWindowNegative) {
  start();
  Http2Client client = narrow_client(default_window, wide);
  const std::uint32_t stream = client.start_get("/bytes/100000");
  client.wait_body(stream, default_window);
  client.send_settings({{h2::initial_window_size, 1000}});
  client.wait_settings_ack(2);
  client.send_window_update(stream, default_window - 1000);  // to 0
  client.round_trip();
  EXPECT_EQ(client.response(stream).body.size(), default_window);
  client.send_settings({{h2::initial_window_size, default_window}});
  EXPECT_EQ(client.wait_end(stream).body.size(), 100'000U);
}

TEST_F(Http2Flow, TheWindowOfTheConnectionIsForAllStreams) {
  start();
  Http2Client client = narrow_client(wide);
  std::vector<std::uint32_t> streams;
  for (int i = 0; i < 5; ++i) streams.push_back(client.start_get("/bytes/100000"));
  wait_for_sum(client, streams, default_window);
  client.send_window_update(0, 7);
  wait_for_sum(client, streams, default_window + 7);
  client.send_window_update(0, wide);
  for (const std::uint32_t stream : streams) EXPECT_EQ(client.wait_end(stream).body.size(), 100'000U);
}

TEST_F(Http2Flow, LargerFramesComeOnlyWhenTheyAreAllowed) {
  start();
  Http2Client client = this->client();
  EXPECT_EQ(client.get("/bytes/300000").body.size(), 300'000U);  // the client checks each frame's size
}

TEST_F(Http2Flow, AStreamThatIsResetLeavesTheConnectionsWindowToOthers) {
  start();
  Http2Client client = narrow_client(wide);
  const std::uint32_t first = client.start_get("/bytes/1000000");
  client.wait_body(first, default_window);
  const std::uint32_t second = client.start_get("/bytes/50000");
  client.wait_head(second);
  client.reset(first);
  client.send_window_update(0, 50'000);
  EXPECT_EQ(client.wait_end(second).body.size(), 50'000U);
  EXPECT_EQ(client.response(first).body.size(), default_window);
  weir_->wait_for_metric("weir_upstream_in_flight", "", 0);
}

// Large responses are sent from where they were read, so what became of those blocks shows in the bytes.

TEST_F(Http2Flow, LongResponsesAreWhole) {
  start();
  Http2Client client = this->client();
  std::vector<std::uint32_t> streams;
  for (int i = 0; i < 20; ++i) streams.push_back(client.start_get("/text/" + std::to_string(300'000 + i)));
  for (std::size_t i = 0; i < streams.size(); ++i) {
    EXPECT_TRUE(client.wait_end(streams[i]).body == text_of(300'000 + i)) << i;
  }
}

TEST_F(Http2Flow, LongResponsesAreWholeThroughSmallWindows) {
  start();
  Http2Client client = narrow_client(20'000, wide);
  const std::vector<std::string> wishes = {"u=3", "u=3", "u=3, i", "u=3, i", "u=1"};
  std::vector<std::uint32_t> streams;
  for (const std::string& wish : wishes) {
    streams.push_back(client.start_get("/text/400000", {{"priority", wish}}));
  }
  const std::string wanted = text_of(400'000);
  for (std::size_t given = 20'000; given < 400'000; given += 19'001) {
    for (const std::uint32_t stream : streams) client.send_window_update(stream, 19'001);
    client.read_available();
  }
  for (const std::uint32_t stream : streams) EXPECT_TRUE(client.wait_end(stream).body == wanted) << stream;
}

/// The socket is full while most of them leave: what they have sent stays as it was, and so do the others.
TEST_F(Http2Flow, ResponsesAreWholeBesideThoseThatAreReset) {
  start();
  Http2Client client = narrow_client(wide, wide);
  std::vector<std::uint32_t> kept, reset;
  for (int i = 0; i < 4; ++i) {
    for (int j = 0; j < 6; ++j) reset.push_back(client.start_get("/bytes/2000000"));
    kept.push_back(client.start_get("/text/1000000"));
  }
  endpoint_.wait_for_requests(static_cast<int>(kept.size() + reset.size()));  // without reading
  for (const std::uint32_t stream : reset) client.reset(stream);
  client.send_window_update(0, 10 * wide);
  const std::string wanted = text_of(1'000'000);
  for (const std::uint32_t stream : kept) EXPECT_TRUE(client.wait_end(stream).body == wanted) << stream;
  expect_alive(client);
}

// RFC 9218. Small steps: of the stream that is meant, so much is there already.

TEST_F(Http2Flow, UrgentStreamsGoFirst) {
  start();
  Http2Client client = narrow_client(wide);
  const std::vector<std::uint32_t> streams = crowd(client, "u=6", "u=0");
  client.send_window_update(0, 2000);
  wait_for_sum(client, streams, default_window + 2000);
  EXPECT_EQ(client.response(streams[2]).body.size(), 2000U) << client.transcript();
}

TEST_F(Http2Flow, OfTheSameUrgencyTheFirstGoesFirst) {
  start();
  Http2Client client = narrow_client(wide);
  const std::vector<std::uint32_t> streams = crowd(client, "u=2", "u=2");
  client.send_window_update(0, 2000);
  wait_for_sum(client, streams, default_window + 2000);
  EXPECT_EQ(client.response(streams[1]).body.size(), 2000U) << client.transcript();
}

/// Also when its next bytes have to be read first (RFC 9218 10).
TEST_F(Http2Flow, TheFirstKeepsItsTurnToItsEnd) {
  start();
  Http2Client client = narrow_client(wide);
  const std::vector<std::uint32_t> streams = crowd(client, "u=2", "u=2");
  constexpr std::uint32_t step = 60'000;
  for (int i = 0; i < 10; ++i) {
    client.send_window_update(0, step);
    wait_for_sum(client, streams, default_window + static_cast<std::size_t>(i + 1) * step);
  }
  EXPECT_GE(client.response(streams[1]).body.size(), 7U * step) << client.transcript();
}

TEST_F(Http2Flow, IncrementalStreamsTakeTurns) {
  start();
  Http2Client client = narrow_client(wide);
  const std::vector<std::uint32_t> streams = crowd(client, "u=2, i", "u=2, i");
  constexpr std::size_t turns = 16 * 16 * 1024;
  client.send_window_update(0, turns);
  wait_for_sum(client, streams, default_window + turns);
  EXPECT_GE(client.response(streams[1]).body.size(), turns / 8) << client.transcript();
  EXPECT_GE(client.response(streams[2]).body.size(), turns / 8) << client.transcript();
}

TEST_F(Http2Flow, APriorityUpdateChangesTheOrder) {
  start();
  Http2Client client = narrow_client(wide);
  const std::vector<std::uint32_t> streams = crowd(client, "u=1", "u=5");
  client.send(h2::priority_update_frame(streams[2], "u=0"));
  client.round_trip();
  client.send_window_update(0, 2000);
  wait_for_sum(client, streams, default_window + 2000);
  EXPECT_EQ(client.response(streams[2]).body.size(), 2000U) << client.transcript();
}

// Streams that stand still.

TEST_F(Http2Flow, AStreamThatIsNotTakenIsResetAndOthersGoOn) {
  start("limits: { send_timeout: 500ms }");
  Http2Client client = narrow_client(default_window, wide);
  const std::uint32_t stalled = client.start_get("/bytes/1000000");
  client.wait_body(stalled, default_window);
  const std::uint32_t waiting = client.start_get("/gate");
  while (!client.response(stalled).reset) EXPECT_EQ(client.get("/bytes/100").status, 200);
  EXPECT_FALSE(client.response(stalled).complete);
  weir_->wait_for_metric("weir_slow_clients_total", "send_timeout", 1);
  gate_->open();
  EXPECT_EQ(client.wait_end(waiting).body, "through");
  expect_alive(client);
  EXPECT_EQ(weir_->metric("weir_upstream_failures_total"), 0) << "the endpoint was not what was slow";
}

TEST_F(Http2Flow, AConnectionWithoutAWindowIsNotKeptBusyForGood) {
  start("limits: { send_timeout: 500ms }");
  Http2Client client = narrow_client(wide);
  std::vector<std::uint32_t> streams;
  for (int i = 0; i < 5; ++i) streams.push_back(client.start_get("/bytes/1000000"));
  endpoint_.wait_for_requests(5);
  weir_->wait_for_metric("weir_upstream_in_flight", "", 0);
  EXPECT_GE(weir_->metric("weir_slow_clients_total", "send_timeout"), 1);
}

// From the client.

TEST_F(Http2Flow, AnUploadThatIsNotTakenStopsAtItsWindow) {
  start();
  Http2Client client = this->client();
  client.wait_settings_ack();
  constexpr std::size_t bytes = 64 * 1024 * 1024;
  const std::uint32_t stream = client.start_request(client.fields_of("POST", "/deaf"), false);
  endpoint_.wait_for_requests(1);
  const std::size_t sent = send_until_it_stands(client, stream, bytes);
  EXPECT_LT(sent, bytes / 4) << "Weir, and the kernel between it and the endpoint, hold no more";
  EXPECT_GE(sent, default_window);
  EXPECT_EQ(client.send_window(stream), 0);
  expect_alive(client);
  gate_->open();
  constexpr std::size_t rest = 1024 * 1024;
  EXPECT_EQ(client.send_data(stream, std::string(rest, 'r')), rest);
  EXPECT_EQ(client.wait_end(stream).body, "ok");
  EXPECT_EQ(endpoint_.request(0).body.size(), sent + rest);
}

TEST_F(Http2Flow, UploadsThatStandLeaveTheConnectionToOthers) {
  start();
  Http2Client client = this->client();
  client.wait_settings_ack();
  for (int i = 0; i < 3; ++i) {  // each with a window of its own; the connection has that of four
    const std::uint32_t stream = client.start_request(client.fields_of("POST", "/deaf"), false);
    send_until_it_stands(client, stream, 64 * 1024 * 1024);
  }
  EXPECT_GT(client.connection_send_window(), 0);
  EXPECT_EQ(client.exchange("POST", "/echo", std::string(500'000, 'e')).body.size(), 500'000U);
}

/// Uploads that no endpoint takes have all of the connection's window. The client of one more can do nothing, so
/// limits.body_idle_timeout is not for it until it can.
TEST_F(Http2Flow, AnUploadThatOthersHoldUpIsNotTimedOut) {
  start("limits: { body_idle_timeout: 400ms }");
  Http2Client client = this->client();
  client.wait_settings_ack();
  std::vector<std::uint32_t> deaf;
  while (client.connection_send_window() > 0) {
    deaf.push_back(client.start_request(client.fields_of("POST", "/deaf"), false));
    send_until_it_stands(client, deaf.back(), 64 * 1024 * 1024);
  }
  const std::uint32_t held = client.start_request(client.fields_of("POST", "/echo"), false);
  EXPECT_TRUE(client.stays_silent_for(std::chrono::milliseconds(1500))) << client.transcript();
  gate_->open();
  for (const std::uint32_t stream : deaf) client.send_data(stream, "");
  client.send_data(held, "at last");
  EXPECT_EQ(client.wait_end(held).body, "at last");
  for (const std::uint32_t stream : deaf) EXPECT_EQ(client.wait_end(stream).status, 200);
  const std::uint32_t silent = client.start_request(client.fields_of("POST", "/echo"), false);
  EXPECT_EQ(client.wait_end(silent).status, 408) << "its window is open";
}

TEST_F(Http2Flow, TheTimeForAllEndsAnUploadThatOthersHoldUp) {
  ConfigText text = config();
  text.routes.push_back("{ name: short, match: { path: /echo }, upstream: app, timeouts: { total: 700ms } }");
  start(text);
  Http2Client client = this->client();
  client.wait_settings_ack();
  while (client.connection_send_window() > 0) {
    const std::uint32_t deaf = client.start_request(client.fields_of("POST", "/deaf"), false);
    send_until_it_stands(client, deaf, 64 * 1024 * 1024);
  }
  const std::uint32_t held = client.start_request(client.fields_of("POST", "/echo"), false);
  EXPECT_EQ(client.wait_end(held).status, 504);
}

/// Some clients lose an answer that a reset follows at once.
TEST_F(Http2Flow, ARequestWhoseRestIsOnItsWayIsReadToItsEnd) {
  start();
  Http2Client client = this->client();
  client.wait_settings_ack();
  const std::uint32_t stream =
      client.start_request(client.fields_of("POST", "/own", {{"content-length", "20000"}}), false);
  client.wait_body(stream, 3);
  client.send_data(stream, std::string(20'000, 'x'));
  client.round_trip();
  EXPECT_EQ(client.response(stream).reset, std::nullopt);
  EXPECT_EQ(weir_->metric("weir_request_discards_total", "end=\"complete\""), 1);
}

/// More DATA than the window allows: of the stream, of the connection.
TEST_F(Http2Flow, ExceedingTheWindowIsAnError) {
  start();
  Http2Client client = this->client();
  client.wait_settings_ack();
  const std::uint32_t stream = client.start_request(client.fields_of("POST", "/deaf"), false);
  send_until_it_stands(client, stream, 64 * 1024 * 1024);
  client.force_data(stream, std::string(1000, 'x'));
  client.wait_until("an error is reported",
                    [&] { return client.response(stream).reset || !client.goaways().empty(); });
  const bool ends = !client.goaways().empty();
  EXPECT_EQ(ends ? client.goaways()[0].code : *client.response(stream).reset, h2::flow_control_error);
}

TEST_F(Http2Flow, PaddingComesBackToTheWindow) {
  start();
  Http2Client client = this->client();
  client.wait_settings_ack();
  const std::uint32_t stream = client.start_request(client.fields_of("POST", "/echo"), false);
  constexpr int frames = 2000;  // with their padding twice the window of the connection
  for (int i = 0; i < frames; ++i) {
    client.wait_until("there is a window", [&] {
      return client.send_window(stream) >= 257 && client.connection_send_window() >= 257;
    });
    client.force_padded(stream, "x", 255);
  }
  client.send_data(stream, "y");
  EXPECT_EQ(client.wait_end(stream).body, std::string(frames, 'x') + "y");
}

TEST_F(Http2Flow, DataOfStreamsThatAreGivenUpComesBackToTheWindow) {
  start();
  Http2Client client = this->client();
  client.wait_settings_ack();
  for (int i = 0; i < 12; ++i) {  // three times the window of the connection
    const std::uint32_t stream = client.start_request(client.fields_of("POST", "/deaf"), false);
    client.wait_until("the connection has a window",
                      [&] { return client.connection_send_window() >= client.send_window(stream); });
    send_into_window(client, stream, 64 * 1024);
    client.reset(stream);
  }
  client.wait_until("the connection has its window",
                    [&] { return client.connection_send_window() >= 128 * 1024; });
  EXPECT_EQ(client.exchange("POST", "/echo", std::string(300'000, 'e')).body.size(), 300'000U);
}

TEST_F(Http2Flow, AnUploadInSmallFramesComesThrough) {
  start();
  Http2Client client = this->client();
  client.wait_settings_ack();
  const std::uint32_t stream = client.start_request(client.fields_of("POST", "/echo"), false);
  std::size_t sent = 0;
  while (sent < 200'000) {
    client.wait_until("there is a window", [&] { return client.send_window(stream) > 0; });
    sent += send_into_window(client, stream, std::min<std::size_t>(200'000 - sent, 1000), 100);
  }
  client.send_data(stream, "");
  EXPECT_EQ(client.wait_end(stream).body.size(), 200'000U);
}

/// The endpoint was what took the time.
TEST_F(Http2Flow, ASilenceBeforeTheAnswerIsNotThatOfTheClient) {
  start("limits: { send_timeout: 2s }");
  Http2Client client = narrow_client(0);
  const std::uint32_t stream = client.start_get("/gate");
  endpoint_.wait_for_requests(1);
  EXPECT_TRUE(client.stays_silent_for(std::chrono::milliseconds(2300)));
  gate_->open();
  client.wait_head(stream);
  EXPECT_TRUE(client.stays_silent_for(std::chrono::milliseconds(300)))
      << "it has two seconds to open its window";
  client.send_window_update(stream, 100);
  EXPECT_EQ(client.wait_end(stream).body, "through");
}

}  // namespace
}  // namespace weir::testing
