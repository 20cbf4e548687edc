#include "unit/http1/head_cases.hpp"

namespace weir::http1::testing {
namespace {

std::string post(const std::string& lines) {
  return "POST / HTTP/1.1\r\nHost: h\r\n" + lines + "\r\n";
}
std::string old(const std::string& lines) {
  return "POST / HTTP/1.0\r\nHost: h\r\n" + lines + "\r\n";
}
std::string length(const std::string& value) {
  return post("Content-Length: " + value + "\r\n");
}
std::string coding(const std::string& value) {
  return post("Transfer-Encoding: " + value + "\r\n");
}

constexpr const char* bad = "malformed_request";
constexpr const char* unknown = "unsupported_coding";
constexpr const char* chunked = "POST / authority=h body=chunked +2";

}  // namespace

const std::vector<HeadCase>& request_framing_cases() {
  static const std::vector<HeadCase> cases = {
      {"no body", post(""), "POST / authority=h +1"},
      {"length", length("5"), "POST / authority=h body=length:5 +2"},
      {"length 0", length("0"), "POST / authority=h body=length:0 +2"},
      {"leading zeros", length("0005"), "POST / authority=h body=length:5 +2"},
      {"largest length", length("9223372036854775807"),
       "POST / authority=h body=length:9223372036854775807 +2"},
      {"length on HTTP/1.0", old("Content-Length: 5\r\n"), "POST / 1.0 authority=h body=length:5 close +2"},
      {"name in other case", post("cOnTent-lEngth: 5\r\n"), "POST / authority=h body=length:5 +2"},
      {"length past 2^63", length("9223372036854775808"), bad},
      {"length past 2^64", length("18446744073709551616"), bad},
      {"length that wraps to 5", length("18446744073709551621"), bad},
      {"length of 40 digits", length(std::string(40, '1')), bad},
      {"length empty", length(""), bad},
      {"length with plus", length("+5"), bad},
      {"length with minus", length("-5"), bad},
      {"length minus zero", length("-0"), bad},
      {"length hexadecimal", length("0x5"), bad},
      {"length with a dot", length("5.0"), bad},
      {"length with an exponent", length("5e0"), bad},
      {"length with a space inside", length("5 5"), bad},
      {"length with junk", length("5a"), bad},
      {"length quoted", length("\"5\""), bad},
      {"length with an underscore", length("1_0"), bad},
      {"length with obs-text", length("5\xa0"), bad},
      {"length as a list, equal", length("5, 5"), bad},
      {"length as a list, different", length("5, 6"), bad},
      {"length with an empty member", length("5,"), bad},
      {"length with a leading comma", length(",5"), bad},
      {"two lengths, equal", post("Content-Length: 5\r\nContent-Length: 5\r\n"), bad},
      {"two lengths, different", post("Content-Length: 5\r\nContent-Length: 6\r\n"), bad},
      {"two lengths, names in other case", post("Content-Length: 5\r\ncontent-length: 5\r\n"), bad},
      {"two lengths, one empty", post("Content-Length: 5\r\nContent-Length:\r\n"), bad},

      {"chunked", coding("chunked"), chunked},
      {"chunked in other case", coding("ChUnKeD"), chunked},
      {"chunked with whitespace around", coding(" \tchunked\t "), chunked},
      {"chunked on GET", "GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
       "GET / authority=h body=chunked +2"},
      {"chunked and length", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), bad},
      {"length and chunked", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), bad},
      {"length 0 and chunked", post("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"), bad},
      {"gzip and length", post("Transfer-Encoding: gzip\r\nContent-Length: 5\r\n"), bad},
      {"length and identity", post("Content-Length: 5\r\nTransfer-Encoding: identity\r\n"), bad},
      {"empty coding and length", post("Content-Length: 5\r\nTransfer-Encoding:\r\n"), bad},
      {"gzip alone", coding("gzip"), unknown},
      {"identity alone", coding("identity"), unknown},
      {"gzip, chunked", coding("gzip, chunked"), unknown},
      {"gzip with a parameter", coding("gzip;q=1"), unknown},
      {"xchunked", coding("xchunked"), unknown},
      {"chunkedx", coding("chunkedx"), unknown},
      {"gzip and chunked in two fields", post("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"),
       unknown},
      {"chunked, identity", coding("chunked, identity"), bad},
      {"chunked, gzip", coding("chunked, gzip"), bad},
      {"chunked, chunked", coding("chunked, chunked"), bad},
      {"chunked in two fields", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), bad},
      {"chunked, then identity in a second field",
       post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"), bad},
      {"chunked, then an empty second field", post("Transfer-Encoding: chunked\r\nTransfer-Encoding:\r\n"),
       bad},
      {"chunked with a parameter", coding("chunked;a=b"), bad},
      {"chunked with an empty member", coding("chunked,"), bad},
      {"chunked after an empty member", coding(",chunked"), bad},
      {"chunked quoted", coding("\"chunked\""), bad},
      {"chunked in single quotes", coding("'chunked'"), unknown},
      {"chunked and a word", coding("chunked x"), bad},
      {"chunked behind obs-text", coding("\377chunked"), bad},
      {"chunked behind vertical tab",
       coding("\x0b"
              "chunked"),
       bad},
      {"chunked with a semicolon", coding("chunked;"), bad},
      {"empty coding", coding(""), bad},
      {"only commas", coding(",,"), bad},
      {"chunked on HTTP/1.0", old("Transfer-Encoding: chunked\r\n"), bad},
      {"gzip on HTTP/1.0", old("Transfer-Encoding: gzip\r\n"), bad},
      {"chunked and keep-alive on HTTP/1.0", old("Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n"),
       bad},
      {"Transfer_Encoding is another field", post("Transfer_Encoding: chunked\r\n"), "POST / authority=h +2"},
      {"X-Transfer-Encoding is another field", post("X-Transfer-Encoding: chunked\r\n"),
       "POST / authority=h +2"},
      {"Content_Length is another field", post("Content_Length: 5\r\n"), "POST / authority=h +2"},
  };
  return cases;
}

}  // namespace weir::http1::testing
