// The connection as a whole: preface, SETTINGS, PING, GOAWAY, the end (RFC 9113 3.4, 4, 5.4, 6.5, 6.7, 6.8).
#include "http2/server_codec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "unit/http2/codec_client.hpp"

namespace weir::http2 {
namespace {

using testing::HasSubstr;

const std::string ack = frame(FrameType::settings, flag::ack, 0);

/// What a new connection says to `bytes` after its handshake, and how it is then.
std::string fate(std::string_view bytes) {
  Client client;
  client.connect();
  client.tell(bytes);
  return client.state();
}

TEST(ServerCodec, Start) {
  Client client;
  client.codec.start();
  const std::string out = client.codec.output();
  EXPECT_EQ(client.replies(), "SETTINGS 5\nWINDOW_UPDATE 0 196609\n");
  std::string expected;
  append_setting(expected, Setting::max_concurrent_streams, 100);
  append_setting(expected, Setting::initial_window_size, 65536);
  append_setting(expected, Setting::max_header_list_size, 48 * 1024);
  append_setting(expected, Setting::enable_connect_protocol, 1);
  append_setting(expected, Setting::no_rfc7540_priorities, 1);
  EXPECT_EQ(out.substr(frame_header_bytes, expected.size()), expected);
}

TEST(ServerCodec, PrefaceAndFirstSettings) {
  Client client;
  client.tell(client_preface.substr(0, 5));
  client.tell(client_preface.substr(5));
  EXPECT_FALSE(client.codec.settings_received());
  EXPECT_EQ(client.reply(settings({})), "SETTINGS ack\n");
  EXPECT_TRUE(client.codec.settings_received());
  EXPECT_FALSE(client.codec.settings_acknowledged());
  EXPECT_EQ(client.reply(ack), "");
  EXPECT_TRUE(client.codec.settings_acknowledged());
}

TEST(ServerCodec, PrefaceThatIsNone) {
  for (const std::string_view bytes : {"GET / HTTP/1.1\r\n", "PRI * HTTP/2.0\r\n\r\nXX", "PRJ"}) {
    Client client;
    EXPECT_EQ(client.reply(bytes), "GOAWAY 0 PROTOCOL_ERROR preface\n") << bytes;
    EXPECT_TRUE(client.codec.failed());
  }
}

TEST(ServerCodec, OtherFramesBeforeTheFirstSettings) {
  for (const std::string& first : {frame(FrameType::ping, 0, 0, "12345678"), headers(1, get_block(), true),
                                   ack, window_update(0, 1), frame(FrameType{0x77}, 0, 0)}) {
    Client client;
    client.tell(client_preface);
    client.tell(first);
    EXPECT_EQ(client.state(), "PROTOCOL_ERROR preface");
  }
}

TEST(ServerCodec, UnknownTypesAndFlagsAreIgnored) {
  EXPECT_EQ(
      fate(frame(FrameType{0x16}, 0xff, 0, "abc") + frame(FrameType{0xee}, 0, 5, std::string(16384, 'x'))),
      "open");
  Client client;
  client.connect();
  EXPECT_EQ(client.reply(frame(FrameType::ping, 0xfe, 0, "12345678")), "PING ack 12345678\n");
}

TEST(ServerCodec, ReservedBitIsIgnored) {
  Client client;
  client.connect();
  std::string ping = frame(FrameType::ping, 0, 0, "12345678");
  ping[5] = '\x80';
  EXPECT_EQ(client.reply(ping), "PING ack 12345678\n");
}

TEST(ServerCodec, FramesThatAreTooLarge) {
  EXPECT_EQ(fate(frame(FrameType::data, 0, 1, std::string(16385, 'x'))), "FRAME_SIZE_ERROR frame_size");
  EXPECT_EQ(fate(frame(FrameType::headers, 4, 1, std::string(16385, 'x'))), "FRAME_SIZE_ERROR frame_size");
  EXPECT_EQ(fate(frame(FrameType{0x77}, 0, 0, std::string(16385, 'x'))), "FRAME_SIZE_ERROR frame_size");
}

TEST(ServerCodec, SizesOfControlFrames) {
  const std::string expected = "FRAME_SIZE_ERROR frame_size";
  EXPECT_EQ(fate(frame(FrameType::ping, 0, 0, "1234567")), expected);
  EXPECT_EQ(fate(frame(FrameType::ping, 0, 0, "123456789")), expected);
  EXPECT_EQ(fate(frame(FrameType::settings, 0, 0, "12345")), expected);
  EXPECT_EQ(fate(frame(FrameType::settings, flag::ack, 0, "123456")), expected);
  EXPECT_EQ(fate(frame(FrameType::window_update, 0, 0, "123")), expected);
  EXPECT_EQ(fate(frame(FrameType::window_update, 0, 0, "12345")), expected);
  EXPECT_EQ(fate(frame(FrameType::rst_stream, 0, 1, "123")), expected);
  EXPECT_EQ(fate(frame(FrameType::goaway, 0, 0, "1234567")), expected);
  EXPECT_EQ(fate(frame(FrameType::priority, 0, 1, "1234")), expected);  // idle: no stream to reset
  EXPECT_EQ(fate(frame(FrameType::priority_update, 0, 0, "123")), expected);
  EXPECT_EQ(fate(frame(FrameType::headers, flag::priority, 1, "1234")), expected);
  EXPECT_EQ(fate(frame(FrameType::headers, flag::padded, 1)), expected);
}

TEST(ServerCodec, StreamsOfControlFrames) {
  const std::string expected = "PROTOCOL_ERROR stream_id";
  EXPECT_EQ(fate(frame(FrameType::ping, 0, 1, "12345678")), expected);
  EXPECT_EQ(fate(frame(FrameType::settings, 0, 1)), expected);
  EXPECT_EQ(fate(frame(FrameType::goaway, 0, 1, std::string(8, '\0'))), expected);
  EXPECT_EQ(fate(frame(FrameType::priority_update, 0, 1, std::string(4, '\1'))), expected);
  EXPECT_EQ(fate(frame(FrameType::priority, 0, 0, "12345")), expected);
  EXPECT_EQ(fate(frame(FrameType::rst_stream, 0, 0, "1234")), expected);
  EXPECT_EQ(fate(frame(FrameType::data, 0, 0, "1")), expected);
  EXPECT_EQ(fate(headers(0, get_block(), true)), expected);
}

TEST(ServerCodec, Settings) {
  EXPECT_EQ(fate(settings({{Setting::enable_push, 0}, {Setting::enable_push, 1}})), "open");
  EXPECT_EQ(fate(settings({{Setting::enable_push, 2}})), "PROTOCOL_ERROR settings");
  EXPECT_EQ(fate(settings({{Setting::no_rfc7540_priorities, 2}})), "PROTOCOL_ERROR settings");
  EXPECT_EQ(fate(settings({{Setting::max_frame_size, 16384}, {Setting::max_frame_size, 16777215}})), "open");
  EXPECT_EQ(fate(settings({{Setting::max_frame_size, 16383}})), "PROTOCOL_ERROR settings");
  EXPECT_EQ(fate(settings({{Setting::max_frame_size, 16777216}})), "PROTOCOL_ERROR settings");
  EXPECT_EQ(fate(settings({{Setting::initial_window_size, 0x7fffffff}})), "open");
  EXPECT_EQ(fate(settings({{Setting::initial_window_size, 0x80000000}})), "FLOW_CONTROL_ERROR settings");
  EXPECT_EQ(fate(settings({{Setting::header_table_size, 0}, {Setting::max_header_list_size, 0}})), "open");
  EXPECT_EQ(fate(settings({{Setting{0x7f}, 0xffffffff}})), "open");
}

TEST(ServerCodec, SettingsAreAcknowledgedOnceEach) {
  Client client;
  client.connect();
  EXPECT_EQ(
      client.reply(settings({{Setting::enable_push, 0}, {Setting::max_frame_size, 20000}}) + settings({})),
      "SETTINGS ack\nSETTINGS ack\n");
  EXPECT_EQ(client.reply(ack), "");
}

TEST(ServerCodec, SettingsHaveABound) {
  std::string payload;
  for (std::size_t i = 0; i < ServerCodec::settings_max; ++i)
    append_setting(payload, Setting::enable_push, 0);
  EXPECT_EQ(fate(frame(FrameType::settings, 0, 0, payload)), "open");
  append_setting(payload, Setting::enable_push, 0);
  EXPECT_EQ(fate(frame(FrameType::settings, 0, 0, payload)), "ENHANCE_YOUR_CALM settings");
}

TEST(ServerCodec, Ping) {
  Client client;
  client.connect();
  EXPECT_EQ(client.reply(frame(FrameType::ping, 0, 0, "pingpong")), "PING ack pingpong\n");
  EXPECT_EQ(client.reply(frame(FrameType::ping, flag::ack, 0, "weir-bye")), "");
  EXPECT_FALSE(client.codec.shutdown_acknowledged());  // nobody asked
}

TEST(ServerCodec, PushIsRefused) {
  EXPECT_EQ(fate(frame(FrameType::push_promise, flag::end_headers, 1, u32(2) + get_block())),
            "PROTOCOL_ERROR push");
}

TEST(ServerCodec, Goaway) {
  Client client;
  client.connect();
  EXPECT_FALSE(client.codec.goaway_received());
  client.tell(frame(FrameType::goaway, 0, 0, u32(0) + u32(0xff) + "debug text"));
  EXPECT_TRUE(client.codec.goaway_received());
  EXPECT_EQ(client.reply(frame(FrameType::ping, 0, 0, "pingpong")), "PING ack pingpong\n");
}

TEST(ServerCodec, Shutdown) {
  Client client;
  client.connect();
  client.tell(headers(1, get_block(), true));
  client.codec.announce_shutdown();
  EXPECT_EQ(client.replies(), "GOAWAY 2147483647 NO_ERROR \nPING weir-bye\n");
  EXPECT_EQ(client.send(headers(3, get_block(), true)), "request 3 GET ended\nend 3\n");
  EXPECT_FALSE(client.codec.shutdown_acknowledged());
  client.tell(frame(FrameType::ping, flag::ack, 0, "weir-bye"));
  EXPECT_TRUE(client.codec.shutdown_acknowledged());
  client.codec.finish_shutdown();
  client.codec.finish_shutdown();
  EXPECT_EQ(client.replies(), "GOAWAY 3 NO_ERROR \n");
  EXPECT_EQ(client.reply(headers(5, get_block(), true)), "RST_STREAM 5 REFUSED_STREAM\n");
  client.respond(3);
  EXPECT_THAT(client.replies(), HasSubstr("HEADERS 3"));
}

TEST(ServerCodec, FailureIsTheEnd) {
  Client client;
  client.connect();
  client.tell(headers(1, get_block(), true));
  client.codec.fail(ErrorCode::internal_error, "because");
  client.codec.fail(ErrorCode::protocol_error, "later");
  EXPECT_EQ(client.state(), "INTERNAL_ERROR because");
  EXPECT_EQ(client.replies(), "GOAWAY 1 INTERNAL_ERROR because\n");
  client.respond(1);
  client.codec.reset(client.owner.stream(1), ErrorCode::cancel);
  client.codec.announce_shutdown();
  client.codec.finish_shutdown();
  EXPECT_EQ(client.codec.sendable(client.owner.stream(1)), 0u);
  EXPECT_EQ(client.codec.receive(headers(3, get_block(), true), client.now), 0u);
  client.owner.release(1);
  EXPECT_EQ(client.replies(), "");
}

TEST(ServerCodec, RequestsPerCall) {
  Client client;
  client.connect();
  std::string bytes;
  for (std::uint32_t i = 0; i < 20; ++i) bytes += headers(2 * i + 1, get_block(), true);
  const std::size_t one = headers(1, get_block(), true).size();
  EXPECT_EQ(client.codec.receive(bytes, client.now), 16 * one);
  EXPECT_EQ(client.codec.streams(), 16u);
  EXPECT_EQ(client.codec.receive(std::string_view(bytes).substr(16 * one), client.now), 4 * one);
  EXPECT_EQ(client.codec.streams(), 20u);
  std::string resets;
  for (std::uint32_t i = 0; i < 20; ++i) resets += rst_stream(2 * i + 1);
  EXPECT_EQ(client.codec.receive(resets, client.now), 16 * rst_stream(1).size());
}

TEST(ServerCodec, QueuedControlFrames) {
  Client client;
  client.connect();
  client.tell(frame(FrameType::ping, 0, 0, "12345678") + settings({}) + headers(1, get_block(), true));
  EXPECT_EQ(client.codec.queued_control_frames(), 2u);
  client.codec.reset(client.owner.stream(1), ErrorCode::cancel);
  EXPECT_EQ(client.codec.queued_control_frames(), 3u);
  client.codec.output_flushed();
  EXPECT_EQ(client.codec.queued_control_frames(), 0u);
}

TEST(ServerCodec, PriorityUpdate) {
  Client client;
  client.connect();
  const auto update = [](std::uint32_t id, std::string_view value) {
    return frame(FrameType::priority_update, 0, 0, u32(id) + std::string(value));
  };
  client.tell(headers(1, get_block(), true));
  EXPECT_EQ(client.send(update(1, "u=1, i")), "priority 1 1 i\n");
  EXPECT_EQ(client.send(update(1, "u=1, i")), "");
  EXPECT_EQ(client.send(update(1, "u=6, a=" + std::string(200, 'x'))), "");  // too long to look at
  EXPECT_EQ(client.send(update(3, "u=2") + update(3, "u=5")), "");
  client.owner.priority = {0, true};
  client.tell(headers(3, get_block(), true) + headers(5, get_block(), true));
  EXPECT_EQ(client.owner.stream(3).priority,
            (Priority{5, false}));  // the frame counts for more than the field
  EXPECT_EQ(client.owner.stream(5).priority, (Priority{0, true}));
  client.owner.release(1);
  EXPECT_EQ(client.send(update(1, "u=0")), "");
  EXPECT_EQ(client.state(), "open");
  EXPECT_EQ(fate(update(0, "u=1")), "PROTOCOL_ERROR priority");
  EXPECT_EQ(fate(update(2, "u=1")), "PROTOCOL_ERROR priority");
}

}  // namespace
}  // namespace weir::http2
