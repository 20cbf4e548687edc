#include "integration/http2_request_cases.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace weir::testing {
namespace {

using namespace std::string_literals;
using h2::FieldLines;

constexpr std::size_t past_uri_bytes = 9 * 1024;  // limits.uri_bytes is 8 KiB by default

FieldLines joined(FieldLines lines, const FieldLines& more) {
  lines.insert(lines.end(), more.begin(), more.end());
  return lines;
}

FieldLines pseudo(const std::string& method, const std::string& path) {
  return {{":method", method}, {":scheme", "http"}, {":authority", "h"}, {":path", path}};
}

FieldLines with(const FieldLines& fields) {
  return joined(pseudo("GET", "/"), fields);
}

Http2RequestCase passed(std::string name, FieldLines fields, std::string seen,
                        std::optional<std::string> body = std::nullopt) {
  Http2RequestCase row;
  row.name = std::move(name);
  row.fields = std::move(fields);
  row.body = std::move(body);
  row.seen = std::move(seen);
  return row;
}

/// A GET of `/` whose fields go through as `kept`.
Http2RequestCase kept(std::string name, const FieldLines& fields, const std::string& lines) {
  return passed(std::move(name), with(fields), "GET / HTTP/1.1\nhost: h\n" + lines + "\n");
}

Http2RequestCase refused(std::string name, FieldLines fields, int status,
                         std::optional<std::string> body = std::nullopt) {
  Http2RequestCase row;
  row.name = std::move(name);
  row.fields = std::move(fields);
  row.body = std::move(body);
  row.status = status;
  return row;
}

Http2RequestCase malformed(std::string name, FieldLines fields,
                           std::optional<std::string> body = std::nullopt) {
  Http2RequestCase row;
  row.name = std::move(name);
  row.fields = std::move(fields);
  row.body = std::move(body);
  row.reset = true;
  return row;
}

FieldLines without(FieldLines lines, std::string_view name) {
  std::erase_if(lines, [&](const auto& line) { return line.first == name; });
  return lines;
}

FieldLines replaced(FieldLines lines, std::string_view name, const std::string& value) {
  for (auto& line : lines) {
    if (line.first == name) line.second = value;
  }
  return lines;
}

FieldLines with_path(const std::string& path) {
  return pseudo("GET", path);
}

bool is_added(std::string_view name) {
  constexpr std::array<std::string_view, 9> added = {"x-forwarded-for",
                                                     "x-real-ip",
                                                     "x-forwarded-proto",
                                                     "x-forwarded-host",
                                                     "x-forwarded-port",
                                                     "x-request-id",
                                                     "traceparent",
                                                     "via",
                                                     "host"};
  return std::ranges::find(added, name) != added.end();
}

}  // namespace

std::string seen_request(const Request& request) {
  std::string text = request.start_line + "\n";
  for (const std::string& host : request.fields.values("Host")) text += "host: " + host + "\n";
  for (const auto& [name, value] : request.fields.all) {
    if (!is_added(to_lower(name))) text += to_lower(name) + ": " + value + "\n";
  }
  return text + "\n" + request.body;
}

std::vector<Http2RequestCase> passed_http2_requests() {
  const std::string get_seen = "GET / HTTP/1.1\nhost: h\n\n";
  const FieldLines post = pseudo("POST", "/");
  const FieldLines get = pseudo("GET", "/");
  return {
      passed("plain GET", get, get_seen),
      passed("pseudo fields in another order",
             {{":path", "/"}, {":authority", "h"}, {":scheme", "http"}, {":method", "GET"}}, get_seen),
      passed("query", with_path("/a?b=c&d"), "GET /a?b=c&d HTTP/1.1\nhost: h\n\n"),
      passed("encoding goes through as received", with_path("/%41%c3%A9"),
             "GET /%41%c3%A9 HTTP/1.1\nhost: h\n\n"),
      passed("dot segments are resolved", with_path("/a/../b/./c"), "GET /b/c HTTP/1.1\nhost: h\n\n"),
      passed("OPTIONS of the server", pseudo("OPTIONS", "*"), "OPTIONS * HTTP/1.1\nhost: h\n\n"),
      passed("unregistered method", pseudo("PURGE", "/"), "PURGE / HTTP/1.1\nhost: h\n\n"),
      passed("another scheme than the connection's", replaced(get, ":scheme", "https"), get_seen),
      passed("authority with a port", replaced(get, ":authority", "Example.COM:8080"),
             "GET / HTTP/1.1\nhost: Example.COM:8080\n\n"),
      passed("IPv6 authority", replaced(get, ":authority", "[2001:db8::1]:80"),
             "GET / HTTP/1.1\nhost: [2001:db8::1]:80\n\n"),
      passed("host without authority", joined(without(get, ":authority"), {{"host", "h"}}), get_seen),
      passed("host equal to authority", with({{"host", "h"}}), get_seen),

      kept("order of fields", {{"b", "1"}, {"a", "2"}, {"b", "3"}}, "b: 1\na: 2\nb: 3\n"),
      kept("empty value", {{"a", ""}}, "a: \n"),
      kept("HTAB and obs-text in a value", {{"a", "b\t\xff\x80"}}, "a: b\t\xff\x80\n"),
      kept("one cookie", {{"cookie", "a=b"}}, "cookie: a=b\n"),
      kept("cookie crumbs", {{"cookie", "a=b"}, {"x", "1"}, {"cookie", "c=d"}, {"cookie", "e=f"}},
           "cookie: a=b; c=d; e=f\nx: 1\n"),
      kept("forwarding fields of a stranger",
           {{"x-forwarded-for", "10.0.0.1"}, {"x-real-ip", "10.0.0.1"}, {"forwarded", "for=10.0.0.1"}}, ""),
      kept("forwarding fields spelt with underscores", {{"x_forwarded_for", "10.0.0.1"}, {"x_real_ip", "1"}},
           ""),
      kept("request id of a stranger", {{"x-request-id", "mine"}}, ""),
      kept("Proxy field", {{"proxy", "http://evil"}}, ""),
      kept("fields of HTTP/1's upgrade to HTTP/2", {{"http2-settings", "AAMAAABk"}}, ""),
      kept("Content-Length of 0 without a body", {{"content-length", "0"}}, "content-length: 0\n"),

      passed("body with its length", joined(post, {{"content-length", "5"}}),
             "POST / HTTP/1.1\nhost: h\ncontent-length: 5\n\nhello", "hello"),
      passed("body without a length", post, "POST / HTTP/1.1\nhost: h\ntransfer-encoding: chunked\n\nhello",
             "hello"),
      passed("POST that ends with its head", post, "POST / HTTP/1.1\nhost: h\ncontent-length: 0\n\n"),
      passed("GET with a body", joined(get, {{"content-length", "5"}}),
             "GET / HTTP/1.1\nhost: h\ncontent-length: 5\n\nhello", "hello"),
      passed("Content-Length of 0 and an empty DATA", joined(post, {{"content-length", "0"}}),
             "POST / HTTP/1.1\nhost: h\ncontent-length: 0\n\n", ""),
  };
}

std::vector<Http2RequestCase> refused_http2_requests() {
  const FieldLines get = pseudo("GET", "/");
  const FieldLines nameless = without(get, ":authority");
  const auto authority = [&](const std::string& value) { return replaced(get, ":authority", value); };
  return {
      refused("neither authority nor host", nameless, 400),
      refused("empty authority", authority(""), 400),
      refused("empty host", joined(nameless, {{"host", ""}}), 400),
      refused("authority and host differ", with({{"host", "evil"}}), 400),
      refused("authority and host differ by port", with({{"host", "h:81"}}), 400),
      refused("two hosts", joined(nameless, {{"host", "h"}, {"host", "evil"}}), 400),
      refused("two hosts beside an authority", with({{"host", "h"}, {"host", "h"}}), 400),
      refused("authority with userinfo", authority("user@h"), 400),
      refused("authority with a path", authority("h/a"), 400),
      refused("authority with a list", authority("h,evil"), 400),
      refused("authority with a space", authority("h evil"), 400),
      refused("authority with obs-text", authority("h\xff"), 400),
      refused("authority with port 65536", authority("h:65536"), 400),
      refused("IPv6 authority without brackets", authority("::1"), 400),
      refused("TRACE", pseudo("TRACE", "/"), 405),
      refused("CONNECT", {{":method", "CONNECT"}, {":authority", "h:443"}}, 405),
      refused("CONNECT with data", {{":method", "CONNECT"}, {":authority", "h:443"}}, 405, "hello"),
      refused("extended CONNECT for an unknown protocol",
              joined(pseudo("CONNECT", "/"), {{":protocol", "smtp"}}), 501, "hello"),
      refused("path that is too long", with_path("/" + std::string(past_uri_bytes, 'p')), 414),
      refused("unknown expectation", joined(pseudo("POST", "/"), {{"expect", "a-miracle"}}), 417, "hello"),
      refused("too many fields", with(FieldLines(150, {"x-many", "v"})), 431),
      refused("fields that are too long", with(FieldLines(5, {"x-long", std::string(8000, 'l')})), 431),
  };
}

std::vector<Http2RequestCase> malformed_http2_pseudo_fields() {
  const FieldLines get = pseudo("GET", "/");
  return {
      malformed("no method", without(get, ":method")),
      malformed("no scheme", without(get, ":scheme")),
      malformed("no path", without(get, ":path")),
      malformed("nothing at all", {}),
      malformed("empty method", replaced(get, ":method", "")),
      malformed("empty scheme", replaced(get, ":scheme", "")),
      malformed("empty path", replaced(get, ":path", "")),
      malformed("method twice", joined(get, {{":method", "GET"}})),
      malformed("path twice", joined(get, {{":path", "/evil"}})),
      malformed("authority twice", joined(get, {{":authority", "h"}})),
      malformed("scheme twice", joined(get, {{":scheme", "http"}})),
      malformed("unknown pseudo field", joined(get, {{":evil", "1"}})),
      malformed("pseudo field of responses", joined(get, {{":status", "200"}})),
      malformed("pseudo field behind a field", joined(with({{"a", "b"}}), {{":evil", "1"}})),
      malformed("path behind a field", joined(without(get, ":path"), {{"a", "b"}, {":path", "/"}})),
      malformed("pseudo field in upper case", joined(without(get, ":path"), {{":Path", "/"}})),
      malformed("protocol without CONNECT", joined(get, {{":protocol", "websocket"}})),
      malformed("CONNECT with a path", {{":method", "CONNECT"}, {":authority", "h:443"}, {":path", "/"}}),
      malformed("CONNECT with a scheme",
                {{":method", "CONNECT"}, {":scheme", "http"}, {":authority", "h:443"}}),
      malformed("CONNECT without authority", {{":method", "CONNECT"}}),
      malformed("method with a space", replaced(get, ":method", "GET /evil")),
      malformed("method with a line", replaced(get, ":method", "GET / HTTP/1.1\r\nevil: 1\r\n\r\nGET")),
      malformed("scheme with a space", replaced(get, ":scheme", "ht tp")),
      malformed("path without a slash", with_path("a")),
      malformed("path that is a URI", with_path("http://h/")),
      malformed("asterisk with GET", with_path("*")),
      malformed("path with a fragment", with_path("/a#b")),
      malformed("path with a space", with_path("/a HTTP/1.1")),
      malformed("path with a line", with_path("/ HTTP/1.1\r\nevil: 1\r\nx: ")),
      malformed("path with NUL", with_path("/\0"s)),
      malformed("path with a tab", with_path("/a\tb")),
      malformed("path with UTF-8", with_path("/\xc3\xa9")),
      malformed("path with DEL", with_path("/\x7f")),
      malformed("authority with a line", replaced(get, ":authority", "h\r\nevil: 1")),
  };
}

std::vector<Http2RequestCase> malformed_http2_fields() {
  const FieldLines post = pseudo("POST", "/");
  const auto lengths = [&](const FieldLines& fields) { return joined(post, fields); };
  return {
      malformed("upper case in a name", with({{"X-Upper", "1"}})),
      malformed("last letter of a name in upper case", with({{"x-uppeR", "1"}})),
      malformed("no name", with({{"", "1"}})),
      malformed("name with a space", with({{"a b", "1"}})),
      malformed("name with a colon", with({{"a:b", "1"}})),
      malformed("name with obs-text", with({{"\xe4", "1"}})),
      malformed("name with NUL", with({{"a\0b"s, "1"}})),
      malformed("name with a line", with({{"a: b\r\nevil", "1"}})),
      malformed("NUL in a value", with({{"a", "b\0c"s}})),
      malformed("CR in a value", with({{"a", "b\rc"}})),
      malformed("LF in a value", with({{"a", "b\nevil: 1"}})),
      malformed("a line in a value", with({{"a", "b\r\ntransfer-encoding: chunked"}})),
      malformed("leading space", with({{"a", " b"}})),
      malformed("leading tab", with({{"a", "\tb"}})),
      malformed("trailing space", with({{"a", "b "}})),
      malformed("trailing tab", with({{"a", "b\t"}})),
      malformed("connection", with({{"connection", "close"}})),
      malformed("connection that names a field", with({{"connection", "x-hop"}, {"x-hop", "1"}})),
      malformed("keep-alive", with({{"keep-alive", "timeout=5"}})),
      malformed("proxy-connection", with({{"proxy-connection", "keep-alive"}})),
      malformed("upgrade", with({{"upgrade", "websocket"}})),
      malformed("transfer-encoding", lengths({{"transfer-encoding", "chunked"}}), "0\r\n\r\n"),
      malformed("transfer-encoding of identity", with({{"transfer-encoding", "identity"}})),
      malformed("te of another coding", with({{"te", "gzip"}})),
      malformed("te of trailers and another coding", with({{"te", "trailers, deflate"}})),
      malformed("te twice", with({{"te", "trailers"}, {"te", "trailers"}})),
      malformed("two lengths", lengths({{"content-length", "5"}, {"content-length", "6"}}), "hello"),
      malformed("two equal lengths", lengths({{"content-length", "5"}, {"content-length", "5"}}), "hello"),
      malformed("list of lengths", lengths({{"content-length", "5, 5"}}), "hello"),
      malformed("length with a sign", lengths({{"content-length", "+5"}}), "hello"),
      malformed("negative length", lengths({{"content-length", "-5"}}), "hello"),
      malformed("hexadecimal length", lengths({{"content-length", "0x5"}}), "hello"),
      malformed("empty length", lengths({{"content-length", ""}}), "hello"),
      malformed("length past 64 bits", lengths({{"content-length", "18446744073709551621"}}), "hello"),
      malformed("length, and END_STREAM with the head", lengths({{"content-length", "5"}})),
  };
}

}  // namespace weir::testing
