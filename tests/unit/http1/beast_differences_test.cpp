// Where Weir's reader of HTTP/1 and that of Boost.Beast (1.81, as Debian 12 has it) disagree, on the same bytes: what
// Beast takes and Weir refuses, and the few things the other way round. Beast is a library for messages, and leaves
// much of RFC 9112 to its caller; a proxy hands on what it took, and what two servers on the way read in two ways
// is a smuggled request. Beast's side of the tables is asserted too: where a later release is stricter, its row fails
// and can go.
#include <gtest/gtest.h>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "http/trailers.hpp"
#include "http1/chunked.hpp"
#include "http1/parse.hpp"

namespace weir::http1 {
namespace {

using namespace http;
using namespace std::string_literals;
namespace beast_http = boost::beast::http;

/// A verdict is `body|rest` of a message that is over, where `rest` is what the reader takes for the next message of
/// the connection; `incomplete body`; or how it was refused: Weir's kind of error, or `refused: ` and Beast's words.
struct Row {
  const char* name;
  std::string bytes;
  std::string weir;
  std::string beast;
};

std::string chunked_verdict(std::string_view rest, Origin origin) {
  ChunkedDecoder decoder;
  std::string body;
  do {
    const auto step = decoder.decode(rest, origin);
    if (!step) return std::string(facts(step.error().kind).name);
    body += step->data;
    rest.remove_prefix(step->consumed);
    if (step->finished) return body + "|" + std::string(rest);
  } while (!rest.empty());
  return "incomplete " + body;
}

std::string body_verdict(const Framing& framing, std::string_view rest, Origin origin) {
  switch (framing.kind) {
    case BodyKind::none:
      return "|" + std::string(rest);
    case BodyKind::length:
      if (rest.size() < framing.length) return "incomplete " + std::string(rest);
      return std::string(rest.substr(0, framing.length)) + "|" + std::string(rest.substr(framing.length));
    case BodyKind::until_close:
      return std::string(rest) + "|";
    case BodyKind::chunked:
      break;
  }
  return chunked_verdict(rest, origin);
}

std::string weir_request(std::string_view bytes) {
  RequestHead head;
  std::size_t scanned = 0;
  const auto complete = parse_request_head(bytes, HeadLimits{}, scanned, head);
  if (!complete) return std::string(facts(complete.error().kind).name);
  if (!*complete) return "incomplete ";
  return body_verdict(head.body, bytes.substr(head.bytes), Origin::client);
}

std::string weir_response(std::string_view bytes) {
  ResponseHead head;
  std::size_t scanned = 0;
  const auto complete = parse_response_head(bytes, HeadLimits{}, Method::get, false, scanned, head);
  if (!complete) return std::string(facts(complete.error().kind).name);
  if (!*complete) return "incomplete ";
  return body_verdict(head.body, bytes.substr(head.bytes), Origin::upstream);
}

/// All of `bytes` at once, then the end of the connection where only that ends the body. Without Beast's bound of the
/// body, which a proxy that streams cannot have either.
template <bool is_request>
std::string beast_verdict(std::string_view bytes) {
  beast_http::parser<is_request, beast_http::string_body> parser;
  parser.eager(true);
  parser.body_limit(boost::none);
  boost::beast::error_code ec;
  const std::size_t used = parser.put(boost::asio::buffer(bytes.data(), bytes.size()), ec);
  if (ec && ec != beast_http::error::need_more) return "refused: " + ec.message();
  if (!parser.is_done() && parser.is_header_done() && parser.need_eof()) parser.put_eof(ec);
  if (!parser.is_done()) return "incomplete " + parser.get().body();
  return parser.get().body() + "|" + std::string(bytes.substr(used));
}

void expect_verdicts(const Row& row, const std::string& weir, const std::string& beast) {
  EXPECT_TRUE(weir == row.weir && beast == row.beast)
      << row.name << "\n  Weir:  " << weir << "\n         " << row.weir << " was expected"
      << "\n  Beast: " << beast << "\n         " << row.beast << " was expected";
}

void check_requests(const std::vector<Row>& rows) {
  for (const Row& row : rows) expect_verdicts(row, weir_request(row.bytes), beast_verdict<true>(row.bytes));
}
void check_responses(const std::vector<Row>& rows) {
  for (const Row& row : rows) expect_verdicts(row, weir_response(row.bytes), beast_verdict<false>(row.bytes));
}

std::string line(const std::string& request_line) {
  return request_line + "\r\nHost: h\r\n\r\n";
}
std::string host_lines(const std::string& lines) {
  return "GET / HTTP/1.1\r\n" + lines + "\r\n";
}
std::string get(const std::string& lines) {
  return host_lines("Host: h\r\n" + lines);
}
std::string post(const std::string& lines, const std::string& body) {
  return "POST / HTTP/1.1\r\nHost: h\r\n" + lines + "\r\n" + body;
}
std::string coded(const std::string& coding, const std::string& body) {
  return post("Transfer-Encoding: " + coding + "\r\n", body);
}
std::string chunked(const std::string& body) {
  return coded("chunked", body);
}
std::string response(const std::string& lines, const std::string& body) {
  return "HTTP/1.1 200 OK\r\n" + lines + "\r\n" + body;
}
std::string status(const std::string& status_line, const std::string& lines, const std::string& body = "") {
  return status_line + "\r\n" + lines + "\r\n" + body;
}

std::string repeated(std::size_t count, const std::string& text) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

const std::string hello = "5\r\nhello\r\n0\r\n\r\n";  // a chunked body
constexpr const char* bad = "malformed_request";
constexpr const char* coding_unknown = "unsupported_coding";
constexpr const char* bad_response = "response_malformed";
constexpr const char* no_body = "|";

// Beast passes over a transfer coding that it does not know, and over a list in which chunked is not the last: what
// follows the head is then another request. In some values that are no list of tokens it finds chunked all the same.
TEST(BeastDifferences, TransferEncoding) {
  check_requests({
      {"gzip", coded("gzip", hello), coding_unknown, "|" + hello},
      {"identity", coded("identity", hello), coding_unknown, "|" + hello},
      {"xchunked", coded("xchunked", hello), coding_unknown, "|" + hello},
      {"chunked in single quotes", coded("'chunked'", hello), coding_unknown, "|" + hello},
      {"chunked, gzip", coded("chunked, gzip", hello), bad, "|" + hello},
      {"chunked, identity", coded("chunked, identity", hello), bad, "|" + hello},
      {"chunked, chunked", coded("chunked, chunked", hello), bad, "|" + hello},
      {"nothing", coded("", hello), bad, "|" + hello},
      {"chunked in quotes", coded("\"chunked\"", hello), bad, "|" + hello},
      {"chunked behind obs-text", coded("\377chunked", hello), bad, "|" + hello},
      {"gzip, chunked", coded("gzip, chunked", hello), coding_unknown, "hello|"},
      {"identity, then chunked in a second field",
       post("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", hello), coding_unknown,
       "hello|"},
      {"chunked and a word", coded("chunked x", hello), bad, "hello|"},
      {"chunked with a parameter", coded("chunked;a=b", hello), bad, "hello|"},
      {"chunked before an empty member", coded("chunked,", hello), bad, "hello|"},
      {"chunked after an empty member", coded(",chunked", hello), bad, "hello|"},
      {"chunked on HTTP/1.0", "POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + hello, bad,
       "hello|"},
      {"gzip and a length", post("Transfer-Encoding: gzip\r\nContent-Length: 5\r\n", "hello"), bad, "hello|"},
      {"xchunked and a length", post("Transfer-Encoding: xchunked\r\nContent-Length: 4\r\n", hello), bad,
       "5\r\nh|" + hello.substr(4)},
  });
}

TEST(BeastDifferences, ContentLength) {
  check_requests({
      {"two, equal", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), bad, "hello|"},
      {"a list, equal", post("Content-Length: 5, 5\r\n", "hello"), bad, "hello|"},
      {"a list and another", post("Content-Length: 5,5,5\r\nContent-Length: 005\r\n", "hello"), bad,
       "hello|"},
      {"folded to nothing", post("Content-Length: 5\r\n \r\n", "hello"), bad, "hello|"},
  });
}

// A folded line is one value for Beast, and for a server that knows no folding (RFC 9112 5.2 bids to refuse it) it is
// another field, or none.
TEST(BeastDifferences, FoldedLines) {
  check_requests({
      {"with a space", get("A: b\r\n c\r\n"), bad, no_body},
      {"with a tab", get("A: b\r\n\tc\r\n"), bad, no_body},
      {"to nothing", get("A: b\r\n \r\n"), bad, no_body},
      {"Host", host_lines("Host:\r\n h\r\n"), bad, no_body},
      {"Transfer-Encoding", post("Transfer-Encoding:\r\n chunked\r\n", hello), bad, "hello|"},
      {"Content-Length", post("Content-Length:\r\n 5\r\n", "hello"), bad, "hello|"},
      {"hides a length", post("A: b\r\n Content-Length: 5\r\n", "hello"), bad, "|hello"},
  });
}

TEST(BeastDifferences, Chunks) {
  check_requests({
      {"size of 17 digits", chunked("0000000000000000" + hello), bad, "hello|"},
      {"size past 2^63", chunked("8000000000000000\r\nhello"), bad, "incomplete hello"},
      {"extension with LF", chunked("5;a=\"\n\"\r\nhello\r\n0\r\n\r\n"), bad, "hello|"},
      {"extension that looks like chunks to who ends lines by LF",
       chunked("5;a=\"\n0\n\nGET /evil HTTP/1.1\n\n\"\r\nhello\r\n0\r\n\r\n"), bad, "hello|"},
      {"extension with NUL", chunked("5;a=\"\0\"\r\nhello\r\n0\r\n\r\n"s), bad, "hello|"},
      {"extension with DEL", chunked("5;a=\"\x7f\"\r\nhello\r\n0\r\n\r\n"), bad, "hello|"},
      {"extension of 10,000 bytes", chunked("5;" + std::string(10'000, 'a') + "\r\nhello\r\n0\r\n\r\n"), bad,
       "hello|"},
      {"folded trailer", chunked("0\r\nA: b\r\n c\r\n\r\n"), bad, no_body},
      {"33 trailers", chunked("0\r\n" + repeated(33, "A: b\r\n") + "\r\n"), bad, no_body},
      {"trailers past 8 KiB", chunked("0\r\nA: " + std::string(8 * 1024, 'b') + "\r\n\r\n"), bad, no_body},
  });
}

TEST(BeastDifferences, RequestLine) {
  check_requests({
      {"fragment", line("GET /a#b HTTP/1.1"), bad, no_body},
      {"byte 0xff", line("GET /\xff HTTP/1.1"), bad, no_body},
      {"UTF-8", line("GET /\xc3\xa9 HTTP/1.1"), bad, no_body},
      {"target without a slash", line("GET a HTTP/1.1"), bad, no_body},
      {"target is a backslash", line("GET \\a HTTP/1.1"), bad, no_body},
      {"target is a host and port", line("GET h:80 HTTP/1.1"), bad, no_body},
      {"asterisk without OPTIONS", line("GET * HTTP/1.1"), bad, no_body},
      {"absolute with userinfo", line("GET http://u:p@h/ HTTP/1.1"), bad, no_body},
      {"absolute with another host than Host", line("GET http://g/ HTTP/1.1"), bad, no_body},
      {"absolute without a host", line("GET http:///a HTTP/1.1"), bad, no_body},
      {"absolute with another scheme", line("GET ftp://h/ HTTP/1.1"), bad, no_body},
      {"method of 33 bytes", line(std::string(33, 'M') + " / HTTP/1.1"), bad, no_body},
      {"CONNECT", line("CONNECT h:443 HTTP/1.1"), "method_refused", no_body},
      {"TRACE", line("TRACE / HTTP/1.1"), "method_refused", no_body},
  });
}

TEST(BeastDifferences, Fields) {
  check_requests({
      {"no Host", host_lines(""), bad, no_body},
      {"two Hosts", host_lines("Host: h\r\nHost: g\r\n"), bad, no_body},
      {"empty Host", host_lines("Host:\r\n"), bad, no_body},
      {"Host with userinfo", host_lines("Host: u@h\r\n"), bad, no_body},
      {"Host is a list", host_lines("Host: h, g\r\n"), bad, no_body},
      {"Host with a path", host_lines("Host: h/a\r\n"), bad, no_body},
      {"Host with a port past 65535", host_lines("Host: h:65536\r\n"), bad, no_body},
      {"Connection names Content-Length", get("Connection: close, Content-Length\r\n"), bad, no_body},
      {"Connection names Host", get("Connection: Host\r\n"), bad, no_body},
      {"Connection names X-Forwarded-For", get("Connection: X-Forwarded-For\r\n"), bad, no_body},
      {"33 members of Connection", get("Connection: a" + repeated(32, ",a") + "\r\n"), bad, no_body},
      {"unknown expectation", get("Expect: 200-ok\r\n"), "expectation_failed", no_body},
      {"101 fields", get(repeated(100, "A: b\r\n")), "head_too_large", no_body},
  });
}

TEST(BeastDifferences, Responses) {
  check_responses({
      {"gzip", response("Transfer-Encoding: gzip\r\n", hello), bad_response, hello + "|"},
      {"chunked, identity", response("Transfer-Encoding: chunked, identity\r\n", hello), bad_response,
       hello + "|"},
      {"gzip, chunked", response("Transfer-Encoding: gzip, chunked\r\n", hello), bad_response, "hello|"},
      {"gzip and a length", response("Transfer-Encoding: gzip\r\nContent-Length: 5\r\n", "hello"),
       bad_response, "hello|"},
      {"chunked on HTTP/1.0", status("HTTP/1.0 200 OK", "Transfer-Encoding: chunked\r\n", hello),
       bad_response, "hello|"},
      {"two equal lengths", response("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), bad_response,
       "hello|"},
      {"length as a list", response("Content-Length: 5, 5\r\n", "hello"), bad_response, "hello|"},
      {"folded value", response("A: b\r\n c\r\nContent-Length: 0\r\n", ""), bad_response, no_body},
      {"status 099", status("HTTP/1.1 099 X", "Content-Length: 0\r\n"), bad_response, no_body},
      {"status 600", status("HTTP/1.1 600 X", "Content-Length: 0\r\n"), bad_response, no_body},
      {"status 999", status("HTTP/1.1 999 X", "Content-Length: 0\r\n"), bad_response, no_body},
      {"100 chunked", status("HTTP/1.1 100 X", "Transfer-Encoding: chunked\r\n", hello), bad_response,
       "|" + hello},
      {"204 chunked", status("HTTP/1.1 204 X", "Transfer-Encoding: chunked\r\n", hello), bad_response,
       "|" + hello},
      {"101 without an upgrade", status("HTTP/1.1 101 X", "Connection: upgrade\r\nUpgrade: websocket\r\n"),
       bad_response, no_body},
      {"101 fields", response(repeated(100, "A: b\r\n") + "Content-Length: 0\r\n", ""),
       "response_head_too_large", no_body},
      {"extension with LF", response("Transfer-Encoding: chunked\r\n", "5;a=\"\n\"\r\nhello\r\n0\r\n\r\n"),
       bad_response, "hello|"},
  });
}

// The other way round. A stray CRLF behind a body is what RFC 9112 2.2 asks a server to pass over; Proxy-Connection is
// no field of any standard; extensions mean nothing to a proxy, whatever they say (RFC 9112 7.1.1).
TEST(BeastDifferences, WhatOnlyWeirTakes) {
  check_requests({
      {"an empty line before the request", "\r\n" + get(""), no_body, "refused: bad method"},
      {"Proxy-Connection that is no list of tokens", get("Proxy-Connection: a b\r\n"), no_body,
       "refused: bad value"},
      {"extension without a name", chunked("5;\r\nhello\r\n0\r\n\r\n"), "hello|",
       "refused: bad chunk extension"},
      {"extension with obs-text", chunked("5;a=\xff\r\nhello\r\n0\r\n\r\n"), "hello|",
       "refused: bad chunk extension"},
  });
}

// Beast puts trailer fields among those of the head, where they can no longer be distinguished: a client that sends
// one after its body has passed every check of the head. Weir keeps them apart and drops what may not come late.
TEST(BeastDifferences, TrailersJoinTheHeadThere) {
  const std::string trailers = "Authorization: x\r\nX-Forwarded-For: 192.0.2.1\r\nHost: evil\r\n";
  const std::string bytes = chunked("0\r\n" + trailers + "\r\n");
  beast_http::request_parser<beast_http::string_body> parser;
  parser.eager(true);
  boost::beast::error_code ec;
  parser.put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
  ASSERT_TRUE(parser.is_done()) << ec.message();
  EXPECT_EQ(parser.get().count(beast_http::field::host), 2u);
  EXPECT_EQ(parser.get().count(beast_http::field::authorization), 1u);
  EXPECT_EQ(parser.get().count("X-Forwarded-For"), 1u);

  EXPECT_EQ(weir_request(bytes), no_body);
  EXPECT_EQ(forwardable_trailers(trailers, {}), "");
}

}  // namespace
}  // namespace weir::http1
