#include "http2/frame.hpp"

#include <gtest/gtest.h>

#include <string>

namespace weir::http2 {
namespace {

using namespace std::string_literals;

TEST(Frame, HeaderRoundTrip) {
  const FrameHeader header{
      .length = 0x123456, .type = FrameType::continuation, .flags = 0xa5, .stream = 0x7bcdef01};
  std::string out;
  append_frame_header(out, header);
  EXPECT_EQ(out, "\x12\x34\x56\x09\xa5\x7b\xcd\xef\x01"s);
  EXPECT_EQ(read_frame_header(out.data()), header);
}

TEST(Frame, ReservedBitOfTheStreamIsDropped) {
  EXPECT_EQ(read_frame_header("\0\0\0\0\0\xff\xff\xff\xff").stream, stream_id_max);
}

TEST(Frame, NumbersAreBigEndian) {
  EXPECT_EQ(read_u16("\xfe\x01"), 0xfe01u);
  EXPECT_EQ(read_u32("\xfe\x01\x80\xff"), 0xfe0180ffu);
  std::string out;
  append_u32(out, 0xfe0180ff);
  EXPECT_EQ(out, "\xfe\x01\x80\xff");
}

TEST(Frame, Writes) {
  std::string out;
  append_setting(out, Setting::no_rfc7540_priorities, 1);
  EXPECT_EQ(out, "\0\x09\0\0\0\1"s);
  out.clear();
  append_rst_stream(out, 3, ErrorCode::cancel);
  EXPECT_EQ(out, "\0\0\4\3\0\0\0\0\3\0\0\0\x08"s);
  out.clear();
  append_window_update(out, 0, 0x10000);
  EXPECT_EQ(out, "\0\0\4\x08\0\0\0\0\0\0\1\0\0"s);
  out.clear();
  append_ping(out, "abcdefgh", true);
  EXPECT_EQ(out, "\0\0\x08\6\1\0\0\0\0abcdefgh"s);
  out.clear();
  append_goaway(out, 5, ErrorCode::protocol_error, "why");
  EXPECT_EQ(out, "\0\0\x0b\7\0\0\0\0\0\0\0\0\5\0\0\0\1why"s);
}

TEST(Frame, DebugTextIsCut) {
  std::string out;
  append_goaway(out, 0, ErrorCode::no_error, std::string(100, 'x'));
  EXPECT_EQ(out.size(), frame_header_bytes + 8 + 64);
  EXPECT_EQ(read_frame_header(out.data()).length, 72u);
}

TEST(Frame, ErrorNames) {
  EXPECT_EQ(error_name(ErrorCode::no_error), "NO_ERROR");
  EXPECT_EQ(error_name(ErrorCode::enhance_your_calm), "ENHANCE_YOUR_CALM");
  EXPECT_EQ(error_name(ErrorCode::http_1_1_required), "HTTP_1_1_REQUIRED");
  EXPECT_EQ(error_name(static_cast<ErrorCode>(14)), "UNKNOWN");
  EXPECT_EQ(error_name(static_cast<ErrorCode>(0xffff'ffff)), "UNKNOWN");
}

}  // namespace
}  // namespace weir::http2
