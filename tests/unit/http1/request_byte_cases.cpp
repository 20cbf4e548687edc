#include "unit/http1/head_cases.hpp"

namespace weir::http1::testing {
namespace {

using namespace std::string_literals;

/// `lines` between the request line with Host and the empty line.
std::string with(const std::string& lines) {
  return "GET / HTTP/1.1\r\nHost: h\r\n" + lines + "\r\n";
}

std::string many_fields(std::size_t count) {
  std::string lines;
  for (std::size_t i = 0; i < count; ++i) lines += "A: b\r\n";
  return lines;
}

constexpr const char* bad = "malformed_request";

/// A head of exactly `bytes` bytes.
std::string sized(std::size_t bytes) {
  const std::string rest = with("A: \r\n");
  return with("A: " + std::string(bytes - rest.size(), 'x') + "\r\n");
}

}  // namespace

const std::vector<HeadCase>& request_byte_cases() {
  static const std::vector<HeadCase> cases = {
      {"value with HTAB and obs-text", with("A: b\tc\xff\x80\r\n"), "GET / authority=h +2"},
      {"empty value", with("A:\r\n"), "GET / authority=h +2"},
      {"value of whitespace", with("A: \t \r\n"), "GET / authority=h +2"},
      {"no space after the colon", with("A:b\r\n"), "GET / authority=h +2"},
      {"value with colons", with("A: b:c: d\r\n"), "GET / authority=h +2"},

      {"bare LF ends the request line", "GET / HTTP/1.1\nHost: h\r\n\r\n", bad},
      {"bare LF ends a field", "GET / HTTP/1.1\r\nHost: h\n\r\n", bad},
      {"bare LF inside a value", with("A: b\nC: d\r\n"), bad},
      {"bare LF as the empty line", "GET / HTTP/1.1\r\nHost: h\r\n\n", bad},
      {"bare LF everywhere", "GET / HTTP/1.1\nHost: h\n\n", bad},
      {"bare CR inside a value", with("A: b\rc\r\n"), bad},
      {"bare CR inside a name", with("A\rB: c\r\n"), bad},
      {"bare CR as a line end", "GET / HTTP/1.1\r\nHost: h\rA: b\r\n\r\n", bad},
      {"CR CR LF", with("A: b\r\r\n"), bad},
      {"CR CR LF as the empty line", "GET / HTTP/1.1\r\nHost: h\r\n\r\r\n", bad},
      {"NUL in a value", with("A: b\0c\r\n"s), bad},
      {"NUL in a name", with("A\0: c\r\n"s), bad},
      {"NUL as a line", with("\0\r\n"s), bad},
      {"NUL before the empty line", "GET / HTTP/1.1\r\nHost: h\r\n\0\r\n"s, bad},
      {"backspace in a value", with("A: b\x08\r\n"), bad},
      {"vertical tab in a value", with("A: b\x0b\r\n"), bad},
      {"form feed in a value", with("A: b\x0c\r\n"), bad},
      {"escape in a value", with("A: \x1b[0m\r\n"), bad},
      {"DEL in a value", with("A: \x7f\r\n"), bad},

      {"folded value, space", with("A: b\r\n c\r\n"), bad},
      {"folded value, tab", with("A: b\r\n\tc\r\n"), bad},
      {"folded to nothing", with("A: b\r\n \r\n"), bad},
      {"folded Host", "GET / HTTP/1.1\r\nHost:\r\n h\r\n\r\n", bad},
      {"folded Transfer-Encoding", with("Transfer-Encoding:\r\n chunked\r\n"), bad},
      {"whitespace before the first field", "GET / HTTP/1.1\r\n Host: h\r\n\r\n", bad},
      {"tab before the first field", "GET / HTTP/1.1\r\n\tHost: h\r\n\r\n", bad},
      {"whitespace line", "GET / HTTP/1.1\r\nHost: h\r\n \r\n\r\n", bad},
      {"space before the colon", with("A : b\r\n"), bad},
      {"tab before the colon", with("A\t: b\r\n"), bad},
      {"space in a name", with("A B: c\r\n"), bad},
      {"space before the colon of Content-Length", with("Content-Length : 5\r\n"), bad},
      {"space before the colon of Transfer-Encoding", with("Transfer-Encoding : chunked\r\n"), bad},
      {"no colon", with("A\r\n"), bad},
      {"no name", with(": b\r\n"), bad},
      {"name with obs-text", with("\xe4: b\r\n"), bad},
      {"name in quotes", with("\"A\": b\r\n"), bad},
      {"name with a slash", with("A/B: c\r\n"), bad},
      {"name with parentheses", with("A(B): c\r\n"), bad},
      {"name with an at sign", with("A@B: c\r\n"), bad},
      {"request line as a field", with("GET /evil HTTP/1.1\r\n"), bad},

      {"100 fields", with(many_fields(99)), "GET / authority=h +100"},
      {"101 fields", with(many_fields(100)), "head_too_large"},
      {"head of 32 KiB", sized(32 * 1024), "GET / authority=h +2"},
      {"head past 32 KiB", sized(32 * 1024 + 1), "head_too_large"},
      {"head past 32 KiB, no end", with("A: " + std::string(32 * 1024, 'x')), "head_too_large"},
      {"head past 32 KiB, many lines", with(many_fields(8000)), "head_too_large"},
      {"control byte before the limit", with("A: \x01" + std::string(32 * 1024, 'x') + "\r\n"), bad},
  };
  return cases;
}

}  // namespace weir::http1::testing
