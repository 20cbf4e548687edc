// DATA and flow control, both ways (RFC 9113 5.2, 6.1, 6.9).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "http2/server_codec.hpp"
#include "unit/http2/codec_client.hpp"

namespace weir::http2 {
namespace {

constexpr std::uint32_t kib = 1024;

class Windows : public testing::Test {
 protected:
  Windows() { client.connect(); }
  void open(std::uint32_t id) { client.tell(headers(id, post_block(), false)); }
  /// `bytes` of DATA in frames of 16 KiB.
  static std::string much(std::uint32_t id, std::size_t bytes) {
    std::string frames;
    for (; bytes > 0; bytes -= std::min<std::size_t>(bytes, 16 * kib)) {
      frames += data(id, std::string(std::min<std::size_t>(bytes, 16 * kib), 'x'));
    }
    return frames;
  }
  Client client;
};

TEST_F(Windows, PaddedData) {
  open(1);
  EXPECT_EQ(client.send(frame(FrameType::data, flag::padded, 1, padded("abc", 7))), "data 1 abc\n");
  EXPECT_EQ(client.send(frame(FrameType::data, flag::padded, 1, padded("abc", 0))), "data 1 abc\n");
  EXPECT_EQ(client.send(frame(FrameType::data, flag::padded | flag::end_stream, 1, padded("", 255))),
            "end 1\n");
  EXPECT_EQ(client.owner.stream(1).received_bytes(), 6u);
}

TEST_F(Windows, PaddingBeyondTheFrame) {
  open(1);
  client.tell(frame(FrameType::data, flag::padded, 1,
                    "\x04"
                    "abc"));
  EXPECT_EQ(client.state(), "PROTOCOL_ERROR padding");
}

TEST_F(Windows, PadLengthMissing) {
  open(1);
  client.tell(frame(FrameType::data, flag::padded, 1));
  EXPECT_EQ(client.state(), "FRAME_SIZE_ERROR frame_size");
}

TEST_F(Windows, DataIsReportedAsItArrives) {
  open(1);
  const std::string bytes = data(1, "abcdef", true);
  EXPECT_EQ(client.send(std::string_view(bytes).substr(0, frame_header_bytes + 2)), "data 1 ab\n");
  EXPECT_EQ(client.send(std::string_view(bytes).substr(frame_header_bytes + 2)), "data 1 cdef\nend 1\n");
}

TEST_F(Windows, UpdatesAtHalfOfAWindow) {
  open(1);
  EXPECT_EQ(client.reply(much(1, 32 * kib - 1)), "");
  EXPECT_EQ(client.reply(data(1, "x")), "WINDOW_UPDATE 1 32768\n");
  EXPECT_EQ(client.reply(much(1, 96 * kib)),
            "WINDOW_UPDATE 1 32768\nWINDOW_UPDATE 1 32768\nWINDOW_UPDATE 0 131072\nWINDOW_UPDATE 1 32768\n");
}

TEST_F(Windows, PaddingIsCreditedAtOnce) {
  open(1);
  client.owner.take_at_once = false;
  const std::string one = frame(FrameType::data, flag::padded, 1, padded("", 255));  // 256 bytes
  std::string frames;
  for (int i = 0; i < 128; ++i) frames += one;
  EXPECT_EQ(client.reply(frames), "WINDOW_UPDATE 1 32768\n");
}

TEST_F(Windows, NothingIsCreditedBeforeItIsTaken) {
  open(1);
  client.owner.take_at_once = false;
  EXPECT_EQ(client.reply(much(1, 64 * kib)), "");
  EXPECT_EQ(client.owner.stream(1).untaken_bytes(), 64 * kib);
  EXPECT_EQ(client.send(data(1, "x")), "reset 1 FLOW_CONTROL_ERROR by us\n");
  EXPECT_EQ(client.replies(), "RST_STREAM 1 FLOW_CONTROL_ERROR\n");
}

TEST_F(Windows, TookInParts) {
  open(1);
  client.owner.take_at_once = false;
  client.tell(much(1, 64 * kib));
  client.codec.took(client.owner.stream(1), 1000);
  EXPECT_EQ(client.replies(), "");
  client.codec.took(client.owner.stream(1), 40'000);
  EXPECT_EQ(client.replies(), "WINDOW_UPDATE 1 41000\n");
}

TEST_F(Windows, NoUpdateOfAStreamThatHasEnded) {
  open(1);
  client.owner.take_at_once = false;
  client.tell(much(1, 64 * kib) + data(1, "", true));
  client.codec.took(client.owner.stream(1), 64 * kib);
  EXPECT_EQ(client.replies(), "");
}

TEST_F(Windows, TheConnectionsWindowIsABound) {
  client.owner.take_at_once = false;
  for (const std::uint32_t id : {1u, 3u, 5u, 7u}) {
    open(id);
    client.tell(much(id, 64 * kib));
  }
  open(9);
  EXPECT_EQ(client.state(), "open");
  client.tell(data(9, "x"));
  EXPECT_EQ(client.state(), "FLOW_CONTROL_ERROR flow_control");
}

TEST_F(Windows, ReleaseGivesBackWhatWasNotTaken) {
  client.owner.take_at_once = false;
  for (const std::uint32_t id : {1u, 3u}) {
    open(id);
    client.tell(much(id, 64 * kib));
  }
  client.owner.release(1);
  EXPECT_EQ(client.replies(), "RST_STREAM 1 INTERNAL_ERROR\n");
  client.owner.release(3);
  EXPECT_EQ(client.replies(), "RST_STREAM 3 INTERNAL_ERROR\nWINDOW_UPDATE 0 131072\n");
}

TEST_F(Windows, DroppedDataIsCredited) {
  open(1);
  client.codec.reset(client.owner.stream(1), ErrorCode::cancel);
  client.replies();
  EXPECT_EQ(client.reply(much(1, 128 * kib)), "WINDOW_UPDATE 0 131072\n");
  client.owner.release(1);
  EXPECT_EQ(client.reply(much(1, 128 * kib)), "WINDOW_UPDATE 0 131072\n");
}

TEST_F(Windows, OwnerThatReleasesWithinData) {
  open(1);
  client.owner.release_at_data = true;
  const std::string bytes = data(1, "abcdef", true);
  EXPECT_EQ(client.send(std::string_view(bytes).substr(0, frame_header_bytes + 2)), "data 1 ab\n");
  EXPECT_EQ(client.send(std::string_view(bytes).substr(frame_header_bytes + 2)), "");
  EXPECT_EQ(client.replies(), "RST_STREAM 1 INTERNAL_ERROR\n");
  EXPECT_EQ(client.state(), "open");
}

TEST_F(Windows, OwnerThatReleasesAtTheEnd) {
  client.owner.release_at_end = true;
  EXPECT_EQ(client.send(headers(1, get_block(), true)), "request 1 GET ended\nend 1\n");
  open(3);
  EXPECT_EQ(client.send(data(3, "a", true)), "data 3 a\nend 3\n");
  EXPECT_EQ(client.codec.streams(), 0u);
}

TEST_F(Windows, OwnerThatReleasesAtAReset) {
  client.owner.release_at_reset = true;
  for (const std::uint32_t id : {1u, 3u, 5u, 7u}) open(id);
  client.tell(rst_stream(1) + window_update(3, 0) + headers(5, get_block(), false));
  client.tell(frame(FrameType::data, 0, 7, "x") + headers(7, get_block(), false));
  EXPECT_EQ(client.codec.streams(), 0u);
  EXPECT_EQ(client.state(), "open");
}

TEST_F(Windows, SmallStreamWindowsHoldOnceTheClientKnows) {
  ServerLimits limits;
  limits.stream_window = 16 * kib;
  Client other(limits);
  other.owner.take_at_once = false;
  other.tell(client_preface);
  other.tell(settings({}) + headers(1, post_block(), false) + headers(3, post_block(), false));
  other.tell(much(1, 65'535));  // the client does not know better
  EXPECT_EQ(other.send(frame(FrameType::settings, flag::ack, 0) + much(3, 16 * kib)), "data 3 16384\n");
  EXPECT_EQ(other.send(data(3, "x")), "reset 3 FLOW_CONTROL_ERROR by us\n");
  other.tell(headers(5, post_block(), false));
  EXPECT_EQ(other.send(much(5, 16 * kib) + data(5, "", true)), "data 5 16384\nend 5\n");
  EXPECT_EQ(other.send(data(1, "", true)), "end 1\n");
}

TEST_F(Windows, WindowUpdateOfZero) {
  open(1);
  EXPECT_EQ(client.send(window_update(1, 0)), "reset 1 PROTOCOL_ERROR by us\n");
  EXPECT_EQ(client.replies(), "RST_STREAM 1 PROTOCOL_ERROR\n");
  client.tell(window_update(0, 0));
  EXPECT_EQ(client.state(), "PROTOCOL_ERROR flow_control");
}

TEST_F(Windows, WindowsBeyondTheBound) {
  open(1);
  EXPECT_EQ(client.reply(window_update(1, 0x7fffffff - 65535)), "");
  EXPECT_EQ(client.send(window_update(1, 1)), "reset 1 FLOW_CONTROL_ERROR by us\n");
  EXPECT_EQ(client.reply(window_update(0, 0x7fffffff - 65535)), "RST_STREAM 1 FLOW_CONTROL_ERROR\n");
  client.tell(window_update(0, 1));
  EXPECT_EQ(client.state(), "FLOW_CONTROL_ERROR flow_control");
}

TEST_F(Windows, InitialWindowBeyondTheBound) {
  open(1);
  client.tell(window_update(1, 0x7fffffff - 65535));
  client.tell(settings({{Setting::initial_window_size, 65536}}));
  EXPECT_EQ(client.state(), "FLOW_CONTROL_ERROR flow_control");
}

TEST_F(Windows, Sendable) {
  open(1);
  const TestStream& stream = client.owner.stream(1);
  EXPECT_EQ(client.codec.sendable(stream), 65'535u);
  EXPECT_EQ(client.send(window_update(1, 100)), "");
  EXPECT_EQ(client.codec.sendable(stream), 65'535u);
  EXPECT_EQ(client.send(window_update(0, 10)), "");
  EXPECT_EQ(client.codec.sendable(stream), 65'545u);
  EXPECT_EQ(client.codec.connection_sendable(), 65'545u);
}

TEST_F(Windows, InitialWindowMovesAllStreams) {
  open(1);
  open(3);
  client.send_data(1, std::string(1000, 'x'), false);
  EXPECT_EQ(client.send(settings({{Setting::initial_window_size, 500}})), "");
  EXPECT_EQ(client.codec.sendable(client.owner.stream(1)), 0u);
  EXPECT_EQ(client.codec.sendable(client.owner.stream(3)), 500u);
  EXPECT_EQ(client.send(window_update(1, 500)), "");  // 0 now
  EXPECT_EQ(client.send(window_update(1, 1)), "window 1\n");
  EXPECT_EQ(client.codec.sendable(client.owner.stream(1)), 1u);
  EXPECT_EQ(client.send(settings({{Setting::initial_window_size, 0}, {Setting::initial_window_size, 600}})),
            "");
  open(5);
  EXPECT_EQ(client.codec.sendable(client.owner.stream(5)), 600u);
}

TEST_F(Windows, TheConnectionOpensAgain) {
  open(1);
  client.tell(window_update(1, 100'000));
  client.send_data(1, std::string(65'535, 'x'), false);
  EXPECT_EQ(client.codec.sendable(client.owner.stream(1)), 0u);
  EXPECT_EQ(client.send(window_update(0, 5)), "connection window\n");
  EXPECT_EQ(client.send(window_update(0, 5)), "");
  EXPECT_EQ(client.codec.sendable(client.owner.stream(1)), 10u);
}

TEST_F(Windows, NothingIsSaidOfStreamsThatSendNoMore) {
  open(1);
  client.tell(settings({{Setting::initial_window_size, 0}}));
  client.respond(1);
  EXPECT_EQ(client.send(settings({{Setting::initial_window_size, 10}}) + window_update(1, 5)), "");
}

/// Some clients credit the stream and the connection for every 4 KiB that they read.
TEST(CodecWindow, CreditsAreExplainedByTheBytesThatWereSent) {
  Client client;
  client.connect();
  client.tell(headers(1, get_block(), true));
  client.codec.send_head(client.owner.stream(1), block({{":status", "200"}}), false);
  client.tell(window_update(0, 1U << 20) + window_update(1, 1U << 20));
  for (int i = 0; i < 16; ++i) client.send_data(1, std::string(64 * 1024, 'x'), false);
  for (int i = 0; i < 256; ++i) client.tell(window_update(0, 4096) + window_update(1, 4096));
  EXPECT_EQ(client.state(), "open");
  for (int i = 0; i < 4000; ++i) client.tell(window_update(1, 1));
  EXPECT_THAT(client.state(), ::testing::HasSubstr("window_update"));
}

/// Bodies that are not taken hold most of the window: what others have given back must not wait for half of it.
TEST(CodecWindow, OfTheConnectionIsGivenBackWhenLittleIsLeft) {
  Client client;
  client.owner.take_at_once = false;
  client.connect();
  const std::string full(16 * 1024, 'x');
  for (const std::uint32_t id : {1U, 3U, 5U}) {
    client.tell(headers(id, post_block(), false));
    for (int i = 0; i < 4; ++i) client.tell(data(id, full));
  }
  client.tell(headers(7, post_block(), false));
  for (int i = 0; i < 3; ++i) client.tell(data(7, full));
  client.codec.took(client.owner.stream(7), 3 * full.size());
  EXPECT_EQ(client.replies(), "WINDOW_UPDATE 7 49152\n");
  EXPECT_EQ(client.reply(data(7, "x")), "WINDOW_UPDATE 0 49152\n");
}

}  // namespace
}  // namespace weir::http2
