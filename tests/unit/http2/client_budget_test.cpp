// Windows of ClientCodec, and what an endpoint may do before its connection ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "http2/client_codec.hpp"
#include "unit/http2/codec_endpoint.hpp"

namespace weir::http2 {
namespace {

using namespace std::chrono_literals;

const std::string ok = status_block(200);

std::string times(int count, const std::string& bytes) {
  std::string all;
  for (int i = 0; i < count; ++i) all += bytes;
  return all;
}

/// Streams have their whole window from the start.
ClientLimits whole_windows() {
  ClientLimits limits;
  limits.stream_window = 64 * 1024;
  return limits;
}

TEST(ClientWindows, AStreamThatIsNotTakenHoldsUpNoOther) {
  Endpoint endpoint(whole_windows());
  endpoint.connect();
  endpoint.owner.take_at_once = false;
  // More than the connection's window in all, none of it taken.
  for (int i = 0; i < 300; ++i) {
    const std::uint32_t id = endpoint.call();
    endpoint.pass(headers(id, ok, false) + times(4, data(id, std::string(16'384, 'x'))));
    ASSERT_EQ(endpoint.state(), "open");
    ASSERT_EQ(endpoint.owner.stream(id).untaken_bytes(), 65'536u);
  }
  EXPECT_THAT(endpoint.sent(), testing::HasSubstr("WINDOW_UPDATE 0 8388608\n"));
}

TEST(ClientWindows, AStreamHasNoMoreThanItsWindow) {
  Endpoint endpoint(whole_windows());
  endpoint.connect();
  endpoint.owner.take_at_once = false;
  endpoint.call();
  endpoint.pass(headers(1, ok, false) + times(4, data(1, std::string(16'384, 'x'))));
  endpoint.sent();
  EXPECT_EQ(endpoint.send(data(1, "x")), "reset 1 FLOW_CONTROL_ERROR by us\n");
}

TEST(ClientWindows, AStreamHasLittleBeforeItIsWidened) {
  Endpoint endpoint;
  endpoint.connect();
  endpoint.owner.take_at_once = false;
  endpoint.call();
  endpoint.pass(headers(1, ok, false) + data(1, std::string(4'096, 'x')));
  endpoint.sent();
  EXPECT_EQ(endpoint.send(data(1, "x")), "reset 1 FLOW_CONTROL_ERROR by us\n");
}

TEST(ClientWindows, AStreamThatIsWidenedHasSoMuchMore) {
  ClientLimits limits;
  limits.stream_window = 16 * 1024;
  Endpoint endpoint(limits);
  endpoint.connect();
  endpoint.owner.take_at_once = false;
  endpoint.call();
  Stream& stream = endpoint.owner.stream(1);
  endpoint.sent();
  endpoint.codec.widen(stream, 48 * 1024);
  EXPECT_EQ(endpoint.sent(), "WINDOW_UPDATE 1 49152\n");
  EXPECT_EQ(stream.window(), 65'536u);
  endpoint.pass(headers(1, ok, false) + times(4, data(1, std::string(16'384, 'x'))));
  EXPECT_EQ(endpoint.state(), "open");
  endpoint.sent();
  endpoint.codec.took(stream, 1000);
  EXPECT_EQ(endpoint.sent(), "");
  endpoint.codec.widen(stream, 65'536);
  EXPECT_EQ(endpoint.sent(), "WINDOW_UPDATE 1 66536\n") << "with what is due";
  endpoint.codec.took(stream, 64'535);
  EXPECT_EQ(endpoint.sent(), "") << "half of the larger window";
  endpoint.pass(times(4, data(1, std::string(16'384, 'x'))) + data(1, std::string(1000, 'x')));
  EXPECT_EQ(endpoint.state(), "open");
  endpoint.sent();
  EXPECT_EQ(endpoint.send(data(1, "x")), "reset 1 FLOW_CONTROL_ERROR by us\n");
  endpoint.codec.widen(stream, 1);
  EXPECT_EQ(endpoint.sent(), "RST_STREAM 1 FLOW_CONTROL_ERROR\n") << "nothing more comes";
}

TEST(ClientWindows, TookReplenishesTheStreamAlone) {
  Endpoint endpoint(whole_windows());
  endpoint.connect();
  endpoint.owner.take_at_once = false;
  endpoint.call();
  endpoint.pass(headers(1, ok, false) + times(4, data(1, std::string(16'384, 'x'))));
  endpoint.sent();
  Stream& stream = endpoint.owner.stream(1);
  endpoint.codec.took(stream, 32'767);
  EXPECT_EQ(endpoint.sent(), "");
  endpoint.codec.took(stream, 1);
  EXPECT_EQ(endpoint.sent(), "WINDOW_UPDATE 1 32768\n");
  endpoint.pass(times(2, data(1, std::string(16'384, 'x'))));
  EXPECT_EQ(endpoint.state(), "open");
  EXPECT_FALSE(stream.was_reset());
}

TEST(ClientWindows, PaddingCountsAndIsGivenBack) {
  Endpoint endpoint;
  endpoint.connect();
  endpoint.call();
  endpoint.pass(headers(1, ok, false));
  endpoint.sent();
  const std::string run = frame(FrameType::data, flag::padded, 1, padded(std::string(1000, 'x'), 255));
  endpoint.pass(times(40, run));  // 1,256 bytes each
  EXPECT_EQ(endpoint.state(), "open");
  EXPECT_THAT(endpoint.sent(), testing::StartsWith("WINDOW_UPDATE 1 "));
}

TEST(ClientWindows, DroppedBytesAreGivenBackToTheConnection) {
  ClientLimits limits;
  limits.connection_window = window_bytes_at_start;
  Endpoint endpoint(limits);
  endpoint.codec.start();
  EXPECT_EQ(endpoint.sent(), "preface\nSETTINGS 3\n");  // no window beyond the usual one
  endpoint.pass(settings({}));
  endpoint.owner.take_at_once = false;
  for (int i = 0; i < 200; ++i) {
    const std::uint32_t id = endpoint.call();
    endpoint.pass(headers(id, ok, false) + data(id, std::string(1024, 'x')));
    endpoint.owner.release(id);
    endpoint.pass(data(id, "late", true));
    ASSERT_EQ(endpoint.state(), "open") << i;
  }
}

TEST(ClientWindows, SendingFollowsTheSettings) {
  Endpoint endpoint;
  endpoint.connect();
  endpoint.call(false);
  endpoint.pass(settings({{Setting::initial_window_size, 10}}));
  EXPECT_EQ(endpoint.codec.sendable(endpoint.owner.stream(1)), 10u);
  endpoint.send_data(1, "0123456789", false);
  EXPECT_EQ(endpoint.codec.sendable(endpoint.owner.stream(1)), 0u);
  EXPECT_EQ(endpoint.send(window_update(1, 5)), "window 1\n");
  EXPECT_EQ(endpoint.codec.sendable(endpoint.owner.stream(1)), 5u);
  endpoint.call(false);
  EXPECT_EQ(endpoint.codec.sendable(endpoint.owner.stream(3)), 10u);
  EXPECT_EQ(endpoint.send(window_update(3, 0)), "reset 3 PROTOCOL_ERROR by us\n");
}

TEST(ClientWindows, OfTheConnectionOpensAgain) {
  Endpoint endpoint;
  endpoint.connect();
  endpoint.call(false);
  endpoint.send_data(1, std::string(window_bytes_at_start, 'x'), false);
  EXPECT_EQ(endpoint.codec.connection_sendable(), 0u);
  EXPECT_EQ(endpoint.send(window_update(0, 5)), "connection window\n");
}

/// Bytes that an endpoint repeats, and how the connection ends.
std::string state_after(int count, const std::string& bytes) {
  Endpoint endpoint;
  endpoint.connect();
  endpoint.call(false);
  endpoint.pass(headers(1, ok, false));
  endpoint.pass(times(count, bytes));
  return endpoint.state();
}

TEST(ClientBudget, Floods) {
  const struct {
    std::string bytes;
    int fine;
    std::string reason;
  } cases[] = {
      {settings({}), 390, "control_frame"},
      {frame(FrameType::ping, 0, 0, "12345678"), 390, "control_frame"},
      {frame(FrameType::ping, flag::ack, 0, "12345678"), 1900, "control_frame"},
      {frame(FrameType::settings, flag::ack, 0), 1900, "control_frame"},
      {frame(FrameType::priority, 0, 1, u32(0) + "x"), 1900, "control_frame"},
      {frame(FrameType{0x42}, 0, 0, "x"), 1900, "control_frame"},
      {frame(FrameType::goaway, 0, 0, u32(1) + u32(0)), 1900, "control_frame"},
      {data(1, ""), 195, "empty_frame"},
      {frame(FrameType::data, flag::padded, 1, padded("", 9)), 195, "empty_frame"},
      {rst_stream(1), 195, "endpoint_reset"},
      {rst_stream(1) + data(1, "x"), 90, "endpoint_reset"},
      {window_update(0, 1), 195, "window_update"},
  };
  for (const auto& [bytes, fine, reason] : cases) {
    EXPECT_EQ(state_after(fine, bytes), "open") << to_text(bytes);
    EXPECT_EQ(state_after(2 * fine + 20, bytes), "ENHANCE_YOUR_CALM " + reason) << to_text(bytes);
  }
}

TEST(ClientBudget, DataOnAStreamThatTheEndpointHasReset) {
  Endpoint endpoint;
  endpoint.connect();
  endpoint.call();
  endpoint.pass(rst_stream(1) + times(300, data(1, "x")));
  EXPECT_EQ(endpoint.state(), "ENHANCE_YOUR_CALM stream_error");
}

TEST(ClientBudget, EveryStreamMayBeRefused) {
  Endpoint endpoint;
  endpoint.connect();
  endpoint.owner.release_at_reset = true;
  for (int i = 0; i < 2000; ++i)
    endpoint.pass(rst_stream(endpoint.call(), i % 2 ? ErrorCode::refused_stream : ErrorCode::cancel));
  EXPECT_EQ(endpoint.state(), "open");
}

TEST(ClientBudget, EveryResponseMayBeBroken) {
  Endpoint endpoint;
  endpoint.connect();
  endpoint.owner.release_at_reset = true;
  for (int i = 0; i < 2000; ++i) {
    const std::uint32_t id = endpoint.call();
    endpoint.pass(data(id, "abc"));
    endpoint.pass(rst_stream(id));
  }
  EXPECT_EQ(endpoint.state(), "open");
}

TEST(ClientBudget, EveryResponseMayHaveAnEmptyFrame) {
  Endpoint endpoint;
  endpoint.connect();
  endpoint.owner.release_at_end = true;
  for (int i = 0; i < 2000; ++i) {
    const std::uint32_t id = endpoint.call();
    endpoint.pass(headers(id, ok, false) + data(id, "") + data(id, "x") + data(id, "", true));
  }
  EXPECT_EQ(endpoint.state(), "open");
}

TEST(ClientBudget, PingBesideDataCostsNothing) {
  Endpoint endpoint;
  endpoint.connect();
  endpoint.call(false);
  endpoint.pass(headers(1, ok, false));
  for (int i = 0; i < 2000; ++i) {
    endpoint.send_data(1, "x", false);
    endpoint.pass(frame(FrameType::ping, 0, 0, "12345678"));
  }
  EXPECT_EQ(endpoint.state(), "open");
}

TEST(ClientBudget, Refills) {
  Endpoint endpoint;
  endpoint.connect();
  for (int i = 0; i < 1000; ++i) {
    endpoint.now += 50ms;
    endpoint.pass(settings({}));
  }
  EXPECT_EQ(endpoint.state(), "open");
}

TEST(ClientBudget, ErrorsThatTheOwnerFindsCost) {
  Endpoint endpoint;
  endpoint.connect();
  endpoint.owner.reset_at_head = true;
  for (int i = 0; i < 500; ++i) {
    const std::uint32_t id = endpoint.call();
    endpoint.pass(headers(id, ok, false));
    endpoint.owner.release(id);
  }
  EXPECT_EQ(endpoint.state(), "open");  // and their streams pay for them
}

}  // namespace
}  // namespace weir::http2
