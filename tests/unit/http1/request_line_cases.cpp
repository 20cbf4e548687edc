#include "unit/http1/head_cases.hpp"

namespace weir::http1::testing {
namespace {

std::string line(const std::string& text) {
  return text + "\r\nHost: h\r\n\r\n";
}

constexpr const char* bad = "malformed_request";

}  // namespace

const std::vector<HeadCase>& request_line_cases() {
  static const std::vector<HeadCase> cases = {
      {"plain", line("GET / HTTP/1.1"), "GET / authority=h +1"},
      {"query", line("GET /a?b=c?d HTTP/1.1"), "GET /a ?b=c?d authority=h +1"},
      {"empty query", line("GET /a? HTTP/1.1"), "GET /a ? authority=h +1"},
      {"query with slash", line("GET /?/../x HTTP/1.1"), "GET / ?/../x authority=h +1"},
      {"double slash is a path", line("GET //evil.example/x HTTP/1.1"),
       "GET //evil.example/x authority=h +1"},
      {"dots are kept as received", line("GET /a/../b HTTP/1.1"), "GET /a/../b authority=h +1"},
      {"odd but visible bytes", line("GET /a|b{c}\"<>^`[] HTTP/1.1"), "GET /a|b{c}\"<>^`[] authority=h +1"},
      {"unregistered method", line("PURGE / HTTP/1.1"), "PURGE / authority=h +1"},
      {"method is case-sensitive", line("get / HTTP/1.1"), "get / authority=h +1"},
      {"method of 32 bytes", line(std::string(32, 'M') + " / HTTP/1.1"),
       std::string(32, 'M') + " / authority=h +1"},
      {"method of 33 bytes", line(std::string(33, 'M') + " / HTTP/1.1"), bad},
      {"method with every tchar", line("!#$%&'*+-.^_`|~09Az / HTTP/1.1"),
       "!#$%&'*+-.^_`|~09Az / authority=h +1"},
      {"method with a colon", line("GE:T / HTTP/1.1"), bad},
      {"method with a slash", line("GET/ / HTTP/1.1"), bad},
      {"method with obs-text", line("G\xc9T / HTTP/1.1"), bad},
      {"method in quotes", line("\"GET\" / HTTP/1.1"), bad},
      {"no method", line(" / HTTP/1.1"), bad},
      {"TRACE", line("TRACE / HTTP/1.1"), "method_refused"},
      {"CONNECT", line("CONNECT h:443 HTTP/1.1"), "method_refused"},
      {"CONNECT without Host", "CONNECT h:443 HTTP/1.1\r\n\r\n", "method_refused"},
      {"trace in lower case is another method", line("trace / HTTP/1.1"), "trace / authority=h +1"},

      {"two spaces before the target", line("GET  / HTTP/1.1"), bad},
      {"two spaces after the target", line("GET /  HTTP/1.1"), bad},
      {"tab after the method", line("GET\t/ HTTP/1.1"), bad},
      {"tab after the target", line("GET /\tHTTP/1.1"), bad},
      {"space after the version", line("GET / HTTP/1.1 "), bad},
      {"space in the target", line("GET /a b HTTP/1.1"), bad},
      {"empty target", line("GET  HTTP/1.1"), bad},
      {"no target", line("GET HTTP/1.1"), bad},
      {"target with 0xff", line("GET /\xff HTTP/1.1"), bad},
      {"target with UTF-8", line("GET /\xc3\xa9 HTTP/1.1"), bad},
      {"target with DEL", line("GET /\x7f HTTP/1.1"), bad},
      {"target with NUL", line(std::string("GET /\0 HTTP/1.1", 15)), bad},
      {"target with fragment", line("GET /a#b HTTP/1.1"), bad},
      {"target with fragment in the query", line("GET /?a#b HTTP/1.1"), bad},
      {"target without slash", line("GET a HTTP/1.1"), bad},
      {"target is a query", line("GET ?a HTTP/1.1"), bad},
      {"target is a host and port", line("GET h:80 HTTP/1.1"), bad},
      {"target is a backslash", line("GET \\a HTTP/1.1"), bad},

      {"asterisk", line("OPTIONS * HTTP/1.1"), "OPTIONS * authority=h +1"},
      {"asterisk with GET", line("GET * HTTP/1.1"), bad},
      {"asterisk and more", line("OPTIONS *a HTTP/1.1"), bad},
      {"options of a path", line("OPTIONS /a HTTP/1.1"), "OPTIONS /a authority=h +1"},

      {"absolute", line("GET http://h/a?b HTTP/1.1"), "GET /a ?b absolute authority=h +1"},
      {"absolute, https", line("GET https://h/ HTTP/1.1"), "GET / absolute authority=h +1"},
      {"absolute, scheme and host in other case", line("GET HTTP://H/ HTTP/1.1"),
       "GET / absolute authority=h +1"},
      {"absolute without path", line("GET http://h HTTP/1.1"), "GET / absolute authority=h +1"},
      {"absolute with query only", line("GET http://h?a HTTP/1.1"), "GET / ?a absolute authority=h +1"},
      {"absolute OPTIONS of the server", line("OPTIONS http://h HTTP/1.1"), "OPTIONS * authority=h +1"},
      {"absolute OPTIONS of a path", line("OPTIONS http://h/ HTTP/1.1"), "OPTIONS / absolute authority=h +1"},
      {"absolute with another host", line("GET http://g/ HTTP/1.1"), bad},
      {"absolute with a port that Host lacks", line("GET http://h:81/ HTTP/1.1"), bad},
      {"absolute with a longer host", line("GET http://h.evil/ HTTP/1.1"), bad},
      {"absolute with userinfo", line("GET http://u@h/ HTTP/1.1"), bad},
      {"absolute without host", line("GET http:///a HTTP/1.1"), bad},
      {"absolute with another scheme", line("GET ftp://h/ HTTP/1.1"), bad},
      {"absolute with one slash", line("GET http:/h/ HTTP/1.1"), bad},
      {"absolute with a backslash", line("GET http:\\\\h/ HTTP/1.1"), bad},

      {"HTTP/1.0", line("GET / HTTP/1.0"), "GET / 1.0 authority=h close +1"},
      {"HTTP/1.2", line("GET / HTTP/1.2"), "unsupported_version"},
      {"HTTP/2.0", line("GET / HTTP/2.0"), "unsupported_version"},
      {"HTTP/0.9 with a version", line("GET / HTTP/0.9"), "unsupported_version"},
      {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "unsupported_version"},
      {"version in lower case", line("GET / http/1.1"), bad},
      {"version without minor", line("GET / HTTP/1"), bad},
      {"version with two digits", line("GET / HTTP/1.10"), bad},
      {"version with a leading zero", line("GET / HTTP/01.1"), bad},
      {"version with a comma", line("GET / HTTP/1,1"), bad},
      {"version of something else", line("GET / RTSP/1.0"), bad},
      {"HTTP/0.9", "GET /\r\n", bad},
      {"no version", line("GET / "), bad},
      {"TLS client hello", std::string("\x16\x03\x01\x02\x00\x01\x00\x01", 8), bad},

      {"one leading empty line", "\r\n" + line("GET / HTTP/1.1"), "GET / authority=h +1"},
      {"two leading empty lines", "\r\n\r\n" + line("GET / HTTP/1.1"), bad},
      {"leading bare LF", "\n" + line("GET / HTTP/1.1"), bad},
      {"leading bare CR", "\r" + line("GET / HTTP/1.1"), bad},
      {"leading CR CR LF", "\r\r\n" + line("GET / HTTP/1.1"), bad},
      {"leading space", " " + line("GET / HTTP/1.1"), bad},
      {"only an empty line", "\r\n", "incomplete"},
      {"nothing", "", "incomplete"},
      {"half a line", "GET / HT", "incomplete"},
      {"next request behind", line("GET / HTTP/1.1") + "GET /b HTTP/1.1\r\n", "GET / authority=h +1"},
      {"uri at the limit", line("GET /" + std::string(8 * 1024 - 1, 'a') + " HTTP/1.1"),
       "GET /" + std::string(8 * 1024 - 1, 'a') + " authority=h +1"},
      {"uri past the limit", line("GET /" + std::string(8 * 1024, 'a') + " HTTP/1.1"), "uri_too_long"},
      {"uri past the limit, no end yet", "GET /" + std::string(8 * 1024, 'a'), "uri_too_long"},
  };
  return cases;
}

}  // namespace weir::http1::testing
