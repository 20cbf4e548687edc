#include "grpc/web.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::grpc {
namespace {

using namespace std::string_literals;

/// What the runs give in the end, or `malformed`.
std::string decoded(Web kind, const std::vector<std::string>& runs) {
  RequestDecoder decoder(kind);
  std::string body;
  for (const std::string& run : runs) {
    std::string out(run.size(), '-');
    const auto bytes = decoder.decode(run, out.data());
    if (!bytes) {
      EXPECT_EQ(bytes.error().kind, ErrorKind::malformed_request);
      EXPECT_EQ(bytes.error().origin, Origin::client);
      return "malformed";
    }
    EXPECT_LE(*bytes, run.size());
    body.append(out, 0, *bytes);
  }
  const auto end = decoder.finish();
  return end ? body : "cut: " + end.error().detail;
}

std::string text(const std::string& run) {
  return decoded(Web::text, {run});
}

TEST(GrpcWebRequest, BinaryPasses) {
  EXPECT_EQ(decoded(Web::binary, {"\0\0\0\0\x01x"s, "", "===", "\xff"}), "\0\0\0\0\x01x===\xff"s);
}

TEST(GrpcWebRequest, TextIsBase64) {
  EXPECT_EQ(text(""), "");
  EXPECT_EQ(text("AAAAAAA="), "\0\0\0\0\0"s);
  EXPECT_EQ(text("Zg=="), "f");
  EXPECT_EQ(text("Zm8="), "fo");
  EXPECT_EQ(text("Zm9v"), "foo");
  EXPECT_EQ(text("Zm9vYmFy"), "foobar");
  EXPECT_EQ(text("+/+/"), "\xfb\xff\xbf");
}

TEST(GrpcWebRequest, PaddedTextsInARow) {
  EXPECT_EQ(text("Zg==Zm8=Zm9v"), "ffofoo");
  EXPECT_EQ(decoded(Web::text, {"Zg=", "=Z", "m8=Zm", "9vZg==", ""}), "ffofoof");
}

TEST(GrpcWebRequest, EveryByteThatCanBeGivenIs) {
  RequestDecoder decoder(Web::text);
  char out[4];
  const std::size_t expected[] = {0, 1, 1, 1};
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_EQ(*decoder.decode(std::string_view("Zm9v").substr(i, 1), out), expected[i]);
}

TEST(GrpcWebRequest, InPlace) {
  RequestDecoder decoder(Web::text);
  std::string first = "Zm9", rest = "vYmFyZg==Zm8=";
  EXPECT_EQ(first.substr(0, *decoder.decode(first, first.data())), "fo");
  EXPECT_EQ(rest.substr(0, *decoder.decode(rest, rest.data())), "obarffo");
}

TEST(GrpcWebRequest, WhatIsNoBase64) {
  for (const char* run : {"=", "Z=", "Z===", "====", "Zg=a", "Zm8=a==", "Zm9v=", "Zm9v====", "Zg===",
                          "Zm9v\r\n", "Zm 9", "Zm9-", "Zm9_", "Zm9.", "Zm\x80v", "Z\xff", "Zh==", "Zm9="}) {
    EXPECT_EQ(text(run), "malformed") << run;
  }
  EXPECT_EQ(text("Zm9\0"s), "malformed");
  for (const char* run : {"Z", "Zg", "Zg=", "Zm8", "Zm9vZ", "Zg==Z"}) {
    EXPECT_EQ(text(run), "cut: the body stops within a group of base64") << run;
  }
}

TEST(GrpcWebResponse, BinaryPasses) {
  ResponseEncoder encoder(Web::binary);
  std::string out = "before|";
  encoder.encode("\0\x01"s, out);
  encoder.flush(out);
  EXPECT_EQ(out, "before|\0\x01"s);
}

TEST(GrpcWebResponse, TextIsPaddedWhereABatchEnds) {
  ResponseEncoder encoder(Web::text);
  std::string out = "before|";
  encoder.encode("f", out);
  encoder.encode("", out);
  encoder.encode("oob", out);
  EXPECT_EQ(out, "before|Zm9v");
  encoder.encode("ar", out);
  EXPECT_EQ(out, "before|Zm9vYmFy");
  encoder.flush(out);
  EXPECT_EQ(out, "before|Zm9vYmFy") << "nothing is held";
  encoder.encode("f", out);
  encoder.flush(out);
  encoder.flush(out);
  encoder.encode("fo", out);
  encoder.flush(out);
  EXPECT_EQ(out, "before|Zm9vYmFyZg==Zm8=");
}

TEST(GrpcWebResponse, TrailersAreTheLastFrame) {
  const std::string lines = "Grpc-Status: 5\r\ngrpc-message:\tnot found \r\nX-Empty:\r\n";
  const std::string frame = "\x80\0\0\0\x31"s + "grpc-status:5\r\ngrpc-message:not found\r\nx-empty:\r\n";
  ASSERT_EQ(frame.size(), 5u + 49);
  std::string binary, in_text;
  ResponseEncoder(Web::binary).finish(lines, binary);
  EXPECT_EQ(binary, frame);
  ResponseEncoder(Web::text).finish(lines, in_text);
  EXPECT_EQ(text(in_text), binary);
}

TEST(GrpcWebResponse, WithoutTrailers) {
  std::string out;
  ResponseEncoder(Web::binary).finish("", out);
  EXPECT_EQ(out, "") << "a frame without a status would read as an end without one";
  ResponseEncoder encoder(Web::text);
  out.clear();
  encoder.encode("f", out);
  encoder.finish("", out);
  EXPECT_EQ(text(out), "f");
}

}  // namespace
}  // namespace weir::grpc
