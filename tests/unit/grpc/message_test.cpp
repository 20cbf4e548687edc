#include "grpc/message.hpp"

#include <gtest/gtest.h>

#include <string>

namespace weir::grpc {
namespace {

std::string message(std::string_view text, unsigned char flags = 0) {
  const auto prefix = message_prefix(flags, static_cast<std::uint32_t>(text.size()));
  return std::string(prefix.data(), prefix.size()).append(text);
}

TEST(GrpcMessagePrefix, FlagAndLength) {
  const auto prefix = message_prefix(web_trailers, 0x01020304);
  EXPECT_EQ(std::string(prefix.data(), prefix.size()), "\x80\x01\x02\x03\x04");
}

TEST(GrpcMessageCursor, BetweenMessagesOnlyThere) {
  const std::string one = message("abc", message_compressed), none = message(""), last = message("de");
  const std::string body = one + none + last;
  for (std::size_t end = 0; end <= body.size(); ++end) {
    const bool between =
        end == 0 || end == one.size() || end == one.size() + none.size() || end == body.size();
    MessageCursor whole;
    whole.take(std::string_view(body).substr(0, end));
    EXPECT_EQ(whole.between_messages(), between) << end;
    MessageCursor bytewise;
    for (std::size_t i = 0; i < end; ++i) bytewise.take({&body[i], 1});
    bytewise.take({});
    EXPECT_EQ(bytewise.between_messages(), between) << end;
  }
}

TEST(GrpcMessageCursor, KnowsOfAWholeMessage) {
  MessageCursor cursor, empty;
  EXPECT_FALSE(cursor.any_whole());
  const auto prefix = message_prefix(0, 2), nothing = message_prefix(0, 0);
  cursor.take({prefix.data(), prefix.size()});
  cursor.take("a");
  EXPECT_FALSE(cursor.any_whole());
  cursor.take("b");
  EXPECT_TRUE(cursor.any_whole());
  cursor.take({prefix.data(), 3});
  EXPECT_TRUE(cursor.any_whole()) << "also within the next";
  empty.take({nothing.data(), 4});
  EXPECT_FALSE(empty.any_whole());
  empty.take({nothing.data() + 4, 1});
  EXPECT_TRUE(empty.any_whole()) << "an empty message is one";
}

TEST(GrpcMessageCursor, TheLongestMessage) {
  MessageCursor cursor;
  const auto prefix = message_prefix(0, UINT32_MAX);
  cursor.take({prefix.data(), prefix.size()});
  const std::string block(1u << 20, 'x');
  for (int i = 0; i < 4095; ++i) cursor.take(block);
  EXPECT_FALSE(cursor.between_messages());
  cursor.take(std::string_view(block).substr(1));
  EXPECT_TRUE(cursor.between_messages());
}

TEST(GrpcMessageCursor, AMessageOf256Bytes) {
  MessageCursor cursor;
  const std::string body = message(std::string(256, 'x'));
  cursor.take(std::string_view(body).substr(0, 4));
  EXPECT_FALSE(cursor.between_messages()) << "the length is not whole, and zero so far";
  cursor.take(std::string_view(body).substr(4));
  EXPECT_TRUE(cursor.between_messages());
}

}  // namespace
}  // namespace weir::grpc
