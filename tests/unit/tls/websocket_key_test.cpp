#include "tls/websocket_key.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

namespace weir::tls {
namespace {

using Key = std::array<char, websocket_key_length>;

std::string text_of(const Key& key) {
  return {key.data(), key.size()};
}

/// RFC 6455 1.3.
TEST(WebsocketKey, TheProofIsThatOfTheStandard) {
  EXPECT_EQ(websocket_accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_EQ(websocket_accept("x3JJHMbDL1EzLkh9GBhXDw=="), "HSmrc0sMlYUkAGmm5OPpG2HaGWk=");
}

TEST(WebsocketKey, IsSixteenBytesInBase64) {
  Rng rng(1);
  for (int i = 0; i < 100; ++i) {
    Key key{};
    make_websocket_key(rng, key);
    const std::string text = text_of(key);
    EXPECT_TRUE(text.ends_with("==") && text[21] != '=') << text;
    EXPECT_TRUE(std::all_of(text.begin(), text.end() - 2, [](unsigned char c) {
      return std::isalnum(c) != 0 || c == '+' || c == '/';
    })) << text;
  }
}

TEST(WebsocketKey, EachIsAnotherOne) {
  Rng rng(1);
  std::set<std::string> keys, proofs;
  for (int i = 0; i < 100; ++i) {
    Key key{};
    make_websocket_key(rng, key);
    keys.insert(text_of(key));
    proofs.insert(websocket_accept(text_of(key)));
  }
  EXPECT_EQ(keys.size(), 100U);
  EXPECT_EQ(proofs.size(), 100U);
}

TEST(WebsocketKey, NothingIsWrittenPastIt) {
  Rng rng(1);
  std::array<char, websocket_key_length + 8> room{};
  room.fill('~');
  make_websocket_key(rng, std::span(room).first<websocket_key_length>());
  EXPECT_TRUE(std::all_of(room.begin() + websocket_key_length, room.end(), [](char c) { return c == '~'; }));
}

}  // namespace
}  // namespace weir::tls
