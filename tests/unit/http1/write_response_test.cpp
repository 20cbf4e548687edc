#include <gtest/gtest.h>

#include "http1/write.hpp"
#include "parsed.hpp"
#include "unit/http/request_with.hpp"

namespace weir::http1 {
namespace {

using namespace http;
using test::parsed_response;

constexpr std::string_view date = "Sun, 06 Nov 1994 08:49:37 GMT";
const std::string date_line = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
const std::string via_line = "Via: 1.1 weir\r\n";

std::string written(const test::ParsedResponse& response, const ResponseOptions& options) {
  std::string out = "before|";
  write_response_head(out, response.head, options, date);
  EXPECT_TRUE(out.starts_with("before|"));
  return out.substr(7);
}

/// The head for `text`, framed as it was received.
std::string written(const std::string& text, ResponseOptions options = {}, Method method = Method::get) {
  const auto response = parsed_response(text, method);
  options.body = response.head.body;
  return written(response, options);
}

TEST(WriteResponseHead, AWholeHead) {
  CompiledFields policy;
  policy.set("X-Frame-Options", "DENY");
  policy.drop("Server");
  ResponseOptions options;
  options.policy = &policy;
  options.request_id = "id-1";
  EXPECT_EQ(
      written("HTTP/1.1 200 Fine by me\r\nserver: nginx\r\nContent-Type: text/html\r\nContent-Length: 12\r\n"
              "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Request-ID: theirs\r\nConnection: keep-alive\r\n",
              options),
      "HTTP/1.1 200 Fine by me\r\nContent-Type: text/html\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n" +
          date_line + via_line + "X-Request-Id: id-1\r\nContent-Length: 12\r\nX-Frame-Options: DENY\r\n\r\n");
}

TEST(WriteResponseHead, TheOriginsDateAndReasonStay) {
  EXPECT_EQ(
      written("HTTP/1.1 404 \r\nDATE: Mon, 07 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n"),
      "HTTP/1.1 404 \r\nDATE: Mon, 07 Nov 1994 08:49:37 GMT\r\n" + via_line + "Content-Length: 0\r\n\r\n");
}

TEST(WriteResponseHead, OwnFieldsAreAddedUnlessThePolicyDropsThem) {
  CompiledFields policy;
  policy.drop("RateLimit-Policy");
  ResponseOptions options;
  options.own_fields = "RateLimit-Policy: \"api\";q=2;w=1\r\nRateLimit: \"api\";r=1;t=1\r\n";
  const std::string theirs = "HTTP/1.1 200 OK\r\nRateLimit: \"app\";r=5\r\nContent-Length: 0\r\n";
  const std::string kept = "RateLimit: \"app\";r=5\r\n" + date_line + via_line;
  EXPECT_EQ(written(theirs, options),
            "HTTP/1.1 200 OK\r\n" + kept + std::string(options.own_fields) + "Content-Length: 0\r\n\r\n");
  options.policy = &policy;
  EXPECT_EQ(written(theirs, options),
            "HTTP/1.1 200 OK\r\n" + kept + "RateLimit: \"api\";r=1;t=1\r\nContent-Length: 0\r\n\r\n");
}

TEST(WriteResponseHead, OneHopFieldsDoNotPass) {
  EXPECT_EQ(
      written("HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n"
              "Proxy-Authenticate: Basic\r\nUpgrade: h2c\r\nProxy-Connection: close\r\nTrailer: Digest\r\n"
              "X-Next: 2\r\nContent-Length: 1\r\n"),
      "HTTP/1.1 200 OK\r\nX-Next: 2\r\n" + date_line + via_line + "Content-Length: 1\r\n\r\n");
}

TEST(WriteResponseHead, ViaSaysWhenTheResponseCameOverHttp2) {
  auto response = parsed_response("HTTP/1.1 200 OK\r\nVia: 1.1 a\r\nContent-Length: 1\r\n");
  response.head.major_version = 2;
  ResponseOptions options;
  options.body = response.head.body;
  EXPECT_EQ(written(response, options),
            "HTTP/1.1 200 OK\r\n" + date_line + "Via: 1.1 a, 2.0 weir\r\nContent-Length: 1\r\n\r\n");
}

TEST(WriteResponseHead, ViaIsAppendedTo) {
  EXPECT_EQ(written("HTTP/1.0 200 OK\r\nVia: 1.1 a\r\nvia: 1.1 b\r\nContent-Length: 1\r\n"),
            "HTTP/1.1 200 OK\r\n" + date_line + "Via: 1.1 a, 1.1 b, 1.0 weir\r\nContent-Length: 1\r\n\r\n");
}

TEST(WriteResponseHead, ChunkedWithItsTrailer) {
  EXPECT_EQ(
      written("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Digest\r\n"),
      "HTTP/1.1 200 OK\r\nTrailer: Digest\r\n" + date_line + via_line + "Transfer-Encoding: chunked\r\n\r\n");
}

TEST(WriteResponseHead, AnOldClientNeverSeesChunked) {
  const auto response = parsed_response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n");
  ResponseOptions options;
  options.client_minor_version = 0;
  const std::string head = "HTTP/1.1 200 OK\r\n" + date_line + via_line;
  for (const BodyKind kind : {BodyKind::chunked, BodyKind::until_close}) {
    options.body = {kind, 0};
    EXPECT_EQ(written(response, options), head + "Connection: close\r\n\r\n");
  }
  options.body = {BodyKind::length, 5};
  EXPECT_EQ(written(response, options), head + "Content-Length: 5\r\nConnection: keep-alive\r\n\r\n");
  options.keep_alive = false;
  EXPECT_EQ(written(response, options), head + "Content-Length: 5\r\nConnection: close\r\n\r\n");
}

TEST(WriteResponseHead, CloseIsSaid) {
  ResponseOptions options;
  options.keep_alive = false;
  EXPECT_EQ(written("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n", options),
            "HTTP/1.1 200 OK\r\n" + date_line + via_line + "Content-Length: 1\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(written("HTTP/1.1 200 OK\r\n"),
            "HTTP/1.1 200 OK\r\n" + date_line + via_line + "Connection: close\r\n\r\n")
      << "a body up to the end of the connection";
}

TEST(WriteResponseHead, ContentLengthAsMetadata) {
  const std::string tail = date_line + via_line;
  EXPECT_EQ(written("HTTP/1.1 200 OK\r\nContent-Length: 0099\r\n", {}, Method::head),
            "HTTP/1.1 200 OK\r\n" + tail + "Content-Length: 0099\r\n\r\n");
  EXPECT_EQ(written("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n", {}, Method::head),
            "HTTP/1.1 200 OK\r\n" + tail + "\r\n");
  EXPECT_EQ(written("HTTP/1.1 200 OK\r\n", {}, Method::head), "HTTP/1.1 200 OK\r\n" + tail + "\r\n");
  EXPECT_EQ(written("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: \"a\"\r\n"),
            "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n" + tail + "Content-Length: 5\r\n\r\n");
  EXPECT_EQ(written("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n"),
            "HTTP/1.1 204 No Content\r\n" + tail + "\r\n");

  ResponseHead by_hand;
  by_hand.status = 200;
  by_hand.reason = "OK";
  by_hand.fields = {http::test::field("Content-Length", "5, 5")};
  std::string out;
  write_response_head(out, by_hand, {}, date);
  EXPECT_EQ(out, "HTTP/1.1 200 OK\r\n" + tail + "\r\n");
}

TEST(WriteResponseHead, InterimResponsesCarryOnlyTheirOwnFields) {
  CompiledFields policy;
  policy.set("X-Frame-Options", "DENY");
  policy.drop("Link");
  ResponseOptions options;
  options.policy = &policy;
  options.request_id = "id-1";
  options.keep_alive = false;
  EXPECT_EQ(written("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nVia: 1.1 a\r\nConnection: "
                    "x\r\nX: 1\r\n",
                    options),
            "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nVia: 1.1 a\r\n\r\n");
}

TEST(WriteResponseHead, SwitchingProtocols) {
  const auto response = parsed_response(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
      "Upgrade\r\nSec-WebSocket-Accept: eA==\r\n",
      Method::get, true);
  ResponseOptions options;
  options.request_id = "id-1";
  options.upgrade = true;
  EXPECT_EQ(written(response, options),
            "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: eA==\r\nConnection: upgrade\r\n"
            "Upgrade: websocket\r\nX-Request-Id: id-1\r\n\r\n");
}

TEST(WriteResponseHead, ThePolicyHasTheLastWord) {
  CompiledFields policy;
  policy.set("Date", "today");
  policy.drop("Via");
  policy.set("X-Request-Id", "fixed");
  policy.set_if_absent("Cache-Control", "no-cache");
  ResponseOptions options;
  options.policy = &policy;
  options.request_id = "id-1";
  EXPECT_EQ(written("HTTP/1.1 200 OK\r\nDate: x\r\nVia: 1.1 a\r\nContent-Length: 1\r\n", options),
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nDate: today\r\nX-Request-Id: fixed\r\nCache-Control: "
            "no-cache\r\n\r\n");
  EXPECT_EQ(written("HTTP/1.1 200 OK\r\ncache-control: private\r\nContent-Length: 1\r\n", options),
            "HTTP/1.1 200 OK\r\ncache-control: private\r\nContent-Length: 1\r\nDate: today\r\nX-Request-Id: "
            "fixed\r\n\r\n");
}

}  // namespace
}  // namespace weir::http1
