// Requests of both protocols on their way to an endpoint of HTTP/2: pseudo fields, fields that belong to a connection,
// bodies, trailers and Expect.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integration/http2_endpoint_rig.hpp"
#include "support/behaviours.hpp"

namespace weir::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class Http2EndpointRequests : public Http2EndpointRig {
 protected:
  Http2EndpointRequests() { start(); }

  /// What the endpoint got of a request of HTTP/1 with `raw` as its bytes, which is answered 200.
  Http2EndpointRequest seen(const std::string& raw, const std::string& method = "GET") {
    const std::size_t before = endpoint_.request_count();
    RawClient client = weir_->connect();
    client.send(raw);
    EXPECT_EQ(client.read_response(method).status, 200) << raw;
    return endpoint_.wait_for_end(before);
  }
  Http2EndpointRequest seen_get(const std::string& fields) {
    return seen("GET / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n");
  }
  /// The same of a request of HTTP/2.
  Http2EndpointRequest seen(const h2::FieldLines& fields, std::string_view body = "") {
    const std::size_t before = endpoint_.request_count();
    Http2Client client = this->client();
    EXPECT_EQ(client.request(fields, body).status, 200);
    return endpoint_.wait_for_end(before);
  }
};

TEST_F(Http2EndpointRequests, LinesOfHttp1BecomePseudoFields) {
  struct Row {
    std::string line, method, path;
  };
  const Row rows[] = {{"GET /a?b=1", "GET", "/a?b=1"},
                      {"GET /%41/b%20c", "GET", "/%41/b%20c"},
                      {"DELETE /", "DELETE", "/"},
                      {"OPTIONS *", "OPTIONS", "*"},
                      {"GET http://h/absolute?x", "GET", "/absolute?x"}};
  for (const Row& row : rows) {
    const Http2EndpointRequest request = seen(row.line + " HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(request.method, row.method) << row.line;
    EXPECT_EQ(request.path, row.path) << row.line;
    EXPECT_EQ(request.scheme, "http");
    EXPECT_EQ(request.authority, "h");
    EXPECT_FALSE(request.fields.has("host"));
    EXPECT_TRUE(request.ended_by_head) << row.line;
    EXPECT_EQ(request.protocol, "");
  }
}

/// RFC 7541 6.2.3: an intermediary that passes such a field on keeps it so, in both directions and in trailers.
TEST_F(Http2EndpointRequests, WhatIsNeverToBeIndexedStaysSo) {
  Http2Script script;
  script.end = [](const Http2EndpointStream& stream) {
    const std::uint32_t id = stream.request().stream;
    const std::string block = h2::hpack_literal(":status", "200") + h2::hpack_never("x-answer", "secret") +
                              h2::hpack_literal("x-plain", "p") + h2::hpack_literal("trailer", "x-sum");
    const std::string trailers = h2::hpack_never("x-sum", "secret") + h2::hpack_literal("x-more", "m");
    stream.raw(h2::frame(h2::headers, h2::end_headers, id, block) + h2::frame(h2::data, 0, id, "body") +
               h2::frame(h2::headers, h2::end_headers | h2::end_stream, id, trailers));
  };
  endpoint_.behave(script);
  Http2Client client = this->client();
  const std::string block = h2::hpack_block(client.fields_of("POST", "/")) +
                            h2::hpack_never("x-api-key", "secret") + h2::hpack_literal("x-plain", "p");
  const std::uint32_t stream = client.start_block(block, false);
  client.send_data(stream, "body", false);
  client.send_frame(h2::headers, h2::end_headers | h2::end_stream, stream,
                    h2::hpack_never("x-digest", "secret") + h2::hpack_literal("x-more", "m"));
  const Http2Response& response = client.wait_end(stream);
  EXPECT_EQ(response.fields.get("x-answer"), "secret");
  EXPECT_THAT(response.fields.never_indexed, ElementsAre("x-answer"));
  EXPECT_EQ(response.trailers.get("x-sum"), "secret");
  EXPECT_THAT(response.trailers.never_indexed, ElementsAre("x-sum"));
  const Http2EndpointRequest request = endpoint_.wait_for_end(0);
  EXPECT_EQ(request.fields.get("x-api-key"), "secret");
  EXPECT_THAT(request.fields.never_indexed, ElementsAre("x-api-key"));
  EXPECT_EQ(request.trailers.get("x-digest"), "secret");
  EXPECT_THAT(request.trailers.never_indexed, ElementsAre("x-digest"));
}

/// To HTTP/1 a field looks as all do.
TEST_F(Http2EndpointRequests, OverHttp1WhatIsNeverToBeIndexedLooksAsUsual) {
  ScriptableEndpoint endpoint(behave::ok());
  ConfigText config = config_for(endpoint.address());
  config.http = "protocols: [http/1.1, h2c]";
  start(config);
  Http2Client client = this->client();
  const std::uint32_t stream = client.start_block(h2::hpack_block(client.fields_of("GET", "/")) +
                                                  h2::hpack_never("x-api-key", "secret"));
  EXPECT_EQ(client.wait_end(stream).status, 200);
  EXPECT_THAT(endpoint.request(0).raw_head, ::testing::HasSubstr("x-api-key: secret\r\n"));
}

TEST_F(Http2EndpointRequests, TheAuthorityIsTheHostWithItsPort) {
  EXPECT_EQ(seen("GET / HTTP/1.1\r\nHost: app.test:8080\r\n\r\n").authority, "app.test:8080");
  EXPECT_EQ(seen("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n").authority, "[::1]:80");
  EXPECT_EQ(seen(client().fields_of("GET", "/")).authority, "example.test");
}

TEST_F(Http2EndpointRequests, FieldsOfTheClientsConnectionStayBehind) {
  const Http2EndpointRequest request = seen_get(
      "Connection: X-Inner, keep-alive\r\nX-Inner: 1\r\nKeep-Alive: timeout=9\r\nProxy-Connection: x\r\n"
      "X-Outer: 2\r\n");
  for (const char* name : {"connection", "x-inner", "keep-alive", "proxy-connection", "transfer-encoding"}) {
    EXPECT_FALSE(request.fields.has(name)) << name;
  }
  EXPECT_EQ(request.fields.get("x-outer"), "2");
}

/// RFC 7540's upgrade is gone (RFC 9113 3.1), and what it said is for one connection.
TEST_F(Http2EndpointRequests, NoUpgradeToHttp2IsPassedOn) {
  const Http2EndpointRequest request =
      seen_get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n");
  EXPECT_FALSE(request.fields.has("upgrade"));
  EXPECT_FALSE(request.fields.has("http2-settings"));
  EXPECT_EQ(request.method, "GET");
}

TEST_F(Http2EndpointRequests, TeSaysOnlyThatTrailersAreUnderstood) {
  EXPECT_THAT(seen_get("TE: gzip\r\nConnection: TE\r\n").fields.values("te"), IsEmpty());
  for (const std::string& value : seen_get("TE: trailers, gzip\r\nConnection: TE\r\n").fields.values("te")) {
    EXPECT_EQ(value, "trailers");
  }
  EXPECT_THAT(seen(client().fields_of("GET", "/", {{"te", "trailers"}})).fields.values("te"),
              ElementsAre("trailers"));
}

TEST_F(Http2EndpointRequests, NamesAreLowerCaseAndFieldsKeepTheirOrder) {
  const Http2EndpointRequest request = seen_get("X-MANY: 1\r\nX-Other: o\r\nx-many: 2\r\nX-Empty:\r\n");
  EXPECT_THAT(request.fields.values("x-many"), ElementsAre("1", "2"));
  EXPECT_THAT(request.fields.values("x-empty"), ElementsAre(""));
}

TEST_F(Http2EndpointRequests, SayWhereTheyComeFrom) {
  const Http2EndpointRequest old = seen_get(""), request = seen(client().fields_of("GET", "/"));
  for (const Http2EndpointRequest& each : {old, request}) {
    EXPECT_EQ(each.fields.get("x-forwarded-for"), "127.0.0.1");
    EXPECT_EQ(each.fields.get("x-forwarded-proto"), "http");
    EXPECT_TRUE(each.fields.has("x-request-id"));
    EXPECT_TRUE(each.fields.has("traceparent"));
  }
  EXPECT_THAT(old.fields.get("via"), StartsWith("1.1 weir"));
  EXPECT_THAT(request.fields.get("via"), StartsWith("2.0 weir"));
}

TEST_F(Http2EndpointRequests, ManyCookiesOfHttp2ReachTheEndpointAsOne) {
  const Http2EndpointRequest request =
      seen(client().fields_of("GET", "/", {{"cookie", "a=1"}, {"cookie", "b=2"}}));
  std::string joined;  // an endpoint may get it in pieces, too (RFC 9113 8.2.3)
  for (const std::string& value : request.fields.values("cookie"))
    joined += (joined.empty() ? "" : "; ") + value;
  EXPECT_EQ(joined, "a=1; b=2");
}

TEST_F(Http2EndpointRequests, LargeHeadsGoOnInContinuations) {
  std::string fields;
  for (int i = 0; i < 12; ++i)
    fields += "X-Large-" + std::to_string(i) + ": " + std::string(2000, 'v') + "\r\n";
  const Http2EndpointRequest request = seen_get(fields);
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(request.fields.get("x-large-" + std::to_string(i)), std::string(2000, 'v'));
  }
}

TEST_F(Http2EndpointRequests, ABodyOfKnownLengthKeepsIt) {
  const Http2EndpointRequest request =
      seen("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello", "POST");
  EXPECT_EQ(request.body, "hello");
  EXPECT_EQ(request.fields.get("content-length"), "5");
  EXPECT_FALSE(request.ended_by_head);
  EXPECT_EQ(seen(client().fields_of("POST", "/", {{"content-length", "3"}}), "abc").body, "abc");
}

TEST_F(Http2EndpointRequests, AnEmptyBodyEndsWithTheHead) {
  const Http2EndpointRequest request =
      seen("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", "POST");
  EXPECT_EQ(request.body, "");
  EXPECT_EQ(request.fields.get("content-length"), "0");
  EXPECT_TRUE(request.ended_by_head);
}

TEST_F(Http2EndpointRequests, ChunksBecomeData) {
  const Http2EndpointRequest request = seen(
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3;ext=1\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n",
      "POST");
  EXPECT_EQ(request.body, "abcdefg");
  EXPECT_FALSE(request.fields.has("transfer-encoding"));
  EXPECT_FALSE(request.fields.has("content-length"));
  EXPECT_TRUE(request.complete);
  EXPECT_THAT(request.trailers.all, IsEmpty());
}

TEST_F(Http2EndpointRequests, AnEmptyChunkedBodyEnds) {
  const Http2EndpointRequest request =
      seen("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "POST");
  EXPECT_EQ(request.body, "");
  EXPECT_TRUE(request.complete);
}

TEST_F(Http2EndpointRequests, ABodyOfUnknownLengthHasNone) {
  const Http2EndpointRequest request = seen(client().fields_of("POST", "/"), "abc");
  EXPECT_EQ(request.body, "abc");
  EXPECT_FALSE(request.fields.has("content-length"));
}

TEST_F(Http2EndpointRequests, TrailersOfChunksPass) {
  const Http2EndpointRequest request = seen(
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n0\r\n"
      "X-Sum: 9\r\nContent-Length: 7\r\n\r\n",
      "POST");
  EXPECT_EQ(request.body, "abc");
  EXPECT_EQ(request.trailers.get("x-sum"), "9");
  EXPECT_EQ(request.trailers.all.size(), 1U) << "others may not come late";
}

TEST_F(Http2EndpointRequests, TrailersOfHttp2Pass) {
  Http2Client client = this->client();
  const std::uint32_t stream = client.start_request(client.fields_of("POST", "/"), false);
  client.send_data(stream, "abc", false);
  client.send_trailers(stream, {{"x-sum", "9"}});
  EXPECT_EQ(client.wait_end(stream).status, 200);
  EXPECT_EQ(endpoint_.request(0).body, "abc");
  EXPECT_EQ(endpoint_.request(0).trailers.get("x-sum"), "9");
}

TEST_F(Http2EndpointRequests, AContinueOfTheEndpointReachesWhoWaitsForIt) {
  Http2Script script;
  script.head = [](const Http2EndpointStream& stream) { stream.head(100); };
  script.end = [](const Http2EndpointStream& stream) { stream.answer(200, stream.request().body); };
  endpoint_.behave(script);
  RawClient client = weir_->connect();
  client.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_THAT(client.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 100 "));
  client.send("hello");
  EXPECT_EQ(client.read_response("POST").body, "hello");
  Http2Client other = this->client();
  const std::uint32_t stream =
      other.start_request(other.fields_of("POST", "/", {{"expect", "100-continue"}}), false);
  EXPECT_EQ(other.wait_interim(stream, 1).interim[0].status, 100);
  other.send_data(stream, "world");
  EXPECT_EQ(other.wait_end(stream).body, "world");
}

TEST_F(Http2EndpointRequests, TheHeadIsThereBeforeTheBody) {
  Http2Client client = this->client();
  const std::uint32_t stream = client.start_request(client.fields_of("POST", "/echo"), false);
  endpoint_.wait_for_requests(1);
  for (std::size_t i = 1; i <= 3; ++i) {  // and each piece when it comes
    client.send_data(stream, "piece", false);
    EXPECT_EQ(endpoint_.wait_for_body(0, 5 * i).body.size(), 5 * i);
  }
  client.send_data(stream, "");
  EXPECT_EQ(client.wait_end(stream).body, "piecepiecepiece");
}

TEST_F(Http2EndpointRequests, RewritesAndFieldsOfTheRouteHold) {
  ConfigText config = h2c_config({endpoint_.address()});
  config.route = "rewrite: { path: /v1 }";
  start(config);
  EXPECT_EQ(get("/a?b=c").status, 200);
  EXPECT_EQ(endpoint_.request(0).path, "/v1/a?b=c");
}

}  // namespace
}  // namespace weir::testing
