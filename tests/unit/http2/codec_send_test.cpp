// What the owner sends (RFC 9113 4.2, 4.3, 8.1).
#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <array>
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

/// The frames are the same as without: their headers are in the output, and small pieces, too.
TEST_F(Send, LargeRunsStayWhereTheyLie) {
  client.codec.send_head(stream(1), "\x88", false);
  client.send_data(1, "before", false);
  client.replies();
  client.codec.output().clear();
  std::string small(100, 's'), large(40'000, 'l');
  const std::array<iovec, 3> parts{iovec{small.data(), small.size()}, iovec{large.data(), large.size()},
                                   iovec{small.data(), small.size()}};
  std::vector<OutputRun> runs;
  client.codec.send_data(stream(1), parts, 40'200, true, &runs);
  ASSERT_EQ(runs.size(), 3U);
  std::string whole;
  std::size_t at = 0, of_large = 0;
  for (const OutputRun& run : runs) {
    EXPECT_EQ(run.stream, &stream(1));
    EXPECT_EQ(run.bytes.iov_base, large.data() + of_large);
    of_large += run.bytes.iov_len;
    whole.append(client.codec.output(), at, run.at - at);
    whole.append(static_cast<const char*>(run.bytes.iov_base), run.bytes.iov_len);
    at = run.at;
  }
  whole.append(client.codec.output(), at);
  EXPECT_EQ(of_large, large.size());
  EXPECT_EQ(client.codec.output().size(), 3U * 9 + 200);
  EXPECT_EQ(to_text(whole), "DATA 1 16384\nDATA 1 16384\nDATA 1 7432 end\n");
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

/// What nghttp2 makes of a block: the value of its first field, or an error.
std::string first_value(nghttp2_hd_inflater* inflater, std::string_view block) {
  nghttp2_nv line;
  int flags = 0;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(block.data());
  const auto taken = nghttp2_hd_inflate_hd2(inflater, &line, &flags, bytes, block.size(), 1);
  if (taken < 0) return nghttp2_strerror(static_cast<int>(taken));
  std::string value(reinterpret_cast<const char*>(line.value), line.valuelen);
  while (!(flags & NGHTTP2_HD_INFLATE_FINAL)) {
    flags = 0;
    if (nghttp2_hd_inflate_hd2(inflater, &line, &flags, bytes + block.size(), 0, 1) < 0) return "not ended";
  }
  nghttp2_hd_inflate_end_headers(inflater);
  return value;
}

/// RFC 7541 4.2. Peers on nghttp2 refuse the block otherwise.
TEST_F(Send, TheNextHeadAcknowledgesASmallerTable) {
  nghttp2_hd_inflater* inflater = nullptr;
  ASSERT_EQ(nghttp2_hd_inflate_new(&inflater), 0);
  client.tell(settings({{Setting::header_table_size, 8192}, {Setting::header_table_size, 4096}}));
  client.replies();
  client.codec.send_interim(stream(1), "\x88");
  EXPECT_EQ(client.replies(), "HEADERS 1 1\n");
  client.tell(settings({{Setting::header_table_size, 100}}) + settings({{Setting::header_table_size, 4095}}));
  ASSERT_EQ(nghttp2_hd_inflate_change_table_size(inflater, 100), 0);
  client.replies();
  client.codec.send_interim(stream(1), "\x88");
  EXPECT_EQ(first_value(inflater, std::string_view(client.codec.output()).substr(frame_header_bytes)), "200");
  EXPECT_EQ(client.replies(), "HEADERS 1 2\n");
  // A table without a byte does not become smaller.
  client.tell(settings({{Setting::header_table_size, 0}}));
  ASSERT_EQ(nghttp2_hd_inflate_change_table_size(inflater, 0), 0);
  client.replies();
  client.codec.send_head(stream(1), "\x88", true);
  EXPECT_EQ(first_value(inflater, std::string_view(client.codec.output()).substr(frame_header_bytes)), "200");
  EXPECT_EQ(client.replies(), "HEADERS 1 1 end\n");
  nghttp2_hd_inflate_del(inflater);
}

}  // namespace
}  // namespace weir::http2
