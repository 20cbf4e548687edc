// What the owner sends (RFC 9113 4.2, 4.3, 8.1).
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "http2/server_codec.hpp"
#include "unit/http2/codec_client.hpp"

namespace weir::http2 {
namespace {

class Send : public testing::Test {
 protected:
  Send() {
    client.connect();
    client.tell(headers(1, get_block(), true) + headers(3, post_block(), false));
  }
  TestStream& stream(std::uint32_t id) { return client.owner.stream(id); }
  Client client;
};

TEST_F(Send, HeadDataAndEnd) {
  client.codec.send_head(stream(1), "\x88", false);
  client.send_data(1, "hello", false);
  client.send_data(1, "", true);
  EXPECT_TRUE(stream(1).local_closed());
  EXPECT_EQ(client.replies(), "HEADERS 1 1\nDATA 1 5\nDATA 1 0 end\n");
  client.owner.release(1);
  EXPECT_EQ(client.replies(), "");
}

TEST_F(Send, HeadAlone) {
  client.codec.send_head(stream(1), "\x88", true);
  EXPECT_EQ(client.codec.output(), std::string("\0\0\1\1\5\0\0\0\1\x88", 10));
}

TEST_F(Send, InterimHeads) {
  client.codec.send_interim(stream(1),
                            "\x08\x03"
                            "103");
  EXPECT_FALSE(stream(1).head_sent());
  client.codec.send_head(stream(1), "\x88", true);
  EXPECT_TRUE(stream(1).head_sent());
  EXPECT_EQ(client.replies(), "HEADERS 1 5\nHEADERS 1 1 end\n");
}

TEST_F(Send, Trailers) {
  client.codec.send_head(stream(1), "\x88", false);
  client.send_data(1, "x", false);
  client.codec.send_head(stream(1), "trailers", true);
  EXPECT_EQ(client.replies(), "HEADERS 1 1\nDATA 1 1\nHEADERS 1 8 end\n");
}

TEST_F(Send, LongHeadsAreContinued) {
  const std::string block(40'000, 'x');
  client.codec.send_head(stream(1), block, true);
  EXPECT_EQ(client.replies(), "HEADERS 1 16384 more end\nCONTINUATION 1 16384 more\nCONTINUATION 1 7232\n");
  client.codec.send_head(stream(3), std::string(16'384, 'x'), false);
  EXPECT_EQ(client.replies(), "HEADERS 3 16384\n");
}

TEST_F(Send, DataOfSeveralPartsAndFrames) {
  client.codec.send_head(stream(1), "\x88", false);
  client.replies();
  std::string first(10'000, 'a'), empty, second(10'000, 'b'), third(30'000, 'c');
  const std::vector<iovec> parts = {{first.data(), first.size()},
                                    {empty.data(), 0},
                                    {second.data(), second.size()},
                                    {third.data(), third.size()}};
  client.codec.send_data(stream(1), parts, 40'000, true);
  const std::string out = client.codec.output();
  EXPECT_EQ(client.replies(), "DATA 1 16384\nDATA 1 16384\nDATA 1 7232 end\n");
  std::string body;
  for (std::size_t at = 0; at < out.size();) {
    const FrameHeader header = read_frame_header(out.data() + at);
    body += out.substr(at + frame_header_bytes, header.length);
    at += frame_header_bytes + header.length;
  }
  EXPECT_TRUE(body == first + second + third.substr(0, 20'000));
}

TEST_F(Send, NothingIsSentWithoutBytesOrEnd) {
  client.send_data(3, "", false);
  EXPECT_EQ(client.replies(), "");
}

TEST_F(Send, DataTakesBothWindows) {
  client.send_data(1, std::string(10'000, 'x'), false);
  EXPECT_EQ(client.codec.sendable(stream(1)), 55'535u);
  EXPECT_EQ(client.codec.connection_sendable(), 55'535u);
  EXPECT_EQ(client.codec.sendable(stream(3)), 55'535u);
}

TEST_F(Send, AfterTheEndNothingIsSent) {
  client.codec.send_head(stream(1), "\x88", true);
  client.replies();
  EXPECT_EQ(client.codec.sendable(stream(1)), 0u);
  client.send_data(1, "x", true);
  client.codec.send_head(stream(1), "\x88", true);
  client.codec.send_interim(stream(1), "\x88");
  client.codec.reset(stream(1), ErrorCode::internal_error);  // closed on both sides
  EXPECT_EQ(client.replies(), "");
}

TEST_F(Send, Reset) {
  client.codec.reset(stream(3), ErrorCode::internal_error);
  client.codec.reset(stream(3), ErrorCode::cancel);
  client.codec.send_head(stream(3), "\x88", true);
  EXPECT_TRUE(stream(3).was_reset());
  EXPECT_FALSE(stream(3).remote_closed());
  client.owner.release(3);
  EXPECT_EQ(client.replies(), "RST_STREAM 3 INTERNAL_ERROR\n");
  EXPECT_EQ(client.owner.take_events(), "");
}

TEST_F(Send, AfterThePeersResetNothingIsSent) {
  client.tell(rst_stream(1));
  client.respond(1);
  client.codec.reset(stream(1), ErrorCode::cancel);
  client.owner.release(1);
  EXPECT_EQ(client.replies(), "");
}

}  // namespace
}  // namespace weir::http2
