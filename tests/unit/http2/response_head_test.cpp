#include "http2/response_head.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "http/field_names.hpp"
#include "unit/http2/read.hpp"

namespace weir::http2::testing {
namespace {

using namespace std::string_literals;
using http::Method;

struct Case {
  const char* name;
  Lines lines;
  std::string expected;
  bool ended = false;
  Method method = Method::get;
  bool tunnel = false;
};

/// What was understood, in one line, or what is wrong.
std::string verdict(const Case& row) {
  const FieldSection section = section_of(row.lines);
  http::ResponseHead head;
  head.status = 999;  // of an earlier response
  head.upgrade = "x";
  head.keep_alive = false;
  head.fields.resize(3);
  const auto read = read_response(section, row.ended, row.method, row.tunnel, head);
  if (!read) {
    EXPECT_EQ(read.error().kind, ErrorKind::response_malformed) << row.name;
    EXPECT_EQ(read.error().origin, Origin::upstream) << row.name;
    return "malformed: " + read.error().detail;
  }
  EXPECT_EQ(head.major_version, 2);
  EXPECT_EQ(head.minor_version, 1);
  EXPECT_TRUE(head.keep_alive);
  std::string text = std::to_string(head.status);
  text.append(" ").append(head.reason).append(describe_body(head.body));
  if (!head.upgrade.empty()) text.append(" upgrade=").append(head.upgrade);
  for (const http::Field& field : head.fields) {
    text.append(" | ").append(field.name).append(": ").append(field.value);
    EXPECT_EQ(field.id, http::field_id(field.name)) << row.name;
    EXPECT_FALSE(field.verbatim) << row.name;
  }
  return text;
}

void check(const std::vector<Case>& cases) {
  for (const Case& row : cases) EXPECT_EQ(verdict(row), row.expected) << row.name;
}

Lines status(const std::string& code, Lines more = {}) {
  more.insert(more.begin(), {":status", code});
  return more;
}

Lines ok(Lines more = {}) {
  return status("200", std::move(more));
}

TEST(Http2Response, AWholeHead) {
  check({{"plain", ok(), "200 OK body=chunked"},
         {"fields, in order",
          ok({{"server", "x"}, {"set-cookie", "a=b"}, {"set-cookie", "c=d"}, {"x-empty", ""}}),
          "200 OK body=chunked | server: x | set-cookie: a=b | set-cookie: c=d | x-empty: "},
         {"a status without a phrase", status("299"), "299  body=chunked"},
         {"obs-text and tab", ok({{"a", "\xff\tb"}}), "200 OK body=chunked | a: \xff\tb"}});
}

TEST(Http2Response, Status) {
  const std::string invalid = "malformed: invalid :status";
  check({{"none", {{"a", "b"}}, "malformed: no :status"},
         {"nothing at all", {}, "malformed: no :status"},
         {"twice", ok({{":status", "200"}}), "malformed: :status twice"},
         {"twice, once invalid", ok({{":status", ""}}), "malformed: :status twice"},
         {"behind a field", {{"a", "b"}, {":status", "200"}}, "malformed: pseudo-field behind a field"},
         {"again behind a field", ok({{"a", "b"}, {":status", "200"}}),
          "malformed: pseudo-field behind a field"},
         {"of a request", ok({{":path", "/"}}), "malformed: unknown pseudo-field"},
         {"of a request, first", {{":method", "GET"}, {":status", "200"}}, "malformed: unknown pseudo-field"},
         {"upper case", {{":Status", "200"}}, "malformed: unknown pseudo-field"},
         {"a colon", {{":", "200"}}, "malformed: unknown pseudo-field"},
         {"empty", status(""), invalid},
         {"two digits", status("20"), invalid},
         {"four digits", status("2000"), invalid},
         {"a leading zero", status("099"), invalid},
         {"zero", status("000"), invalid},
         {"too high", status("600"), invalid},
         {"with a phrase", status("200 OK"), invalid},
         {"a sign", status("+20"), invalid},
         {"a space", status(" 20"), invalid},
         {"letters", status("2xx"), invalid},
         {"NUL", status("20\0"s), invalid},
         {"the lowest", status("100"), "100 Continue"},
         {"the highest", status("599"), "599  body=chunked"}});
}

TEST(Http2Response, FieldsThatMayNotBe) {
  const std::string bad_name = "malformed: field name is not a token in lower case";
  const std::string bad_value = "malformed: control byte in a field value";
  const std::string about_connection = "malformed: field about the connection";
  check({{"an empty name", ok({{"", "a"}}), bad_name},
         {"upper case", ok({{"Server", "a"}}), bad_name},
         {"a colon in the name", ok({{"a:b", "c"}}), bad_name},
         {"a space in the name", ok({{"a ", "c"}}), bad_name},
         {"a line end in the name", ok({{"a\r\nb", "c"}}), bad_name},
         {"NUL", ok({{"a", "b\0"s}}), bad_value},
         {"a line of its own", ok({{"a", "b\r\nset-cookie: c"}}), bad_value},
         {"LF", ok({{"a", "\n"}}), bad_value},
         {"space before", ok({{"a", " b"}}), "malformed: whitespace around a field value"},
         {"space behind", ok({{"a", "b "}}), "malformed: whitespace around a field value"},
         {"connection", ok({{"connection", "close"}}), about_connection},
         {"keep-alive", ok({{"keep-alive", "timeout=5"}}), about_connection},
         {"proxy-connection", ok({{"proxy-connection", "close"}}), about_connection},
         {"transfer-encoding", ok({{"transfer-encoding", "chunked"}}), about_connection},
         {"upgrade", ok({{"upgrade", "h2c"}}), about_connection},
         {"te", ok({{"te", "gzip"}}), "malformed: TE other than trailers"},
         {"in an interim response", status("103", {{"connection", "close"}}), about_connection},
         {"in a tunnel", ok({{"upgrade", "websocket"}}), about_connection, false, Method::get, true}});
}

TEST(Http2Response, BodyAsContentLengthSays) {
  const std::string invalid = "malformed: invalid Content-Length";
  const auto length = [](const std::string& value, Lines more = {}) {
    more.emplace_back("content-length", value);
    return ok(std::move(more));
  };
  check({{"known", length("12"), "200 OK body=length:12 | content-length: 12"},
         {"zero", length("0"), "200 OK body=length:0 | content-length: 0"},
         {"zero and the end", length("0"), "200 OK body=length:0 | content-length: 0", true},
         {"the end alone", ok(), "200 OK body=length:0", true},
         {"leading zeros", length("007"), "200 OK body=length:7 | content-length: 007"},
         {"the most", length("9223372036854775807"),
          "200 OK body=length:9223372036854775807 | content-length: 9223372036854775807"},
         {"more than that", length("9223372036854775808"), invalid},
         {"empty", length(""), invalid},
         {"a sign", length("+1"), invalid},
         {"a list", length("5, 5"), invalid},
         {"hexadecimal", length("0x5"), invalid},
         {"twice", length("5", {{"content-length", "5"}}), "malformed: more than one Content-Length"},
         {"a length without a body", length("1"), "malformed: Content-Length without a body", true}});
}

TEST(Http2Response, WhereThereCanBeNoBody) {
  const Lines described{{"content-length", "5"}};
  for (const bool ended : {false, true}) {
    check({{"HEAD", ok(described), "200 OK | content-length: 5", ended, Method::head},
           {"HEAD without a length", ok(), "200 OK", ended, Method::head},
           {"304", status("304", described), "304 Not Modified | content-length: 5", ended},
           {"204", status("204", described), "204 No Content | content-length: 5", ended},
           {"HEAD and a wrong length", ok({{"content-length", "x"}}), "malformed: invalid Content-Length",
            ended, Method::head}});
  }
}

TEST(Http2Response, Interim) {
  check(
      {{"100", status("100"), "100 Continue"},
       {"103", status("103", {{"link", "</a.css>"}}), "103 Early Hints | link: </a.css>"},
       {"a length that means nothing", status("102", {{"content-length", "5"}}), "102  | content-length: 5"},
       {"with the end", status("103"), "malformed: interim response that ends the stream", true},
       {"in a tunnel", status("103"), "103 Early Hints", false, Method::get, true},
       {"101", status("101"), "malformed: 101 over HTTP/2"},
       {"101 in a tunnel", status("101"), "malformed: 101 over HTTP/2", false, Method::get, true}});
}

TEST(Http2Response, ATunnelOpensWith2xx) {
  const auto tunnel = [](const char* name, const Lines& lines, const std::string& expected,
                         bool ended = false) {
    return Case{name, lines, expected, ended, Method::get, true};
  };
  const std::string open = "101 Switching Protocols upgrade=websocket";
  check({tunnel("200", ok({{"sec-websocket-protocol", "chat"}}), open + " | sec-websocket-protocol: chat"),
         tunnel("another", status("201"), open),
         tunnel("204, which has no body elsewhere", status("204"), open),
         tunnel("a length that means nothing", ok({{"content-length", "5"}}), open + " | content-length: 5"),
         tunnel("closed at once", ok(), open, true),
         tunnel("refused", status("403", {{"content-length", "3"}}),
                "403 Forbidden body=length:3 | content-length: 3"),
         tunnel("refused without a body", status("501"), "501 Not Implemented body=length:0", true),
         tunnel("redirected", status("302"), "302 Found body=chunked")});
}

TEST(Http2Response, FieldsAreViewsOfTheSection) {
  const FieldSection section = section_of(ok({{"a", "b"}}));
  http::ResponseHead head;
  ASSERT_TRUE(read_response(section, true, Method::get, false, head));
  ASSERT_EQ(head.fields.size(), 1u);
  EXPECT_EQ(head.fields[0].name.data(), section[1].name.data());
  EXPECT_EQ(head.fields[0].value.data(), section[1].value.data());
}

}  // namespace
}  // namespace weir::http2::testing
