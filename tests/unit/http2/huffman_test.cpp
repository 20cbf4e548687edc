#include "http2/huffman.hpp"

#include <gtest/gtest.h>

#include <string>

#include "hpack_text.hpp"

namespace weir::http2 {
namespace {

/// What `hex` says; `failed` where it is no text.
std::string text_of_code(std::string_view hex) {
  const std::string coded = from_hex(hex);
  std::string text(huffman_text_bytes_max(coded.size()), '\0');
  const auto bytes = huffman_decode(coded, text.data());
  if (!bytes) return "failed";
  text.resize(*bytes);
  return text;
}

TEST(Huffman, ExamplesOfTheStandard) {  // RFC 7541 C.4 and C.6
  EXPECT_EQ(text_of_code("f1e3 c2e5 f23a 6ba0 ab90 f4ff"), "www.example.com");
  EXPECT_EQ(text_of_code("a8eb 1064 9cbf"), "no-cache");
  EXPECT_EQ(text_of_code("25a8 49e9 5bb8 e8b4 bf"), "custom-value");
  EXPECT_EQ(text_of_code("6402"), "302");
  EXPECT_EQ(text_of_code("aec3 771a 4b"), "private");
  EXPECT_EQ(text_of_code("9d29 ad17 1863 c78f 0b97 c8e9 ae82 ae43 d3"), "https://www.example.com");
}

TEST(Huffman, NothingIsAText) {
  EXPECT_EQ(text_of_code(""), "");
}

TEST(Huffman, LongCodes) {
  EXPECT_EQ(text_of_code("ff c7"), std::string(1, '\0'));  // 13 bits
  EXPECT_EQ(text_of_code("ff fe 1f"), "\\");               // 19
  EXPECT_EQ(text_of_code("ff ff ff f3"), "\n");            // 30, of 0x3ffffffc
  EXPECT_EQ(text_of_code("1f ff ff ff 9f"), "a\n");
  EXPECT_EQ(text_of_code("ff ff ff f3 ff ff ff cf"), "\n\n") << "the second begins within a byte";
}

TEST(Huffman, PaddingIsTheBeginningOfTheEnd) {
  EXPECT_EQ(text_of_code("1f"), "a");       // 00011 and three ones
  EXPECT_EQ(text_of_code("1e"), "failed");  // a zero among them
  EXPECT_EQ(text_of_code("18"), "failed");
  EXPECT_EQ(text_of_code("1f ff"), "failed");        // more than seven bits
  EXPECT_EQ(text_of_code("ff"), "failed");           // nothing before it
  EXPECT_EQ(text_of_code("ff ff ff ff"), "failed");  // the end itself
}

}  // namespace
}  // namespace weir::http2
