// ClientCodec as a connection: its beginning, settings, GOAWAY, PING, and what no endpoint may send.
#include "http2/client_codec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "unit/http2/codec_endpoint.hpp"

namespace weir::http2 {
namespace {

TEST(ClientCodec, Start) {
  Endpoint endpoint;
  endpoint.codec.start();
  std::string_view out = endpoint.codec.output();
  ASSERT_TRUE(out.starts_with(client_preface));
  out.remove_prefix(client_preface.size());
  EXPECT_EQ(out, settings({{Setting::enable_push, 0},
                           {Setting::initial_window_size, 4 * 1024},
                           {Setting::max_header_list_size, 64 * 1024}}) +
                     window_update(0, 16 * 1024 * 1024 - 65'535));
  EXPECT_FALSE(endpoint.codec.settings_received());
  EXPECT_EQ(endpoint.reply(settings({})), "preface\nSETTINGS 3\nWINDOW_UPDATE 0 16711681\nSETTINGS ack\n");
  EXPECT_TRUE(endpoint.codec.settings_received());
  EXPECT_FALSE(endpoint.codec.settings_acknowledged());
  endpoint.pass(frame(FrameType::settings, flag::ack, 0));
  EXPECT_TRUE(endpoint.codec.settings_acknowledged());
}

TEST(ClientCodec, OtherFramesBeforeTheFirstSettings) {
  for (const std::string& first :
       {frame(FrameType::settings, flag::ack, 0), frame(FrameType::ping, 0, 0, "12345678"),
        window_update(0, 1), headers(1, status_block(200), true)}) {
    Endpoint endpoint;
    endpoint.codec.start();
    endpoint.call();
    endpoint.pass(first);
    EXPECT_EQ(endpoint.state(), "PROTOCOL_ERROR preface");
  }
}

TEST(ClientCodec, AnAnswerOfHttp1IsNoFrame) {
  Endpoint endpoint;
  endpoint.codec.start();
  endpoint.pass("HTTP/1.1 400 Bad Request\r\n\r\n");
  EXPECT_EQ(endpoint.state(), "FRAME_SIZE_ERROR frame_size");
}

TEST(ClientCodec, Capacity) {
  Endpoint endpoint;
  endpoint.codec.start();
  EXPECT_EQ(endpoint.codec.peer_streams_max(), 100u);
  for (int i = 0; i < 100; ++i) endpoint.call();
  EXPECT_FALSE(endpoint.codec.may_open());
  EXPECT_EQ(endpoint.send(settings({})), "capacity 4294967295\n");
  EXPECT_TRUE(endpoint.codec.may_open());
  EXPECT_EQ(endpoint.send(settings({})), "");
  EXPECT_EQ(endpoint.send(settings({{Setting::max_concurrent_streams, 101}})), "capacity 101\n");
  endpoint.call();
  EXPECT_FALSE(endpoint.codec.may_open());
  EXPECT_EQ(endpoint.send(settings({{Setting::initial_window_size, 1}})), "");
  EXPECT_EQ(endpoint.send(settings({{Setting::max_concurrent_streams, 0}})), "capacity 0\n");
  for (std::uint32_t id = 1; id <= 201; id += 2) endpoint.owner.release(id);
  EXPECT_FALSE(endpoint.codec.may_open());
  EXPECT_EQ(endpoint.send(settings({{Setting::max_concurrent_streams, 1}})), "capacity 1\n");
  EXPECT_TRUE(endpoint.codec.may_open());
  EXPECT_EQ(endpoint.call(), 203u);
}

TEST(ClientCodec, CapacityIsReportedOfTheFirstSettingsWhateverTheySay) {
  Endpoint endpoint;
  endpoint.codec.start();
  EXPECT_EQ(endpoint.send(settings({{Setting::max_concurrent_streams, 100}})), "capacity 100\n");
}

TEST(ClientCodec, ReleaseMakesRoom) {
  Endpoint endpoint;
  endpoint.connect();
  endpoint.pass(settings({{Setting::max_concurrent_streams, 1}}));
  endpoint.call();
  endpoint.pass(headers(1, status_block(200), true));
  EXPECT_FALSE(endpoint.codec.may_open());
  endpoint.owner.release(1);
  EXPECT_TRUE(endpoint.codec.may_open());
}

TEST(ClientCodec, ConnectProtocol) {
  Endpoint endpoint;
  endpoint.connect();
  EXPECT_FALSE(endpoint.codec.connect_protocol());
  endpoint.pass(settings({{Setting::enable_connect_protocol, 0}}));
  EXPECT_FALSE(endpoint.codec.connect_protocol());
  endpoint.pass(settings({{Setting::enable_connect_protocol, 1}}));
  endpoint.pass(settings({}));
  EXPECT_TRUE(endpoint.codec.connect_protocol());
  endpoint.pass(settings({{Setting::enable_connect_protocol, 0}}));
  EXPECT_EQ(endpoint.state(), "PROTOCOL_ERROR settings");
}

TEST(ClientCodec, SettingsThatAreNone) {
  const struct {
    Setting setting;
    std::uint32_t value;
    std::string state;
  } cases[] = {
      {Setting::enable_push, 0, "open"},
      {Setting::enable_push, 1, "PROTOCOL_ERROR settings"},
      {Setting::enable_connect_protocol, 2, "PROTOCOL_ERROR settings"},
      {Setting::no_rfc7540_priorities, 2, "PROTOCOL_ERROR settings"},
      {Setting::initial_window_size, 0x8000'0000, "FLOW_CONTROL_ERROR settings"},
      {Setting::max_frame_size, 16'383, "PROTOCOL_ERROR settings"},
      {Setting{0x77}, 7, "open"},
  };
  for (const auto& [setting, value, state] : cases) {
    Endpoint endpoint;
    endpoint.connect();
    endpoint.pass(settings({{setting, value}}));
    EXPECT_EQ(endpoint.state(), state) << static_cast<int>(setting) << " " << value;
  }
}

TEST(ClientCodec, FramesThatOnlyClientsSend) {
  const struct {
    std::string bytes;
    std::string state;
  } cases[] = {
      {frame(FrameType::push_promise, flag::end_headers, 1, u32(2) + get_block()), "PROTOCOL_ERROR push"},
      {frame(FrameType::priority_update, 0, 0, u32(1) + "u=1"), "PROTOCOL_ERROR priority"},
      {frame(FrameType::priority, 0, 1, u32(1) + "x"), "open"},
      {frame(FrameType::priority, 0, 5, u32(5) + "x"), "open"},
      {headers(2, status_block(200), true), "PROTOCOL_ERROR stream_id"},
      {headers(3, status_block(200), true), "PROTOCOL_ERROR stream_state"},
      {data(3, "x"), "PROTOCOL_ERROR stream_state"},
      {rst_stream(3), "PROTOCOL_ERROR stream_state"},
      {window_update(3, 1), "PROTOCOL_ERROR stream_state"},
      {window_update(2, 1), "PROTOCOL_ERROR stream_state"},
      {window_update(0, 0), "PROTOCOL_ERROR flow_control"},
      {window_update(0, 0x7fff'ffff), "FLOW_CONTROL_ERROR flow_control"},
      {headers(1, "\x7f\xff\xff\xff\xff\xff\x7f", true), "COMPRESSION_ERROR header_compression"},
      {frame(FrameType::headers, 0, 1, status_block(200)) + data(1, "x"), "PROTOCOL_ERROR header_block"},
      {frame(FrameType{0x42}, 0xff, 1, "whatever"), "open"},
  };
  for (const auto& [bytes, state] : cases) {
    Endpoint endpoint;
    endpoint.connect();
    endpoint.call();
    endpoint.pass(bytes);
    EXPECT_EQ(endpoint.state(), state) << to_text(bytes);
    if (state != "open") {
      EXPECT_THAT(endpoint.sent(), testing::HasSubstr("GOAWAY 0 " + state));
    }
  }
}

TEST(ClientCodec, FailureIsTheEnd) {
  Endpoint endpoint;
  endpoint.connect();
  endpoint.call(false);
  endpoint.pass(window_update(0, 0));
  endpoint.sent();
  EXPECT_FALSE(endpoint.codec.may_open());
  EXPECT_EQ(endpoint.codec.receive(headers(1, status_block(200), true), endpoint.now), 0u);
  EXPECT_EQ(endpoint.codec.sendable(endpoint.owner.stream(1)), 0u);
  endpoint.codec.ping("12345678");
  endpoint.codec.close();
  endpoint.codec.reset(endpoint.owner.stream(1), ErrorCode::cancel);
  endpoint.owner.release(1);
  EXPECT_EQ(endpoint.sent(), "");
}

TEST(ClientCodec, Ping) {
  Endpoint endpoint;
  endpoint.connect();
  EXPECT_EQ(endpoint.reply(frame(FrameType::ping, 0, 0, "12345678")), "PING ack 12345678\n");
  endpoint.codec.ping("abcdefgh");
  EXPECT_EQ(endpoint.sent(), "PING abcdefgh\n");
  EXPECT_EQ(endpoint.send(frame(FrameType::ping, flag::ack, 0, "abcdefgh")), "pong abcdefgh\n");
  EXPECT_EQ(endpoint.send(frame(FrameType::ping, flag::ack, 0, "abcdefgh")), "");
}

TEST(ClientCodec, Close) {
  Endpoint endpoint;
  endpoint.connect();
  endpoint.call();
  endpoint.sent();
  endpoint.codec.close();
  endpoint.codec.close();
  EXPECT_EQ(endpoint.sent(), "GOAWAY 0 NO_ERROR \n");
  EXPECT_FALSE(endpoint.codec.may_open());
  EXPECT_EQ(endpoint.send(headers(1, status_block(200), true)), "head 1 200 ended\nend 1\n");
}

TEST(ClientCodec, GoawayInTwoSteps) {
  Endpoint endpoint;
  endpoint.connect();
  for (int i = 0; i < 3; ++i) endpoint.call();
  endpoint.sent();
  EXPECT_EQ(endpoint.send(frame(FrameType::goaway, 0, 0, u32(stream_id_max) + u32(0))),
            "goaway 2147483647 NO_ERROR\n");
  EXPECT_TRUE(endpoint.codec.goaway_received());
  EXPECT_FALSE(endpoint.codec.may_open());
  EXPECT_FALSE(endpoint.owner.stream(5).was_reset());
  endpoint.owner.release_at_goaway = true;
  EXPECT_EQ(endpoint.send(frame(FrameType::goaway, 0, 0, u32(3) + u32(0) + "bye")), "goaway 3 NO_ERROR\n");
  EXPECT_FALSE(endpoint.owner.has(5));
  EXPECT_EQ(endpoint.sent(), "");  // nothing is reset that the endpoint does not know
  EXPECT_EQ(endpoint.send(headers(3, status_block(200), true) + headers(1, status_block(200), true)),
            "head 3 200 ended\nend 3\nhead 1 200 ended\nend 1\n");
}

TEST(ClientCodec, GoawayClosesWhatIsUnprocessed) {
  Endpoint endpoint;
  endpoint.connect();
  for (int i = 0; i < 3; ++i) endpoint.call(false);
  endpoint.pass(headers(5, status_block(200), false));
  endpoint.sent();
  EXPECT_EQ(endpoint.send(frame(FrameType::goaway, 0, 0, u32(1) + u32(11))), "goaway 1 ENHANCE_YOUR_CALM\n");
  EXPECT_FALSE(endpoint.owner.stream(1).was_reset());
  EXPECT_TRUE(endpoint.owner.stream(3).was_reset());
  EXPECT_TRUE(endpoint.owner.stream(3).local_closed());
  EXPECT_FALSE(endpoint.owner.stream(5).was_reset());  // its response says otherwise
  endpoint.send_data(3, "", true);
  endpoint.codec.reset(endpoint.owner.stream(3), ErrorCode::cancel);
  endpoint.owner.release(3);
  EXPECT_EQ(endpoint.sent(), "");
  EXPECT_EQ(endpoint.send(data(5, "abc", true)), "data 5 abc\nend 5\n");
  // What was ruled out stays so.
  EXPECT_EQ(endpoint.send(frame(FrameType::goaway, 0, 0, u32(7) + u32(0))), "goaway 1 NO_ERROR\n");
}

TEST(ClientCodec, HeadsPerCall) {
  Endpoint endpoint;
  endpoint.connect();
  std::string bytes;
  for (int i = 0; i < 20; ++i) bytes += headers(endpoint.call(), status_block(200), true);
  const std::size_t consumed = endpoint.codec.receive(bytes, endpoint.now);
  EXPECT_EQ(consumed, bytes.size() / 20 * Codec::heads_per_call);
  EXPECT_EQ(endpoint.codec.receive(std::string_view(bytes).substr(consumed), endpoint.now),
            bytes.size() - consumed);
  EXPECT_THAT(endpoint.owner.take_events(), testing::HasSubstr("end 39\n"));
}

}  // namespace
}  // namespace weir::http2
