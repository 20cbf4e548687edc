#include "http2/response.hpp"

#include <gtest/gtest.h>

#include <string>

#include "unit/http/request_with.hpp"
#include "unit/http1/parsed.hpp"
#include "unit/http2/hpack_text.hpp"

namespace weir::http2 {
namespace {

using http::BodyKind;
using http::CompiledFields;
using http::Method;
using http::OwnResponse;
using http::ResponseOptions;
using http1::test::parsed_response;

constexpr std::string_view date = "Sun, 06 Nov 1994 08:49:37 GMT";
const std::string date_line = "date: Sun, 06 Nov 1994 08:49:37 GMT\n";
const std::string via_line = "via: 1.1 weir\n";

std::string read(std::string_view block) {
  HpackDecoder decoder;
  return decoded(decoder, block);
}

std::string written(const http::ResponseHead& head, const ResponseOptions& options) {
  std::string out = "before|";
  write_response_block(out, head, options, date);
  EXPECT_TRUE(out.starts_with("before|"));
  return read(std::string_view(out).substr(7));
}

/// The block for `text`, framed as it was received.
std::string written(const std::string& text, ResponseOptions options = {}, Method method = Method::get) {
  const auto response = parsed_response(text, method);
  options.body = response.head.body;
  return written(response.head, options);
}

std::string written(const OwnResponse& response, const ResponseOptions& options = {}) {
  std::string out;
  write_own_block(out, response, options, date);
  return read(out);
}

std::string trailers(std::string_view lines) {
  std::string out;
  write_trailer_block(out, lines);
  return read(out);
}

std::string never_indexed_in(std::string_view block) {
  HpackDecoder decoder;
  std::string names;
  const auto sink = [&](const FieldLine& line) {
    if (line.never_indexed) names.append(line.name).append(" ");
  };
  EXPECT_EQ(decoder.decode(block, true, sink), HpackDecoder::Outcome::ok);
  return names;
}

TEST(ResponseBlock, WhatIsNeverToBeIndexedStaysSo) {
  auto response =
      parsed_response("HTTP/1.1 200 OK\r\nX-Key: secret\r\nETag: e\r\nX-Plain: p\r\n", Method::get);
  for (http::Field& field : response.head.fields) field.never_indexed = field.value != "p";
  std::string block;
  write_response_block(block, response.head, {}, date);
  EXPECT_EQ(never_indexed_in(block), "x-key etag ");
  block.clear();
  write_trailer_block(block, "x-sum:\tsecret\r\nx-plain: p\r\nx-none:\r\n");
  EXPECT_EQ(never_indexed_in(block), "x-sum ");
}

TEST(ResponseBlock, AWholeHead) {
  CompiledFields policy;
  policy.set("X-Frame-Options", "DENY");
  policy.set("Strict-Transport-Security", "max-age=1");
  policy.drop("Server");
  policy.drop("X-Powered-By");
  ResponseOptions options;
  options.policy = &policy;
  options.request_id = "id-1";
  options.set_cookie = "weir=2; Path=/";
  options.own_fields = "RateLimit-Policy: \"api\";q=2;w=1\r\nRateLimit: \"api\";r=1;t=1\r\n";
  EXPECT_EQ(written("HTTP/1.1 200 Fine by me\r\nserver: nginx\r\nContent-Type: text/html\r\n"
                    "Content-Length: 12\r\nX-POWERED-BY: x\r\nX_Powered_By: y\r\nSet-Cookie: A=1\r\n"
                    "Set-Cookie: b=2\r\nX-Request-ID: theirs\r\nX-Empty:\r\n",
                    options),
            ":status: 200\ncontent-type: text/html\nset-cookie: A=1\nset-cookie: b=2\nx-empty: \n" +
                date_line + via_line +
                "x-request-id: id-1\nset-cookie: weir=2; Path=/\nratelimit-policy: \"api\";q=2;w=1\n"
                "ratelimit: \"api\";r=1;t=1\ncontent-length: 12\nx-frame-options: DENY\n"
                "strict-transport-security: max-age=1\n");
}

TEST(ResponseBlock, EveryStatus) {
  for (const int status : {200, 201, 204, 206, 301, 304, 400, 404, 418, 500, 503, 599}) {
    const auto text = std::to_string(status);
    EXPECT_TRUE(written("HTTP/1.1 " + text + " \r\n").starts_with(":status: " + text + "\n" + date_line))
        << status;
  }
}

TEST(ResponseBlock, TheOriginsDateStays) {
  EXPECT_EQ(written("HTTP/1.1 404 \r\nDATE: Mon, 07 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n"),
            ":status: 404\ndate: Mon, 07 Nov 1994 08:49:37 GMT\n" + via_line + "content-length: 0\n");
}

TEST(ResponseBlock, ALengthOfZeroIsNotAdded) {
  http::ResponseHead head;
  head.status = 200;
  head.major_version = 2;
  head.fields = {{http::FieldId::unknown, "grpc-status", "5"}};
  ResponseOptions options;
  options.body = {BodyKind::length, 0};
  EXPECT_EQ(written(head, options), ":status: 200\ngrpc-status: 5\n" + date_line + "via: 2.0 weir\n");
  head.fields = {{http::FieldId::content_length, "content-length", "0"}};
  EXPECT_EQ(written(head, options), ":status: 200\n" + date_line + "via: 2.0 weir\ncontent-length: 0\n");
}

TEST(ResponseBlock, ViaIsAppendedTo) {
  EXPECT_EQ(written("HTTP/1.0 200 OK\r\nVia: 1.1 a\r\nvia:\r\nvia: 1.1 b\r\nContent-Length: 1\r\n"),
            ":status: 200\n" + date_line + "via: 1.1 a, 1.1 b, 1.0 weir\ncontent-length: 1\n");
  const std::string much(1000, 'x');
  EXPECT_EQ(written("HTTP/1.1 200 OK\r\nVia: 1.1 " + much + "\r\nContent-Length: 1\r\n"),
            ":status: 200\n" + date_line + "via: 1.1 " + much + ", 1.1 weir\ncontent-length: 1\n");
}

TEST(ResponseBlock, ViaNamesTheVersionThatWasReceived) {
  auto response = parsed_response("HTTP/1.1 200 OK\r\nVia: 1.1 a\r\nContent-Length: 1\r\n");
  response.head.major_version = 2;
  ResponseOptions options;
  options.body = response.head.body;
  EXPECT_EQ(written(response.head, options),
            ":status: 200\n" + date_line + "via: 1.1 a, 2.0 weir\ncontent-length: 1\n");
}

TEST(ResponseBlock, NothingOfTheConnectionPasses) {
  EXPECT_EQ(written("HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Hop, Upgrade\r\nX-Hop: 1\r\nKeep-Alive: "
                    "timeout=5\r\nProxy-Authenticate: Basic\r\nUpgrade: h2c\r\nHTTP2-Settings: AAAA\r\n"
                    "Proxy-Connection: close\r\nTE: trailers\r\nTrailer: Digest\r\nX-Next: 2\r\n"
                    "Content-Length: 1\r\n"),
            ":status: 200\nx-next: 2\n" + date_line + via_line + "content-length: 1\n");
  ResponseOptions options;
  options.keep_alive = false;
  options.client_minor_version = 0;
  EXPECT_EQ(written("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Digest\r\n", options),
            ":status: 200\ntrailer: Digest\n" + date_line + via_line);
  EXPECT_EQ(written("HTTP/1.1 200 OK\r\n"), ":status: 200\n" + date_line + via_line)
      << "a body up to the end of the connection";
}

TEST(ResponseBlock, ContentLengthAsMetadata) {
  const std::string tail = date_line + via_line;
  EXPECT_EQ(written("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n", {}, Method::head),
            ":status: 200\n" + tail + "content-length: 99\n");
  EXPECT_EQ(written("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n", {}, Method::head),
            ":status: 200\n" + tail);
  EXPECT_EQ(written("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: \"a\"\r\n"),
            ":status: 304\netag: \"a\"\n" + tail + "content-length: 5\n");
  EXPECT_EQ(written("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n"), ":status: 204\n" + tail);
  http::ResponseHead by_hand;
  by_hand.status = 200;
  by_hand.fields = {http::test::field("Content-Length", "5, 5")};
  EXPECT_EQ(written(by_hand, {}), ":status: 200\n" + tail);
  ResponseOptions longest;
  longest.body = {BodyKind::length, UINT64_MAX};
  EXPECT_EQ(written(by_hand, longest), ":status: 200\n" + tail + "content-length: 18446744073709551615\n");
}

TEST(ResponseBlock, InterimResponsesCarryOnlyTheirOwnFields) {
  CompiledFields policy;
  policy.set("X-Frame-Options", "DENY");
  policy.drop("Link");
  ResponseOptions options;
  options.policy = &policy;
  options.request_id = "id-1";
  options.set_cookie = "weir=2";
  options.keep_alive = false;
  EXPECT_EQ(written("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nVia: 1.1 a\r\nConnection: "
                    "x, keep-alive\r\nX: 1\r\nKeep-Alive: 1\r\nUpgrade: h2c\r\n",
                    options),
            ":status: 103\nlink: </a.css>; rel=preload\nvia: 1.1 a\n");
  EXPECT_EQ(written("HTTP/1.1 102 Processing\r\n", options), ":status: 102\n");
}

TEST(ResponseBlock, ATunnelBeginsWith200) {
  const auto response = parsed_response(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: eA==\r\nSec-WebSocket-Protocol: chat\r\nSet-Cookie: a=1\r\n",
      Method::get, true);
  ResponseOptions options;
  options.request_id = "id-1";
  options.set_cookie = "weir=2";
  options.upgrade = true;
  EXPECT_EQ(written(response.head, options),
            ":status: 200\nsec-websocket-protocol: chat\nset-cookie: a=1\nx-request-id: id-1\n"
            "set-cookie: weir=2\n");
}

TEST(ResponseBlock, ThePolicyHasTheLastWord) {
  CompiledFields policy;
  policy.set("Date", "today");
  policy.drop("Via");
  policy.set("X-Request-Id", "fixed");
  policy.drop("RateLimit");
  policy.set_if_absent("Cache-Control", "no-cache");
  policy.set_if_absent("X-Unheard-Of", "1");
  ResponseOptions options;
  options.policy = &policy;
  options.request_id = "id-1";
  options.own_fields = "RateLimit: x\r\n";
  const std::string head = ":status: 200\n";
  const std::string set = "content-length: 1\ndate: today\nx-request-id: fixed\n";
  EXPECT_EQ(written("HTTP/1.1 200 OK\r\nDate: x\r\nVia: 1.1 a\r\nContent-Length: 1\r\n", options),
            head + set + "cache-control: no-cache\nx-unheard-of: 1\n");
  EXPECT_EQ(written("HTTP/1.1 200 OK\r\ncache-control: private\r\nContent-Length: 1\r\n", options),
            head + "cache-control: private\n" + set + "x-unheard-of: 1\n");
  EXPECT_EQ(written("HTTP/1.1 200 OK\r\nX-UNHEARD-OF: 2\r\nContent-Length: 1\r\n", options),
            head + "x-unheard-of: 2\n" + set + "cache-control: no-cache\n");
}

TEST(OwnBlock, AnErrorPage) {
  CompiledFields policy;
  policy.set("X-Frame-Options", "DENY");
  policy.set_if_absent("Retry-After", "1");
  policy.drop("X-Gone");
  ResponseOptions options;
  options.policy = &policy;
  options.request_id = "id-1";
  options.keep_alive = false;
  options.client_minor_version = 0;
  options.own_fields = "RateLimit: y\r\n";
  OwnResponse response;
  response.status = 502;
  response.content_type = "text/plain";
  response.body = "Bad Gateway\n";
  response.proxy_status = "weir; error=connection_refused";
  response.extra_fields = "Retry-After: 5\r\nX-Gone: 1\r\nx-frame-options: SAMEORIGIN\r\n";
  EXPECT_EQ(written(response, options),
            ":status: 502\n" + date_line +
                "content-type: text/plain\nretry-after: 5\nratelimit: y\ncache-control: no-store\n"
                "proxy-status: weir; error=connection_refused\nx-request-id: id-1\n"
                "content-length: 12\nx-frame-options: DENY\n");
}

TEST(OwnBlock, ContentLength) {
  OwnResponse response;
  response.status = 200;
  response.body = "<p>";
  response.head_only = true;
  EXPECT_EQ(written(response), ":status: 200\n" + date_line + "content-length: 3\n");
  response.body = "";
  EXPECT_EQ(written(response), ":status: 200\n" + date_line);
  for (const int status : {204, 304}) {
    response.status = status;
    EXPECT_EQ(written(response), ":status: " + std::to_string(status) + "\n" + date_line);
  }
}

TEST(TrailerBlock, LowerCaseInOrder) {
  EXPECT_EQ(trailers("Digest: a\r\nX-CHECKSUM:b \t\r\nGrpc-Status:\t 0\r\nX-Empty:\r\nX-Blank:  \r\n"),
            "digest: a\nx-checksum: b\ngrpc-status: 0\nx-empty: \nx-blank: \n");
}

TEST(TrailerBlock, NoLinesNoBlock) {
  std::string out = "before";
  write_trailer_block(out, "");
  EXPECT_EQ(out, "before");
}

}  // namespace
}  // namespace weir::http2
