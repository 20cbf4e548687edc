#include "http2/trailers.hpp"

#include <gtest/gtest.h>

#include <string>

#include "http/trailers.hpp"
#include "unit/http2/read.hpp"

namespace weir::http2::testing {
namespace {

using namespace std::string_literals;

/// The lines, or what is wrong.
std::string written(const Lines& fields) {
  std::string lines = "of an earlier request";
  const auto result = write_trailers(section_of(fields), lines);
  if (result) return lines;
  EXPECT_EQ(lines, "");
  EXPECT_EQ(result.error().kind, ErrorKind::malformed_request);
  EXPECT_EQ(result.error().origin, Origin::client);
  return result.error().detail;
}

struct Case {
  const char* name;
  Lines fields;
  std::string expected;
};

TEST(Http2Trailers, AreWrittenAsLines) {
  const Case cases[] = {
      {"none", {}, ""},
      {"one", {{"grpc-status", "0"}}, "grpc-status: 0\r\n"},
      {"two", {{"a", "b"}, {"c", "d e"}}, "a: b\r\nc: d e\r\n"},
      {"an empty value", {{"a", ""}}, "a: \r\n"},
      {"obs-text and tab", {{"a", "\xff\tb"}}, "a: \xff\tb\r\n"},
      {"what is left out later",
       {{"content-length", "5"}, {"host", "h"}},
       "content-length: 5\r\nhost: h\r\n"},
      {"te: trailers", {{"te", "trailers"}}, "te: trailers\r\n"},
  };
  for (const Case& row : cases) EXPECT_EQ(written(row.fields), row.expected) << row.name;
}

TEST(Http2Trailers, WhatIsNeverToBeIndexedIsMarked) {
  FieldSection section;
  section.add("a", "1", true);
  section.add("b", "2");
  std::string lines, plain = "before;";
  EXPECT_TRUE(write_trailers(section, lines));
  EXPECT_EQ(lines, "a:\t1\r\nb: 2\r\n");
  EXPECT_EQ(http::forwardable_trailers(lines, {}), lines);
  http::append_plain_lines(plain, lines);
  EXPECT_EQ(plain, "before;a: 1\r\nb: 2\r\n") << "as HTTP/1 has it";
}

TEST(Http2Trailers, AreRefused) {
  const char* bad_name = "field name is not a token in lower case";
  const char* bad_value = "control byte in a field value";
  const char* about_connection = "field about the connection";
  const Case cases[] = {
      {"a pseudo-field", {{":path", "/"}}, "pseudo-field in trailers"},
      {"an unknown pseudo-field", {{"a", "b"}, {":b", "c"}}, "pseudo-field in trailers"},
      {":status", {{":status", "200"}}, "pseudo-field in trailers"},
      {"a colon alone", {{":", ""}}, "pseudo-field in trailers"},
      {"an empty name", {{"", "a"}}, bad_name},
      {"upper case", {{"A", "b"}}, bad_name},
      {"a colon in the name", {{"a:b", "c"}}, bad_name},
      {"NUL in the name", {{"a\0"s, "b"}}, bad_name},
      {"a line end in the name", {{"a\r\nb", "c"}}, bad_name},
      {"NUL in the value", {{"a", "\0"s}}, bad_value},
      {"a line end in the value", {{"a", "b\r\nc: d"}}, bad_value},
      {"LF in the value", {{"a", "b\nc"}}, bad_value},
      {"space before the value", {{"a", " b"}}, "whitespace around a field value"},
      {"space behind the value", {{"a", "b\t"}}, "whitespace around a field value"},
      {"connection", {{"connection", "close"}}, about_connection},
      {"keep-alive", {{"keep-alive", "a"}}, about_connection},
      {"proxy-connection", {{"proxy-connection", "a"}}, about_connection},
      {"transfer-encoding", {{"a", "b"}, {"transfer-encoding", "chunked"}}, about_connection},
      {"upgrade", {{"upgrade", "h2c"}}, about_connection},
      {"te", {{"te", "gzip"}}, "TE other than trailers"},
  };
  for (const Case& row : cases) EXPECT_EQ(written(row.fields), row.expected) << row.name;
}

TEST(Http2Trailers, AreBoundedAsInHttp1) {
  EXPECT_EQ(written(Lines(32, {"a", "b"})).size(), 32u * 6);
  EXPECT_EQ(written(Lines(33, {"a", "b"})), "too many trailer fields");
  EXPECT_EQ(written({{"a", std::string(16 * 1024 - 5, 'b')}}).size(), 16u * 1024);
  EXPECT_EQ(written({{"a", std::string(16 * 1024 - 4, 'b')}}), "trailer section is too long");
}

TEST(Http2Trailers, OfAResponse) {
  std::string lines = "of an earlier response";
  ASSERT_TRUE(write_response_trailers(section_of({{"grpc-status", "0"}, {"grpc-message", ""}}), lines));
  EXPECT_EQ(lines, "grpc-status: 0\r\ngrpc-message: \r\n");
  const auto refused = write_response_trailers(section_of({{"a", "b"}, {":status", "200"}}), lines);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::response_malformed);
  EXPECT_EQ(refused.error().origin, Origin::upstream);
  EXPECT_EQ(refused.error().detail, "pseudo-field in trailers");
  EXPECT_EQ(lines, "");
}

TEST(Http2Trailers, ArePassedOnAsThoseOfHttp1) {
  const std::string lines =
      written({{"x-checksum", "1"}, {"host", "h"}, {"cookie", "a=b"}, {"grpc-status", "0"}});
  EXPECT_EQ(http::forwardable_trailers(lines, {}), "x-checksum: 1\r\ngrpc-status: 0\r\n");
}

}  // namespace
}  // namespace weir::http2::testing
