#include "unit/http1/head_cases.hpp"

namespace weir::http1::testing {
namespace {

std::string get(const std::string& lines) {
  return "GET / HTTP/1.1\r\n" + lines + "\r\n";
}
std::string old(const std::string& lines) {
  return "GET / HTTP/1.0\r\n" + lines + "\r\n";
}
std::string host(const std::string& value) {
  return get("Host: " + value + "\r\n");
}
std::string with(const std::string& lines) {
  return get("Host: h\r\n" + lines);
}

std::string accepted_host(const std::string& value) {
  return "GET / authority=" + value + " +1";
}

std::string tokens(std::size_t count) {
  std::string list = "a";
  for (std::size_t i = 1; i < count; ++i) list += ",a";
  return list;
}

constexpr const char* bad = "malformed_request";
constexpr const char* plain = "GET / authority=h +2";
constexpr const char* plain3 = "GET / authority=h +3";

}  // namespace

const std::vector<HeadCase>& request_host_cases() {
  static const std::vector<HeadCase> cases = {
      {"name", host("www.example.com"), accepted_host("www.example.com")},
      {"name and port", host("example.com:8080"), accepted_host("example.com:8080")},
      {"case is kept", host("ExAmple.COM"), accepted_host("ExAmple.COM")},
      {"underscore", host("my_app"), accepted_host("my_app")},
      {"trailing dot", host("example.com."), accepted_host("example.com.")},
      {"IPv4", host("192.0.2.1:80"), accepted_host("192.0.2.1:80")},
      {"IPv6", host("[2001:db8::1]:80"), accepted_host("[2001:db8::1]:80")},
      {"IPv6 without port", host("[::1]"), accepted_host("[::1]")},
      {"percent-encoded name", host("a%20b"), accepted_host("a%20b")},
      {"port 0", host("h:0"), accepted_host("h:0")},
      {"port 65535", host("h:65535"), accepted_host("h:65535")},
      {"surrounding whitespace", get("Host: \t h \t\r\n"), accepted_host("h")},
      {"name of the field in other case", get("hOsT: h\r\n"), accepted_host("h")},

      {"none", get(""), bad},
      {"none, other fields", get("A: b\r\n"), bad},
      {"two", get("Host: h\r\nHost: h\r\n"), bad},
      {"two, different", get("Host: h\r\nHost: g\r\n"), bad},
      {"two, different case of the name", get("Host: h\r\nhost: g\r\n"), bad},
      {"two, far apart", get("Host: h\r\nA: b\r\nC: d\r\nHost: g\r\n"), bad},
      {"empty", host(""), bad},
      {"port 65536", host("h:65536"), bad},
      {"port of six digits", host("h:000080"), bad},
      {"a list of hosts", host("a,b"), bad},
      {"port is a name", host("h:http"), bad},
      {"port is signed", host("h:+80"), bad},
      {"two ports", host("h:80:80"), bad},
      {"only a port", host(":80"), bad},
      {"leading dot", host(".example.com"), bad},
      {"userinfo", host("user@h"), bad},
      {"userinfo with password", host("user:pass@h"), bad},
      {"path", host("h/a"), bad},
      {"query", host("h?a"), bad},
      {"fragment", host("h#a"), bad},
      {"backslash", host("h\\a"), bad},
      {"space inside", host("h g"), bad},
      {"list", host("h, g"), bad},
      {"obs-text", host("h\xff"), bad},
      {"quotes", host("\"h\""), bad},
      {"angle brackets", host("<h>"), bad},
      {"broken percent-encoding", host("h%2"), bad},
      {"broken percent-encoding, no hex", host("h%zz"), bad},
      {"IPv6 without brackets", host("::1"), bad},
      {"IPv6 without end", host("[::1"), bad},
      {"IPv6 and junk", host("[::1]a"), bad},
      {"IPv6 with zone", host("[fe80::1%25eth0]"), bad},
      {"IPv4 in brackets", host("[127.0.0.1]"), bad},
      {"name in brackets", host("[h]"), bad},
      {"empty brackets", host("[]"), bad},
      {"future IP literal", host("[v1.a]"), bad},
      {"URL", host("http://h"), bad},

      {"HTTP/1.0 without", old(""), "GET / 1.0 authority= close +0"},
      {"HTTP/1.0 with", old("Host: h\r\n"), "GET / 1.0 authority=h close +1"},
      {"HTTP/1.0 with two", old("Host: h\r\nHost: h\r\n"), bad},
      {"HTTP/1.0 with an empty one", old("Host:\r\n"), bad},
      {"HTTP/1.0 with an invalid one", old("Host: a b\r\n"), bad},
      {"HTTP/1.0 absolute without Host", "GET http://h:1/a HTTP/1.0\r\n\r\n",
       "GET /a absolute 1.0 authority=h:1 close +0"},
      {"HTTP/1.0 absolute, invalid authority", "GET http://u@h/a HTTP/1.0\r\n\r\n", bad},
  };
  return cases;
}

const std::vector<HeadCase>& request_connection_cases() {
  static const std::vector<HeadCase> cases = {
      {"close", with("Connection: close\r\n"), "GET / authority=h close +2"},
      {"close in other case", with("Connection: CLOSE\r\n"), "GET / authority=h close +2"},
      {"keep-alive", with("Connection: keep-alive\r\n"), plain},
      {"close wins", with("Connection: keep-alive, close\r\n"), "GET / authority=h close +2"},
      {"close wins over two fields", with("Connection: close\r\nConnection: keep-alive\r\n"),
       "GET / authority=h close +3"},
      {"empty members", with("Connection: , close ,,\r\n"), "GET / authority=h close +2"},
      {"empty", with("Connection:\r\n"), plain},
      {"names a field", with("Connection: X-Custom\r\nX-Custom: 1\r\n"), "GET / authority=h +2"},
      {"HTTP/1.0 keep-alive", old("Host: h\r\nConnection: Keep-Alive\r\n"), "GET / 1.0 authority=h +2"},
      {"HTTP/1.0 keep-alive and close", old("Host: h\r\nConnection: Keep-Alive, close\r\n"),
       "GET / 1.0 authority=h close +2"},
      {"32 members", with("Connection: " + tokens(32) + "\r\n"), plain},
      {"33 members", with("Connection: " + tokens(33) + "\r\n"), bad},
      {"33 members in two fields",
       with("Connection: " + tokens(20) + "\r\nConnection: " + tokens(13) + "\r\n"), bad},
      {"not a token", with("Connection: a b\r\n"), bad},
      {"parameters", with("Connection: close;q=1\r\n"), bad},
      {"quoted", with("Connection: \"close\"\r\n"), bad},
      {"obs-text", with("Connection: \xff\r\n"), bad},
      {"names Content-Length", with("Connection: close, Content-Length\r\n"), bad},
      {"names content-length beside one", with("Content-Length: 5\r\nConnection: content-length\r\n"), bad},
      {"names Transfer-Encoding", with("Connection: transfer-encoding\r\n"), bad},
      {"names Host", with("Connection: Host\r\n"), bad},
      {"names Authorization", with("Connection: Authorization\r\n"), bad},
      {"names Cookie", with("Connection: cookie\r\n"), bad},
      {"names X-Forwarded-For", with("Connection: X-Forwarded-For\r\n"), bad},
      {"names X-Forwarded-Proto", with("Connection: x-forwarded-proto\r\n"), bad},
      {"names X-Real-IP", with("Connection: x-real-ip\r\n"), bad},
      {"names X-Request-Id", with("Connection: x-request-id\r\n"), bad},
      {"names Content-Type in the second field", with("Connection: close\r\nConnection: content-type\r\n"),
       bad},

      {"expect 100-continue", with("Expect: 100-continue\r\nContent-Length: 1\r\n"),
       "GET / authority=h body=length:1 continue +3"},
      {"expect in other case", with("Expect: 100-Continue\r\nTransfer-Encoding: chunked\r\n"),
       "GET / authority=h body=chunked continue +3"},
      {"expect without a body", with("Expect: 100-continue\r\n"), plain},
      {"expect something else", with("Expect: 200-ok\r\n"), "expectation_failed"},
      {"expect twice", with("Expect: 100-continue\r\nExpect: 100-continue\r\n"), "expectation_failed"},
      {"expect a list", with("Expect: 100-continue, x\r\n"), "expectation_failed"},
      {"expect nothing", with("Expect:\r\n"), "expectation_failed"},
      {"expect on HTTP/1.0", old("Host: h\r\nExpect: 200-ok\r\nContent-Length: 1\r\n"),
       "GET / 1.0 authority=h body=length:1 close +3"},
      {"framing comes before the expectation", with("Expect: x\r\nContent-Length: x\r\n"), bad},

      {"upgrade", with("Connection: Upgrade\r\nUpgrade: websocket\r\n"),
       "GET / authority=h upgrade=websocket +3"},
      {"upgrade beside keep-alive", with("Connection: keep-alive, upgrade\r\nUpgrade: websocket\r\n"),
       "GET / authority=h upgrade=websocket +3"},
      {"upgrade not named by Connection", with("Upgrade: websocket\r\n"), plain},
      {"Connection: upgrade alone", with("Connection: upgrade\r\n"), plain},
      {"upgrade on HTTP/1.0", old("Host: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"),
       "GET / 1.0 authority=h close +3"},
      {"upgrade with POST", "POST / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
       "POST / authority=h +3"},
      {"upgrade with a body", with("Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n"),
       "GET / authority=h body=length:1 +4"},
      {"upgrade with an empty body",
       with("Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n"),
       "GET / authority=h body=length:0 upgrade=websocket +4"},
      {"upgrade with a chunked body",
       with("Connection: upgrade\r\nUpgrade: a\r\nTransfer-Encoding: chunked\r\n"),
       "GET / authority=h body=chunked +4"},
      {"upgrade to h2c is not passed on", with("Connection: upgrade, http2-settings\r\nUpgrade: h2c\r\n"),
       plain3},
      {"upgrade to websocket or h2c", with("Connection: upgrade\r\nUpgrade: websocket, H2C\r\n"), plain3},
      {"upgrade to TLS", with("Connection: upgrade\r\nUpgrade: TLS/1.0\r\n"), plain3},
      {"upgrade to HTTP", with("Connection: upgrade\r\nUpgrade: HTTP/2.0\r\n"), plain3},
      {"two upgrades", with("Connection: upgrade\r\nUpgrade: a\r\nUpgrade: b\r\n"), "GET / authority=h +4"},

      {"trailers", with("TE: trailers\r\nConnection: TE\r\n"), "GET / authority=h trailers +3"},
      {"trailers in a list", with("TE: deflate;q=0.5, Trailers\r\n"), "GET / authority=h trailers +2"},
      {"no trailers", with("TE: deflate\r\n"), plain},
      {"trailers on HTTP/1.0", old("Host: h\r\nTE: trailers\r\n"), "GET / 1.0 authority=h close +2"},
  };
  return cases;
}

}  // namespace weir::http1::testing
