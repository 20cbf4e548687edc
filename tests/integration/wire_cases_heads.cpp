#include "integration/wire_cases.hpp"

namespace weir::testing {
namespace {

using namespace std::string_literals;

std::string line(const std::string& text) {
  return text + "\r\nHost: h\r\n\r\n";
}
std::string with(const std::string& fields) {
  return "GET / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n";
}

const std::string get_seen = seen("GET / HTTP/1.1");

/// Fields that go through as `kept`.
WireCase fields(const std::string& name, const std::string& sent, const std::string& kept,
                const std::string& end = "\r\n") {
  return passed(name, with(sent), seen("GET / HTTP/1.1", kept, end));
}

}  // namespace

std::vector<WireCase> request_line_wire_cases() {
  WireCase head = passed("HEAD", line("HEAD /a HTTP/1.1"), seen("HEAD /a HTTP/1.1"));
  head.method = "HEAD";
  return {
      passed("plain GET", line("GET / HTTP/1.1"), get_seen),
      passed("query", line("GET /a?b=c&d HTTP/1.1"), seen("GET /a?b=c&d HTTP/1.1")),
      passed("empty query", line("GET /a? HTTP/1.1"), seen("GET /a? HTTP/1.1")),
      passed("dot segments are resolved", line("GET /a/../b/./c HTTP/1.1"), seen("GET /b/c HTTP/1.1")),
      passed("encoded dot segments are, too", line("GET /a/%2e%2E/%62 HTTP/1.1"), seen("GET /%62 HTTP/1.1")),
      passed("slashes go through as received", line("GET //a//b HTTP/1.1"), seen("GET //a//b HTTP/1.1")),
      passed("encoding goes through as received", line("GET /%41%c3%A9 HTTP/1.1"),
             seen("GET /%41%c3%A9 HTTP/1.1")),
      passed("unregistered method", line("PURGE / HTTP/1.1"), seen("PURGE / HTTP/1.1")),
      passed("OPTIONS of the server", line("OPTIONS * HTTP/1.1"), seen("OPTIONS * HTTP/1.1")),
      passed("one leading empty line", "\r\n" + line("GET / HTTP/1.1"), get_seen),
      std::move(head),

      refused("two leading empty lines", "\r\n\r\n" + line("GET / HTTP/1.1")),
      refused("leading bare LF", "\n" + line("GET / HTTP/1.1")),
      refused("leading bare CR", "\r" + line("GET / HTTP/1.1")),
      refused("leading space", " " + line("GET / HTTP/1.1")),
      refused("leading NUL", "\0"s + line("GET / HTTP/1.1")),
      refused("two spaces before the target", line("GET  / HTTP/1.1")),
      refused("two spaces after the target", line("GET /  HTTP/1.1")),
      refused("tab instead of a space", line("GET\t/ HTTP/1.1")),
      refused("space behind the version", line("GET / HTTP/1.1 ")),
      refused("space in the target", line("GET /a HTTP/1.1 HTTP/1.1")),
      refused("bare LF behind the request line", "GET / HTTP/1.1\nHost: h\r\n\r\n"),
      refused("bare CR behind the request line", "GET / HTTP/1.1\rHost: h\r\n\r\n"),
      refused("NUL in the target", line("GET /\0 HTTP/1.1"s)),
      refused("0xff in the target", line("GET /\xff HTTP/1.1")),
      refused("UTF-8 in the target", line("GET /\xc3\xa9 HTTP/1.1")),
      refused("DEL in the target", line("GET /\x7f HTTP/1.1")),
      refused("fragment", line("GET /a#b HTTP/1.1")),
      refused("target without a slash", line("GET a HTTP/1.1")),
      refused("asterisk with GET", line("GET * HTTP/1.1")),
      passed("encoded slash", line("GET /a%2fb HTTP/1.1"), seen("GET /a%2fb HTTP/1.1")),
      refused("encoded slashes out of the root", line("GET /a/..%2f..%2fb HTTP/1.1")),
      refused("encoded backslash", line("GET /a%5Cb HTTP/1.1")),
      refused("backslash", line("GET /a\\b HTTP/1.1")),
      refused("encoded NUL", line("GET /a%00 HTTP/1.1")),
      refused("broken percent-encoding", line("GET /a%4 HTTP/1.1")),
      refused("path leaves its root", line("GET /../etc/passwd HTTP/1.1")),
      refused("path leaves its root, encoded", line("GET /a/%2e%2e/%2e%2e/b HTTP/1.1")),
      refused("dot segment with parameters", line("GET /a/..;/b HTTP/1.1")),
      refused("method with a colon", line("GE:T / HTTP/1.1")),
      refused("method of 33 bytes", line(std::string(33, 'M') + " / HTTP/1.1")),
      refused("HTTP/0.9", "GET /\r\n"),
      refused("version in lower case", line("GET / http/1.1")),
      refused("version with two digits", line("GET / HTTP/1.10")),
      refused("TLS on the plain port", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s),
      refused("HTTP/1.2", line("GET / HTTP/1.2"), 505),
      refused("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
      refused("TRACE", line("TRACE / HTTP/1.1"), 405),
      refused("CONNECT", line("CONNECT h:443 HTTP/1.1"), 405),
  };
}

std::vector<WireCase> field_wire_cases() {
  return {
      fields("whitespace around a value", "A: \t b c \t\r\n", "A: b c\r\n"),
      fields("no space behind the colon", "A:b\r\n", "A: b\r\n"),
      fields("empty value", "A:\r\n", "A: \r\n"),
      fields("HTAB and obs-text in a value", "A: b\t\xff\x80\r\n", "A: b\t\xff\x80\r\n"),
      fields("fields keep their order and case", "b: 1\r\nA: 2\r\nB: 3\r\n", "b: 1\r\nA: 2\r\nB: 3\r\n"),
      fields("cookies", "Cookie: a=b\r\nCookie: c=d\r\n", "Cookie: a=b\r\nCookie: c=d\r\n"),
      fields("what Connection names", "Connection: X-Hop\r\nX-Hop: 1\r\nX-End: 2\r\n", "X-End: 2\r\n"),
      fields("hop-by-hop fields", "Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nTE: deflate\r\n",
             ""),
      fields("Upgrade that Connection does not name", "Upgrade: websocket\r\n", ""),
      fields("TE: trailers", "Connection: TE\r\nTE: trailers\r\n", "",
             "Connection: TE\r\nTE: trailers\r\n\r\n"),
      fields("forwarding fields of a stranger",
             "X-Forwarded-For: 10.0.0.1\r\nX-Real-IP: 10.0.0.1\r\nX-Forwarded-Proto: https\r\n"
             "X-Forwarded-Host: evil\r\nX-Forwarded-Port: 1\r\nForwarded: for=10.0.0.1\r\n",
             ""),
      fields("forwarding fields spelt with underscores",
             "X_Forwarded_For: 10.0.0.1\r\nX_Real_IP: 10.0.0.1\r\n", ""),
      fields("request id of a stranger", "X-Request-Id: mine\r\n", ""),
      fields("Proxy field", "Proxy: http://evil\r\n", ""),

      refused("folded value", with("A: b\r\n c\r\n")),
      refused("folded value, tab", with("A: b\r\n\tc\r\n")),
      refused("folded Host", "GET / HTTP/1.1\r\nHost:\r\n h\r\n\r\n"),
      refused("folded Transfer-Encoding", with("Transfer-Encoding:\r\n chunked\r\n") + "0\r\n\r\n"),
      refused("folded Content-Length", with("Content-Length:\r\n 5\r\n") + "hello"),
      refused("whitespace before the first field", "GET / HTTP/1.1\r\n Host: h\r\n\r\n"),
      refused("whitespace line", with(" \r\n")),
      refused("space before the colon", with("A : b\r\n")),
      refused("tab before the colon", with("A\t: b\r\n")),
      refused("space before the colon of Content-Length", with("Content-Length : 5\r\n") + "hello"),
      refused("space before the colon of Transfer-Encoding",
              with("Transfer-Encoding : chunked\r\n") + "0\r\n\r\n"),
      refused("no colon", with("A\r\n")),
      refused("no name", with(": b\r\n")),
      refused("name with a space", with("A B: c\r\n")),
      refused("name with obs-text", with("\xe4: b\r\n")),
      refused("bare LF ends a field", with("A: b\nC: d\r\n")),
      refused("bare LF smuggles a field", with("A: b\nTransfer-Encoding: chunked\r\n")),
      refused("bare LF as the empty line",
              "GET / HTTP/1.1\r\nHost: h\r\n\nGET /evil HTTP/1.1\r\nHost: h\r\n\r\n"),
      refused("bare CR in a value", with("A: b\rC: d\r\n")),
      refused("CR CR LF", with("A: b\r\r\n")),
      refused("NUL in a value", with("A: b\0c\r\n"s)),
      refused("NUL in a name", with("A\0B: c\r\n"s)),
      refused("vertical tab in a value", with("A: \vb\r\n")),
      refused("DEL in a value", with("A: \x7f\r\n")),
      refused("Connection names Content-Length",
              with("Content-Length: 5\r\nConnection: Content-Length\r\n") + "hello"),
      refused("Connection names Transfer-Encoding",
              with("Transfer-Encoding: chunked\r\nConnection: transfer-encoding\r\n") + "0\r\n\r\n"),
      refused("Connection names Host", with("Connection: close, host\r\n")),
      refused("Connection names Authorization", with("Authorization: x\r\nConnection: authorization\r\n")),
      refused("Connection names X-Forwarded-For", with("Connection: X-Forwarded-For\r\n")),
      refused("Connection with parameters", with("Connection: close;q=1\r\n")),
  };
}

std::vector<WireCase> authority_wire_cases() {
  const auto host = [](const std::string& value) { return "GET / HTTP/1.1\r\nHost: " + value + "\r\n\r\n"; };
  const auto kept = [&](const std::string& value) {
    return passed("Host " + value, host(value), seen("GET / HTTP/1.1", "", "\r\n", value));
  };
  return {
      kept("Example.COM"),
      kept("example.com:8080"),
      kept("[2001:db8::1]:80"),
      kept("192.0.2.1"),
      passed("absolute-form", line("GET http://h/a?b HTTP/1.1"), seen("GET /a?b HTTP/1.1")),
      passed("absolute-form in other case", line("GET HTTP://H/ HTTP/1.1"), get_seen),
      passed("absolute-form without a path", line("GET http://h HTTP/1.1"), get_seen),
      passed("absolute-form with a query only", line("GET http://h?a HTTP/1.1"), seen("GET /?a HTTP/1.1")),
      passed("absolute-form OPTIONS of the server", line("OPTIONS http://h HTTP/1.1"),
             seen("OPTIONS * HTTP/1.1")),

      refused("no Host", "GET / HTTP/1.1\r\nA: b\r\n\r\n"),
      refused("no fields", "GET / HTTP/1.1\r\n\r\n"),
      refused("empty Host", host("")),
      refused("two Hosts", with("Host: evil\r\n")),
      refused("two equal Hosts", with("Host: h\r\n")),
      refused("two Hosts, names in other case", with("A: b\r\nhOST: evil\r\n")),
      refused("Host with userinfo", host("user@h")),
      refused("Host with a path", host("h/a")),
      refused("Host list", host("h, evil")),
      refused("Host list without blanks", host("h,evil")),
      refused("Host with a space", host("h evil")),
      refused("Host with obs-text", host("h\xff")),
      refused("Host with port 65536", host("h:65536")),
      passed("Host with an empty port", host("h:"), "GET / HTTP/1.1\r\nHost: h:\r\n<forwarding>\r\n\r\n"),
      refused("Host with a named port", host("h:http")),
      refused("Host with two ports", host("h:80:81")),
      refused("Host IPv6 without brackets", host("::1")),
      refused("Host IPv6 with a zone", host("[fe80::1%25eth0]")),
      refused("absolute-form with another host", line("GET http://evil/ HTTP/1.1")),
      refused("absolute-form with another port", line("GET http://h:81/ HTTP/1.1")),
      refused("absolute-form with userinfo", line("GET http://h@evil/ HTTP/1.1")),
      refused("absolute-form without a host", line("GET http:///a HTTP/1.1")),
      refused("absolute-form without Host", "GET http://h/ HTTP/1.1\r\n\r\n"),
      refused("absolute-form with another scheme", line("GET ftp://h/ HTTP/1.1")),
  };
}

}  // namespace weir::testing
