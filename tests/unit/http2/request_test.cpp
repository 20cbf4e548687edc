#include "http2/request.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "unit/http2/read.hpp"

namespace weir::http2::testing {
namespace {

using namespace std::string_literals;

struct Case {
  const char* name;
  Lines lines;
  std::string expected;
  bool ended = true;
};

void check(const std::vector<Case>& cases) {
  for (const Case& row : cases) EXPECT_EQ(verdict(row.lines, row.ended), row.expected) << row.name;
}

constexpr const char* plain = "GET / authority=h host=h | host: h";
constexpr const char* bad_name = "malformed: field name is not a token in lower case";
constexpr const char* bad_value = "malformed: control byte in a field value";
constexpr const char* bad_ends = "malformed: whitespace around a field value";
constexpr const char* about_connection = "malformed: field about the connection";
constexpr const char* bad_te = "malformed: TE other than trailers";
constexpr const char* no_uri = "malformed: :path has a byte that no URI has";
constexpr const char* no_path = "malformed: :path is neither a path nor an asterisk";
constexpr const char* bad_host = "refused malformed_request: invalid Host";
constexpr const char* other_host = "refused malformed_request: Host differs from the target";
constexpr const char* bad_length = "malformed: invalid Content-Length";

TEST(Http2Request, FieldNames) {
  const auto with_name = [](const std::string& name) { return get({{name, "b"}}); };
  const auto taken = [](const std::string& name) {
    return "GET / authority=h host=h | " + name + ": b | host: h";
  };
  check({
      {"plain", with_name("a"), taken("a")},
      {"every token byte", with_name("!#$%&'*+-.^_`|~09az"), taken("!#$%&'*+-.^_`|~09az")},
      {"very long", with_name(std::string(30000, 'a')), taken(std::string(30000, 'a'))},
      {"empty", with_name(""), bad_name},
      {"upper case", with_name("Accept"), bad_name},
      {"upper case at the end", with_name("accepT"), bad_name},
      {"Z", with_name("Z"), bad_name},
      {"upper case in a name of no registry", with_name("x-Checksum"), bad_name},
      {"upper case of a field about the connection", with_name("Connection"), bad_name},
      {"NUL", with_name("a\0b"s), bad_name},
      {"NUL alone", with_name("\0"s), bad_name},
      {"CR", with_name("a\rb"), bad_name},
      {"LF", with_name("a\nb"), bad_name},
      {"a line of its own", with_name("a: b\r\nhost"), bad_name},
      {"colon", with_name("a:b"), bad_name},
      {"colon at the end", with_name("a:"), bad_name},
      {"space", with_name("a b"), bad_name},
      {"space at the end", with_name("a "), bad_name},
      {"tab", with_name("\ta"), bad_name},
      {"slash", with_name("a/b"), bad_name},
      {"DEL", with_name("a\x7f"), bad_name},
      {"obs-text", with_name("a\xe4"), bad_name},
  });
}

TEST(Http2Request, FieldValues) {
  const auto with_value = [](const std::string& value) { return get({{"a", value}}); };
  const auto taken = [](const std::string& value) {
    return "GET / authority=h host=h | a: " + value + " | host: h";
  };
  check({
      {"empty", with_value(""), taken("")},
      {"spaces and tabs inside", with_value("b \t c"), taken("b \t c")},
      {"obs-text", with_value("\xff\x80"), taken("\xff\x80")},
      {"very long", with_value(std::string(30000, 'b')), taken(std::string(30000, 'b'))},
      {"NUL", with_value("b\0"s), bad_value},
      {"NUL alone", with_value("\0"s), bad_value},
      {"CR", with_value("b\rc"), bad_value},
      {"LF", with_value("b\nc"), bad_value},
      {"CRLF and a field", with_value("b\r\nhost: c"), bad_value},
      {"a control behind a tab", with_value("b\tc\x01"), bad_value},
      {"DEL", with_value("b\x7f"), bad_value},
      {"a control behind 100 bytes", with_value(std::string(100, 'b') + "\x1f" + "c"), bad_value},
      {"space before", with_value(" b"), bad_ends},
      {"space behind", with_value("b "), bad_ends},
      {"tab before", with_value("\tb"), bad_ends},
      {"tab behind", with_value("b\t"), bad_ends},
      {"a space alone", with_value(" "), bad_ends},
      {"in a pseudo-field", get_with(":path", "/a "), bad_ends},
      {"NUL in a pseudo-field", get_with(":authority", "h\0"s), bad_value},
      {"CRLF in a pseudo-field", get_with(":method", "GET / HTTP/1.1\r\nA: b"), bad_value},
  });
}

TEST(Http2Request, FieldsAboutTheConnection) {
  const char* taken = "GET / authority=h host=h trailers | te: trailers | host: h";
  check({
      {"connection", get({{"connection", "close"}}), about_connection},
      {"connection without a value", get({{"connection", ""}}), about_connection},
      {"keep-alive", get({{"keep-alive", "timeout=5"}}), about_connection},
      {"proxy-connection", get({{"proxy-connection", "keep-alive"}}), about_connection},
      {"transfer-encoding", post({{"transfer-encoding", "chunked"}}), about_connection},
      {"transfer-encoding beside a length", post({{"content-length", "0"}, {"transfer-encoding", "chunked"}}),
       about_connection},
      {"upgrade", get({{"upgrade", "h2c"}}), about_connection},
      {"te: trailers", get({{"te", "trailers"}}), taken},
      {"te in other case", get({{"te", "Trailers"}}),
       "GET / authority=h host=h trailers | te: Trailers | host: h"},
      {"te: trailers, gzip", get({{"te", "trailers, gzip"}}), bad_te},
      {"te: trailers, trailers", get({{"te", "trailers, trailers"}}), bad_te},
      {"te: gzip", get({{"te", "gzip"}}), bad_te},
      {"te with a weight", get({{"te", "trailers;q=0.5"}}), bad_te},
      {"te without a value", get({{"te", ""}}), bad_te},
      {"te twice", get({{"te", "trailers"}, {"te", "trailers"}}), "malformed: TE twice"},
      {"an alias is another field", get({{"transfer_encoding", "chunked"}}),
       "GET / authority=h host=h | transfer_encoding: chunked | host: h"},
  });
}

TEST(Http2Request, PseudoFields) {
  const auto twice = [](const std::string& name) {
    Lines lines = get();
    lines.insert(lines.begin(), {name, "GET"});
    return lines;
  };
  check({
      {"plain", get(), plain},
      {"in another order",
       {{":path", "/"}, {":authority", "h"}, {":scheme", "https"}, {":method", "GET"}},
       plain},
      {"no fields at all", {}, "malformed: no :method"},
      {"behind a field",
       {{":method", "GET"}, {":scheme", "https"}, {"a", "b"}, {":authority", "h"}, {":path", "/"}},
       "malformed: pseudo-field behind a field"},
      {"unknown, behind a field", get({{"a", "b"}, {":b", "c"}}), "malformed: pseudo-field behind a field"},
      {":method twice", twice(":method"), "malformed: pseudo-field twice"},
      {":scheme twice", twice(":scheme"), "malformed: pseudo-field twice"},
      {":authority twice", twice(":authority"), "malformed: pseudo-field twice"},
      {":path twice", twice(":path"), "malformed: pseudo-field twice"},
      {"unknown", get({{":b", "c"}}), "malformed: unknown pseudo-field"},
      {":status", get({{":status", "200"}}), "malformed: unknown pseudo-field"},
      {"a colon alone", get({{":", "c"}}), "malformed: unknown pseudo-field"},
      {"in upper case", {{":Method", "GET"}}, "malformed: unknown pseudo-field"},
      {"no :method", get_without(":method"), "malformed: no :method"},
      {"no :scheme", get_without(":scheme"), "malformed: no :scheme"},
      {"no :path", get_without(":path"), "malformed: no :path"},
      {"empty :method", get_with(":method", ""), "malformed: no :method"},
      {"empty :scheme", get_with(":scheme", ""), "malformed: no :scheme"},
      {"empty :path", get_with(":path", ""), "malformed: no :path"},
  });
}

TEST(Http2Request, MethodAndScheme) {
  const auto method = [](const std::string& text) { return get_with(":method", text); };
  const auto scheme = [](const std::string& text) { return get_with(":scheme", text); };
  check({
      {"unknown", method("BREW"), "BREW / authority=h host=h | host: h"},
      {"in lower case", method("get"), "get / authority=h host=h | host: h"},
      {"of 32 bytes", method(std::string(32, 'M')), std::string(32, 'M') + " / authority=h host=h | host: h"},
      {"of 33 bytes", method(std::string(33, 'M')), "malformed: method is too long"},
      {"with a space", method("GET /"), "malformed: :method is not a token"},
      {"with obs-text", method("G\xc4T"), "malformed: :method is not a token"},
      {"TRACE", method("TRACE"), "refused method_refused: TRACE and CONNECT are not served"},
      {"trace is another method", method("trace"), "trace / authority=h host=h | host: h"},
      {"http", scheme("http"), plain},
      {"in upper case", scheme("HTTPS"), plain},
      {"another scheme", scheme("coap+tcp"), plain},
      {"with a colon", scheme("https:"), "malformed: invalid :scheme"},
      {"with a slash", scheme("https://evil"), "malformed: invalid :scheme"},
      {"with a space inside", scheme("a b"), "malformed: invalid :scheme"},
      {"that begins with a digit", scheme("1http"), "malformed: invalid :scheme"},
  });
}

TEST(Http2Request, Path) {
  const auto path = [](const std::string& text) { return get_with(":path", text); };
  Lines options = get_with(":method", "OPTIONS");
  options[3].second = "*";
  check({
      {"with a query", path("/a?b=c"), "GET /a ?b=c authority=h host=h | host: h"},
      {"with an empty query", path("/?"), "GET / ? authority=h host=h | host: h"},
      {"with two question marks", path("/a?b?c"), "GET /a ?b?c authority=h host=h | host: h"},
      {"with two slashes", path("//evil/a"), "GET //evil/a authority=h host=h | host: h"},
      {"that looks like a scheme", path("/http://h/"), "GET /http://h/ authority=h host=h | host: h"},
      {"OPTIONS *", options, "OPTIONS * asterisk authority=h host=h | host: h"},
      {"of 64 bytes", path("/" + std::string(63, 'a')),
       "GET /" + std::string(63, 'a') + " authority=h host=h | host: h"},
      {"of 65 bytes", path("/" + std::string(64, 'a')), "refused uri_too_long: target is too long"},
      {"a question mark alone", path("?"), no_path},
      {"a query alone", path("?a"), no_path},
      {"an asterisk with GET", path("*"), "malformed: asterisk target without OPTIONS"},
      {"an asterisk and more", path("*a"), no_path},
      {"without a slash", path("a"), no_path},
      {"absolute", path("http://h/a"), no_path},
      {"absolute, https", path("https://h/a"), no_path},
      {"an authority", path("h:80"), no_path},
      {"with a fragment", path("/a#b"), "malformed: fragment in the target"},
      {"a fragment alone", path("#b"), no_path},
      {"with a fragment in the query", path("/a?b#c"), "malformed: fragment in the target"},
      {"with a space", path("/a b"), no_uri},
      {"another version behind it", path("/a HTTP/1.0"), no_uri},
      {"with a tab", path("/a\tb"), no_uri},
      {"with obs-text", path("/\xe4"), no_uri},
      {"with NUL", path("/a\0b"s), bad_value},
      {"with LF", path("/a\nb"), bad_value},
  });
}

TEST(Http2Request, Authority) {
  const auto authority = [](const std::string& text) { return get_with(":authority", text); };
  const auto hosts = [](const std::string& text, Lines more) {
    Lines lines = get_with(":authority", text);
    lines.insert(lines.end(), more.begin(), more.end());
    return lines;
  };
  check({
      {"with a port", authority("h:8443"), "GET / authority=h:8443 host=h | host: h:8443"},
      {"IPv6", authority("[::1]:80"), "GET / authority=[::1]:80 host=[::1] | host: [::1]:80"},
      {"an empty port", authority("h:"), "GET / authority=h: host=h | host: h:"},
      {"userinfo", authority("a@h"), bad_host},
      {"userinfo with a password", authority("a:b@h"), bad_host},
      {"a path", authority("h/a"), bad_host},
      {"a query", authority("h?a"), bad_host},
      {"a fragment", authority("h#a"), bad_host},
      {"a space", authority("h i"), bad_host},
      {"a comma", authority("h,i"), bad_host},
      {"obs-text", authority("h\xe4"), bad_host},
      {"a port past 65535", authority("h:65536"), bad_host},
      {"a port with a letter", authority("h:8o"), bad_host},
      {"empty", authority(""), bad_host},
      {"empty beside a Host", hosts("", {{"host", "h"}}), other_host},
      {"none", get_without(":authority"), "refused malformed_request: no Host"},
      {"only Host", get_without(":authority", {{"host", "h:1"}}), "GET / authority=h:1 host=h | host: h:1"},
      {"only an empty Host", get_without(":authority", {{"host", ""}}), bad_host},
      {"only a bad Host", get_without(":authority", {{"host", "a@h"}}), bad_host},
      {"the same Host", get({{"host", "h"}}), plain},
      {"the same Host in other case", get({{"host", "H"}}), "GET / authority=H host=H | host: H"},
      {"another Host", get({{"host", "evil"}}), other_host},
      {"Host with the default port", get({{"host", "h:443"}}), other_host},
      {"an empty Host", get({{"host", ""}}), bad_host},
      {"two Hosts", get({{"host", "h"}, {"host", "h"}}), "refused malformed_request: more than one Host"},
      {"two Hosts without :authority", get_without(":authority", {{"host", "h"}, {"host", "h"}}),
       "refused malformed_request: more than one Host"},
  });
}

TEST(Http2Request, Body) {
  const auto length = [](const std::string& value) { return post({{"content-length", value}}); };
  const auto taken = [](const std::string& body, const std::string& value) {
    return "POST / authority=h host=h body=length:" + body + " | content-length: " + value + " | host: h";
  };
  check({
      {"none", post(), "POST / authority=h host=h | host: h"},
      {"of any length", post(), "POST / authority=h host=h body=chunked | host: h", false},
      {"of any length with GET", get(), "GET / authority=h host=h body=chunked | host: h", false},
      {"a length", length("5"), taken("5", "5"), false},
      {"leading zeros", length("005"), taken("5", "005"), false},
      {"length 0, ended", length("0"), taken("0", "0")},
      {"length 0, not ended", length("0"), taken("0", "0"), false},
      {"the largest", length("9223372036854775807"), taken("9223372036854775807", "9223372036854775807"),
       false},
      {"ended before a body", length("5"), "malformed: Content-Length without a body"},
      {"ended before a body, GET", get({{"content-length", "1"}}),
       "malformed: Content-Length without a body"},
      {"length past 2^63", length("9223372036854775808"), bad_length, false},
      {"length that wraps to 5", length("18446744073709551621"), bad_length, false},
      {"+1", length("+1"), bad_length, false},
      {"-1", length("-1"), bad_length, false},
      {"empty", length(""), bad_length, false},
      {"empty, ended", length(""), bad_length},
      {"hexadecimal", length("0x5"), bad_length, false},
      {"a list", length("5, 5"), bad_length, false},
      {"a space inside", length("5 5"), bad_length, false},
      {"two, equal", post({{"content-length", "5"}, {"content-length", "5"}}),
       "malformed: more than one Content-Length", false},
      {"two, different", post({{"content-length", "5"}, {"content-length", "6"}}),
       "malformed: more than one Content-Length", false},
      {"two, 0 and ended", post({{"content-length", "0"}, {"content-length", "0"}}),
       "malformed: more than one Content-Length"},
      {"an alias is another field", post({{"content_length", "5"}}),
       "POST / authority=h host=h | content_length: 5 | host: h"},
  });
}

TEST(Http2Request, ExpectAndVia) {
  const auto expect = [](const std::string& value) { return post({{"expect", value}}); };
  const char* other = "refused expectation_failed: expectation other than 100-continue";
  check({
      {"before a body", expect("100-continue"),
       "POST / authority=h host=h body=chunked continue | expect: 100-continue | host: h", false},
      {"in other case", expect("100-Continue"),
       "POST / authority=h host=h body=chunked continue | expect: 100-Continue | host: h", false},
      {"without a body", expect("100-continue"),
       "POST / authority=h host=h | expect: 100-continue | host: h"},
      {"before an empty body", post({{"expect", "100-continue"}, {"content-length", "0"}}),
       "POST / authority=h host=h body=length:0 | expect: 100-continue | content-length: 0 | host: h", false},
      {"other", expect("200-ok"), other, false},
      {"empty", expect(""), other, false},
      {"twice", post({{"expect", "100-continue"}, {"expect", "100-continue"}}), other, false},
      {"via", get({{"via", "2 a"}}), "GET / authority=h host=h via | via: 2 a | host: h"},
      {"trailer", post({{"trailer", "x-a"}}),
       "POST / authority=h host=h body=chunked | trailer: x-a | host: h", false},
  });
}

TEST(Http2Request, CookiesAreJoined) {
  const auto taken = [](const std::string& fields) {
    return "GET / authority=h host=h" + fields + " | host: h";
  };
  Lines many;
  std::string joined;
  for (int i = 0; i < 100; ++i) {
    const std::string crumb = "c" + std::to_string(i) + "=" + std::string(static_cast<std::size_t>(i), 'v');
    many.emplace_back("cookie", crumb);
    if (i % 10 == 0) many.emplace_back("a", std::to_string(i));
    joined += (i > 0 ? "; " : "") + crumb;
  }
  std::string between;
  for (int i = 0; i < 100; i += 10) between += " | a: " + std::to_string(i);
  check({
      {"one", get({{"cookie", "a=b"}}), taken(" | cookie: a=b")},
      {"one with two pairs", get({{"cookie", "a=b; c=d"}}), taken(" | cookie: a=b; c=d")},
      {"two", get({{"cookie", "a=b"}, {"cookie", "c=d"}}), taken(" | cookie: a=b; c=d")},
      {"with others around", get({{"x", "1"}, {"cookie", "a=b"}, {"y", "2"}, {"cookie", "c=d"}, {"z", "3"}}),
       taken(" | x: 1 | cookie: a=b; c=d | y: 2 | z: 3")},
      {"an empty one alone", get({{"cookie", ""}}), taken(" | cookie: ")},
      {"empty ones", get({{"cookie", ""}, {"cookie", "a=b"}, {"cookie", ""}}), taken(" | cookie: a=b")},
      {"nothing but empty ones", get({{"cookie", ""}, {"cookie", ""}}), taken(" | cookie: ")},
      {"a hundred", get(many), taken(" | cookie: " + joined + between)},
      {"a space behind", get({{"cookie", "a=b "}}), bad_ends},
      {"LF in the second", get({{"cookie", "a=b"}, {"cookie", "c\n"}}), bad_value},
      {"Cookie", get({{"Cookie", "a=b"}}), bad_name},
  });
}

TEST(Http2Request, ExtendedConnect) {
  const std::string taken =
      "GET /chat authority=h host=h upgrade=websocket tunnel | sec-websocket-version: 13 |"
      " sec-websocket-key: a2V5 | host: h";
  const auto changed = [](const std::string& name, const std::string& value) {
    Lines lines = websocket();
    for (auto& line : lines) {
      if (line.first == name) line.second = value;
    }
    return lines;
  };
  const auto without = [](const std::string& name) {
    Lines lines = websocket();
    std::erase_if(lines, [&](const auto& line) { return line.first == name; });
    return lines;
  };
  check({
      {"websocket", websocket(), taken, false},
      {"websocket, ended", websocket(), taken, true},
      {"in other case", changed(":protocol", "WebSocket"), taken, false},
      {"with a key of the client's", websocket({{"sec-websocket-key", "b3du"}}), taken, false},
      {"with keys of the client's", websocket({{"sec-websocket-key", "a"}, {"sec-websocket-key", "b"}}),
       taken, false},
      {"with cookies", websocket({{"cookie", "a=b"}, {"cookie", "c=d"}}),
       "GET /chat authority=h host=h upgrade=websocket tunnel | sec-websocket-version: 13 | cookie: a=b; c=d "
       "|"
       " sec-websocket-key: a2V5 | host: h",
       false},
      {"with Host", websocket({{"host", "h"}}),
       "GET /chat authority=h host=h upgrade=websocket tunnel | sec-websocket-version: 13 | host: h |"
       " sec-websocket-key: a2V5",
       false},
      {"with Expect", websocket({{"expect", "100-continue"}}),
       "GET /chat authority=h host=h upgrade=websocket tunnel | sec-websocket-version: 13 | expect: "
       "100-continue |"
       " sec-websocket-key: a2V5 | host: h",
       false},
      {"with another Expect", websocket({{"expect", "a"}}),
       "refused expectation_failed: expectation other than 100-continue", false},
      {"with a query", changed(":path", "/chat?a"),
       "GET /chat ?a authority=h host=h upgrade=websocket tunnel | sec-websocket-version: 13 |"
       " sec-websocket-key: a2V5 | host: h",
       false},
      {"with Content-Length", websocket({{"content-length", "0"}}), "malformed: Content-Length with CONNECT",
       false},
      {"with Upgrade", websocket({{"upgrade", "websocket"}}), about_connection, false},
      {"without :scheme", without(":scheme"), "malformed: no :scheme", false},
      {"without :path", without(":path"), "malformed: no :path", false},
      {"without :authority", without(":authority"), "refused malformed_request: no Host", false},
      {"with another Host", websocket({{"host", "i"}}), other_host, false},
      {"for an asterisk", changed(":path", "*"), "malformed: asterisk target without OPTIONS", false},
      {"past the longest target", changed(":path", "/" + std::string(64, 'a')),
       "refused uri_too_long: target is too long", false},
      {"for connect-udp", changed(":protocol", "connect-udp"),
       "refused unsupported_protocol: extended CONNECT for another than websocket", false},
      {"for h2c", changed(":protocol", "h2c"),
       "refused unsupported_protocol: extended CONNECT for another than websocket", false},
      {"for nothing", changed(":protocol", ""), "malformed: :protocol is not a token", false},
      {"for no token", changed(":protocol", "websocket, h2c"), "malformed: :protocol is not a token", false},
      {":protocol twice",
       {{":protocol", "websocket"}, {":protocol", "websocket"}},
       "malformed: pseudo-field twice"},
      {":protocol with GET", changed(":method", "GET"), "malformed: :protocol without CONNECT", false},
      {":protocol with connect", changed(":method", "connect"), "malformed: :protocol without CONNECT",
       false},
      {"a GET keeps its key", get({{"sec-websocket-key", "b3du"}}),
       "GET / authority=h host=h | sec-websocket-key: b3du | host: h"},
  });
}

TEST(Http2Request, Connect) {
  check({
      {"plain",
       {{":method", "CONNECT"}, {":authority", "h:443"}},
       "refused method_refused: TRACE and CONNECT are not served",
       false},
      {"with :path",
       {{":method", "CONNECT"}, {":authority", "h:443"}, {":path", "/"}},
       "malformed: CONNECT with :scheme or :path",
       false},
      {"with :scheme",
       {{":method", "CONNECT"}, {":authority", "h:443"}, {":scheme", "https"}},
       "malformed: CONNECT with :scheme or :path",
       false},
      {"without :authority", {{":method", "CONNECT"}}, "malformed: CONNECT without :authority", false},
  });
}

TEST(Http2Request, RefusedOnesSayWhatWasRead) {
  FieldSection section = section_of(get_with(":method", "TRACE"));
  http::RequestHead head;
  EXPECT_EQ(read_request(section, true, rules, head).kind, ReadRequest::Kind::refused);
  EXPECT_EQ(head.method_text, "TRACE");
  EXPECT_EQ(head.path, "/");
  EXPECT_EQ(head.major_version, 2);
}

TEST(Http2Request, VersionAndMethodAreThoseThatRulesGoBy) {
  FieldSection section = section_of(post());
  http::RequestHead head;
  ASSERT_EQ(read_request(section, false, rules, head).kind, ReadRequest::Kind::ok);
  EXPECT_EQ(head.major_version, 2);
  EXPECT_EQ(head.minor_version, 1);
  EXPECT_EQ(head.method, http::Method::post);
  EXPECT_EQ(head.target, "/");
  EXPECT_TRUE(head.keep_alive);
  EXPECT_TRUE(head.connection_tokens.empty());
  EXPECT_EQ(http::RequestFacts{}.major_version, 1);
}

TEST(Http2Request, FieldsKnowTheirNamesAndAreNeverCopiedAsLines) {
  FieldSection section = section_of(get({{"user-agent", "a"}, {"x-a", "b"}, {"sec-fetch-mode", "cors"}}));
  http::RequestHead head;
  ASSERT_EQ(read_request(section, true, rules, head).kind, ReadRequest::Kind::ok);
  ASSERT_NE(head.find(http::FieldId::user_agent), nullptr);
  ASSERT_NE(head.find(http::FieldId::host), nullptr);
  EXPECT_EQ(head.fields[1].id, http::FieldId::unknown);
  for (const http::Field& field : head.fields) EXPECT_FALSE(field.verbatim);
}

TEST(Http2Request, IsReusedWithoutATraceOfTheLastRequest) {
  FieldSection section =
      section_of(websocket({{"te", "trailers"}, {"via", "1.1 a"}, {"cookie", "a"}, {"cookie", "b"}}));
  http::RequestHead head;
  ASSERT_EQ(read_request(section, false, rules, head).kind, ReadRequest::Kind::ok);
  section = section_of(get());
  EXPECT_EQ(describe(read_request(section, true, rules, head), head), plain);
  section = section_of({});
  EXPECT_EQ(read_request(section, true, rules, head).kind, ReadRequest::Kind::malformed);
  EXPECT_TRUE(head.fields.empty());
}

TEST(Http2Request, EveryErrorIsTheClients) {
  for (const Lines& lines :
       {Lines{}, get({{"A", "b"}}), get_with(":method", "TRACE"), get_without(":authority")}) {
    FieldSection section = section_of(lines);
    http::RequestHead head;
    const ReadRequest read = read_request(section, true, rules, head);
    EXPECT_NE(read.kind, ReadRequest::Kind::ok);
    EXPECT_EQ(read.error.origin, Origin::client);
    EXPECT_FALSE(read.error.detail.empty());
  }
}

TEST(Http2Request, EveryViewIsOfTheSection) {
  FieldSection section = section_of(websocket({{"cookie", "a"}, {"x-a", "b"}, {"cookie", "c"}}));
  http::RequestHead head;
  ASSERT_EQ(read_request(section, false, rules, head).kind, ReadRequest::Kind::ok);
  const char* const begin = section[0].name.data();
  const auto inside = [&](std::string_view view) {
    return view.data() >= begin && view.data() + view.size() <= begin + section.text_bytes();
  };
  for (const http::Field& field : head.fields) EXPECT_TRUE(inside(field.value)) << field.name;
  EXPECT_TRUE(inside(head.path) && inside(head.target) && inside(head.authority) && inside(head.host));
}

}  // namespace
}  // namespace weir::http2::testing
