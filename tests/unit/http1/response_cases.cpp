#include "unit/http1/head_cases.hpp"

namespace weir::http1::testing {
namespace {

using namespace std::string_literals;

std::string ok(const std::string& lines) {
  return "HTTP/1.1 200 OK\r\n" + lines + "\r\n";
}
std::string old(const std::string& lines) {
  return "HTTP/1.0 200 OK\r\n" + lines + "\r\n";
}
std::string status(const std::string& line, const std::string& lines = "Content-Length: 0\r\n") {
  return line + "\r\n" + lines + "\r\n";
}

std::string many_fields(std::size_t count) {
  std::string lines;
  for (std::size_t i = 0; i < count; ++i) lines += "A: b\r\n";
  return lines;
}

constexpr const char* bad = "response_malformed";

}  // namespace

const std::vector<HeadCase>& response_cases() {
  static const std::vector<HeadCase> cases = {
      {"plain", ok("Content-Length: 5\r\n"), "200 OK body=length:5 +1"},
      {"no reason", status("HTTP/1.1 200 "), "200  body=length:0 +1"},
      {"reason with HTAB and obs-text", status("HTTP/1.1 200 a\tb\xff"), "200 a\tb\xff body=length:0 +1"},
      {"status 599", status("HTTP/1.1 599 X"), "599 X body=length:0 +1"},
      {"unregistered status", status("HTTP/1.1 299 X"), "299 X body=length:0 +1"},
      {"incomplete", "HTTP/1.1 200 OK\r\nA: b\r\n", "incomplete"},
      {"nothing", "", "incomplete"},
      {"half a version", "HTTP/1", "incomplete"},
      {"body behind", ok("Content-Length: 5\r\n") + "hello", "200 OK body=length:5 +1"},

      {"status 099", status("HTTP/1.1 099 X"), bad},
      {"status 600", status("HTTP/1.1 600 X"), bad},
      {"status 999", status("HTTP/1.1 999 X"), bad},
      {"status of two digits", status("HTTP/1.1 20 OK"), bad},
      {"status of four digits", status("HTTP/1.1 2000 OK"), bad},
      {"status with a sign", status("HTTP/1.1 +20 OK"), bad},
      {"status is a word", status("HTTP/1.1 abc OK"), bad},
      {"no space after the status", status("HTTP/1.1 200"), bad},
      {"two spaces before the status", status("HTTP/1.1  200 OK"), bad},
      {"tab before the status", status("HTTP/1.1\t200 OK"), bad},
      {"version 1.2", status("HTTP/1.2 200 OK"), bad},
      {"version 2.0", status("HTTP/2.0 200 OK"), bad},
      {"version in lower case", status("http/1.1 200 OK"), bad},
      {"no version", status("200 OK"), bad},
      {"ICY", status("ICY 200 OK"), bad},
      {"leading empty line", "\r\n" + ok("Content-Length: 5\r\n"), bad},
      {"leading space", " " + ok("Content-Length: 5\r\n"), bad},
      {"garbage", "\x15\x03\x01\x00\x02\x02\x16"s, bad},
      {"HTML", "<html>", bad},

      {"bare LF", "HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\n", bad},
      {"bare LF everywhere", "HTTP/1.1 200 OK\nContent-Length: 5\n\n", bad},
      {"bare CR in the reason", status("HTTP/1.1 200 O\rK"), bad},
      {"bare CR in a value", ok("A: b\rc\r\n"), bad},
      {"NUL in the reason", status("HTTP/1.1 200 O\0K"s), bad},
      {"NUL in a value", ok("A: \0\r\n"s), bad},
      {"folded value", ok("A: b\r\n c\r\n"), bad},
      {"whitespace before the first field", status("HTTP/1.1 200 OK", " A: b\r\n"), bad},
      {"space before the colon", ok("A : b\r\n"), bad},
      {"no colon", ok("A\r\n"), bad},
      {"no name", ok(": b\r\n"), bad},
      {"value with obs-text", ok("A: \xe4\r\nContent-Length: 0\r\n"), "200 OK body=length:0 +2"},

      {"chunked", ok("Transfer-Encoding: chunked\r\n"), "200 OK body=chunked +1"},
      {"until close", ok(""), "200 OK body=until_close close +0"},
      {"until close in spite of keep-alive", ok("Connection: keep-alive\r\n"),
       "200 OK body=until_close close +1"},
      {"close", ok("Content-Length: 5\r\nConnection: close\r\n"), "200 OK body=length:5 close +2"},
      {"close wins", ok("Content-Length: 5\r\nConnection: keep-alive, Close\r\n"),
       "200 OK body=length:5 close +2"},
      {"HTTP/1.0", old("Content-Length: 5\r\n"), "200 OK 1.0 body=length:5 close +1"},
      {"HTTP/1.0 keep-alive", old("Content-Length: 5\r\nConnection: keep-alive\r\n"),
       "200 OK 1.0 body=length:5 +2"},
      {"HTTP/1.0 until close", old(""), "200 OK 1.0 body=until_close close +0"},

      {"chunked and length", ok("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), bad},
      {"length and chunked", ok("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), bad},
      {"chunked on HTTP/1.0", old("Transfer-Encoding: chunked\r\n"), bad},
      {"gzip", ok("Transfer-Encoding: gzip\r\n"), bad},
      {"identity", ok("Transfer-Encoding: identity\r\n"), bad},
      {"gzip, chunked", ok("Transfer-Encoding: gzip, chunked\r\n"), bad},
      {"chunked, identity", ok("Transfer-Encoding: chunked, identity\r\n"), bad},
      {"chunked twice", ok("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), bad},
      {"empty coding", ok("Transfer-Encoding:\r\n"), bad},
      {"two lengths, equal", ok("Content-Length: 5\r\nContent-Length: 5\r\n"), bad},
      {"two lengths, different", ok("Content-Length: 5\r\nContent-Length: 6\r\n"), bad},
      {"length as a list", ok("Content-Length: 5, 5\r\n"), bad},
      {"length with a sign", ok("Content-Length: +5\r\n"), bad},
      {"length negative", ok("Content-Length: -1\r\n"), bad},
      {"length empty", ok("Content-Length:\r\n"), bad},
      {"length past 2^64", ok("Content-Length: 18446744073709551621\r\n"), bad},

      {"204", status("HTTP/1.1 204 No Content", ""), "204 No Content +0"},
      {"204 with a length", status("HTTP/1.1 204 No Content"), "204 No Content +1"},
      {"204 with a length that is not 0", status("HTTP/1.1 204 X", "Content-Length: 5\r\n"), "204 X +1"},
      {"204 chunked", status("HTTP/1.1 204 X", "Transfer-Encoding: chunked\r\n"), bad},
      {"304", status("HTTP/1.1 304 X", "Content-Length: 5\r\n"), "304 X +1"},
      {"304 chunked", status("HTTP/1.1 304 X", "Transfer-Encoding: chunked\r\n"), "304 X +1"},
      {"304 chunked and length",
       status("HTTP/1.1 304 X", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), bad},
      {"205 with a body", status("HTTP/1.1 205 X", "Content-Length: 5\r\n"), "205 X body=length:5 +1"},
      {"100", status("HTTP/1.1 100 Continue", ""), "100 Continue +0"},
      {"103", status("HTTP/1.1 103 Early Hints", "Link: </a>\r\n"), "103 Early Hints +1"},
      {"100 with a length", status("HTTP/1.1 100 X", "Content-Length: 5\r\n"), "100 X +1"},
      {"100 chunked", status("HTTP/1.1 100 X", "Transfer-Encoding: chunked\r\n"), bad},
      {"101 without an upgrade", status("HTTP/1.1 101 X", "Connection: upgrade\r\nUpgrade: websocket\r\n"),
       bad},
      {"upgrade is offered", ok("Upgrade: h2c\r\nConnection: upgrade\r\nContent-Length: 0\r\n"),
       "200 OK body=length:0 +3"},

      {"Connection is not a list of tokens", ok("Connection: a b\r\nContent-Length: 0\r\n"), bad},
      {"100 fields", ok(many_fields(99) + "Content-Length: 0\r\n"), "200 OK body=length:0 +100"},
      {"101 fields", ok(many_fields(101)), "response_head_too_large"},
      {"head past 32 KiB", ok("A: " + std::string(32 * 1024, 'x') + "\r\n"), "response_head_too_large"},
      {"reason past 32 KiB, no end", "HTTP/1.1 200 " + std::string(32 * 1024, 'x'),
       "response_head_too_large"},
  };
  return cases;
}

}  // namespace weir::http1::testing
