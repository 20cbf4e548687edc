// Responses of an endpoint of HTTP/2 on their way to clients of both protocols: framing, interim heads, trailers, and
// what is no response.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integration/http2_endpoint_rig.hpp"

namespace weir::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

using Stream = Http2EndpointStream;

Http2Script when_ended(std::function<void(const Stream&)> what) {
  Http2Script script;
  script.end = std::move(what);
  return script;
}

class Http2EndpointResponses : public Http2EndpointRig {
 protected:
  Http2EndpointResponses() { start("passive_health: { consecutive_failures: 0 }, retry: { attempts: 0 }"); }

  Http2Response over_http2(std::function<void(const Stream&)> answer, const h2::FieldLines& extra = {}) {
    endpoint_.behave(when_ended(std::move(answer)));
    return get("/", extra);
  }
  Response over_http1(std::function<void(const Stream&)> answer, const std::string& fields = "",
                      const std::string& method = "GET") {
    endpoint_.behave(when_ended(std::move(answer)));
    RawClient client = weir_->connect();
    client.send(method + " / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n");
    return client.read_response(method);
  }
};

TEST_F(Http2EndpointResponses, ALengthPasses) {
  const auto answer = [](const Stream& stream) {
    stream.answer(200, "hello", {{"x-many", "1"}, {"x-many", "2"}});
  };
  const Http2Response response = over_http2(answer);
  EXPECT_EQ(response.body, "hello");
  EXPECT_EQ(response.fields.get("content-length"), "5");
  EXPECT_THAT(response.fields.values("x-many"), ElementsAre("1", "2"));
  EXPECT_EQ(response.fields.get("via"), "2.0 weir");
  const Response old = over_http1(answer);
  EXPECT_EQ(old.start_line, "HTTP/1.1 200 OK");
  EXPECT_EQ(old.body, "hello");
  EXPECT_EQ(old.fields.get("Content-Length"), "5");
  EXPECT_EQ(old.fields.get("Via"), "2.0 weir");
}

TEST_F(Http2EndpointResponses, WithoutALengthTheyAreChunkedForHttp1) {
  const auto answer = [](const Stream& stream) {
    stream.head(200);
    stream.data("hello", true);
  };
  const Response old = over_http1(answer);
  EXPECT_TRUE(old.chunked);
  EXPECT_EQ(old.body, "hello");
  EXPECT_TRUE(old.complete);
  const Http2Response response = over_http2(answer);
  EXPECT_EQ(response.body, "hello");
  EXPECT_FALSE(response.fields.has("content-length"));
}

TEST_F(Http2EndpointResponses, AHeadThatIsAllHasNoBody) {
  const auto answer = [](const Stream& stream) { stream.head(200, {{"x-own", "1"}}, true); };
  const Response old = over_http1(answer);
  EXPECT_EQ(old.body, "");
  EXPECT_FALSE(old.chunked);
  EXPECT_EQ(old.fields.get("Content-Length"), "0");
  EXPECT_TRUE(over_http2(answer).ended_by_head) << "one frame stays one";
}

TEST_F(Http2EndpointResponses, AnEmptyBodyBehindAHeadEnds) {
  const auto answer = [](const Stream& stream) {
    stream.head(200);
    stream.data("", true);
  };
  EXPECT_EQ(over_http1(answer).body, "");
  const Http2Response response = over_http2(answer);
  EXPECT_EQ(response.body, "");
  EXPECT_TRUE(response.complete);
}

TEST_F(Http2EndpointResponses, ToHeadTheLengthIsOnlySaid) {
  const auto answer = [](const Stream& stream) { stream.head(200, {{"content-length", "1000"}}, true); };
  const Response old = over_http1(answer, "", "HEAD");
  EXPECT_EQ(old.fields.get("Content-Length"), "1000");
  EXPECT_EQ(old.body, "");
  endpoint_.behave(when_ended(answer));
  Http2Client client = this->client();
  const Http2Response response = client.exchange("HEAD", "/");
  EXPECT_EQ(response.fields.get("content-length"), "1000");
  EXPECT_TRUE(response.ended_by_head);
}

TEST_F(Http2EndpointResponses, StatusesWithoutABodyPass) {
  for (const int status : {204, 304}) {
    const auto answer = [status](const Stream& stream) { stream.head(status, {{"etag", "\"1\""}}, true); };
    const Response old = over_http1(answer);
    EXPECT_EQ(old.status, status);
    EXPECT_EQ(old.fields.get("ETag"), "\"1\"");
    EXPECT_TRUE(over_http2(answer).ended_by_head);
  }
  const auto with_length = [](const Stream& stream) { stream.head(304, {{"content-length", "77"}}, true); };
  EXPECT_EQ(over_http1(with_length).fields.get("Content-Length"), "77");
}

TEST_F(Http2EndpointResponses, StatusesPassWithTheirReasons) {
  for (const int status : {200, 201, 206, 301, 400, 404, 418, 500, 503, 599}) {
    const auto answer = [status](const Stream& stream) { stream.answer(status); };
    EXPECT_EQ(over_http2(answer).status, status);
    EXPECT_EQ(over_http1(answer).status, status);
  }
  EXPECT_EQ(over_http1([](const Stream& stream) { stream.answer(404); }).reason, "Not Found");
}

TEST_F(Http2EndpointResponses, TrailersPass) {
  const auto answer = [](const Stream& stream) {
    stream.head(200);
    stream.data("abc");
    stream.trailers({{"x-sum", "6"}, {"content-length", "9"}, {"set-cookie", "late=1"}});
  };
  const Http2Response response = over_http2(answer, {{"te", "trailers"}});
  EXPECT_TRUE(response.ended_by_trailers);
  EXPECT_EQ(response.trailers.get("x-sum"), "6");
  EXPECT_THAT(response.trailers.all, SizeIs(1)) << "the others may not come late";
  const Response old = over_http1(answer, "TE: trailers\r\nConnection: TE\r\n");
  EXPECT_EQ(old.body, "abc");
  EXPECT_EQ(old.trailers.get("X-Sum"), "6");
}

TEST_F(Http2EndpointResponses, TrailersWithoutABodyPass) {
  const auto answer = [](const Stream& stream) {
    stream.head(200);
    stream.trailers({{"x-sum", "0"}});
  };
  const Http2Response response = over_http2(answer, {{"te", "trailers"}});
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(response.trailers.get("x-sum"), "0");
}

TEST_F(Http2EndpointResponses, TrailersBehindABodyOfKnownLengthPassOverHttp2) {
  const Http2Response response = over_http2(
      [](const Stream& stream) {
        stream.head(200, {{"content-length", "3"}});
        stream.data("abc");
        stream.trailers({{"x-sum", "6"}});
      },
      {{"te", "trailers"}});
  EXPECT_EQ(response.body, "abc");
  EXPECT_TRUE(response.complete);
  EXPECT_EQ(response.trailers.get("x-sum"), "6");
}

TEST_F(Http2EndpointResponses, InterimHeadsPassAtOnce) {
  endpoint_.behave(when_ended([](const Stream& stream) {
    stream.head(100);
    stream.head(103, {{"link", "</a.css>"}});
  }));
  Http2Client client = this->client();
  const std::uint32_t number = client.start_get("/");
  EXPECT_EQ(client.wait_interim(number, 1).interim[0].status, 103) << "nobody asked for the 100";
  EXPECT_EQ(client.response(number).interim[0].fields.get("link"), "</a.css>");
  endpoint_.stream(0).answer(200, "late");
  EXPECT_EQ(client.wait_end(number).body, "late");
  const Response old = over_http1([](const Stream& stream) {
    stream.head(103, {{"link", "</a.css>"}});
    stream.answer(200, "ok");
  });
  EXPECT_EQ(old.body, "ok");
  ASSERT_THAT(old.interim, SizeIs(1));
  EXPECT_EQ(old.interim[0].fields.get("Link"), "</a.css>");
}

TEST_F(Http2EndpointResponses, EndlessInterimHeadsAreNoResponse) {
  const Http2Response response = over_http2([](const Stream& stream) {
    for (int i = 0; i < 40; ++i) stream.head(103);
    stream.answer(200, "at last");
  });
  EXPECT_EQ(response.status, 502);
}

TEST_F(Http2EndpointResponses, PiecesComeWhenTheyAreSent) {
  endpoint_.behave(scripts::hang());
  Http2Client client = this->client();
  const std::uint32_t number = client.start_get("/");
  RawClient old = weir_->connect();
  old.send_get("/");
  endpoint_.wait_for_requests(2);
  for (const std::size_t each : {0U, 1U}) endpoint_.stream(each).head(200);
  client.wait_head(number);
  old.read_head();
  for (std::size_t i = 1; i <= 3; ++i) {
    for (const std::size_t each : {0U, 1U}) endpoint_.stream(each).data("piece");
    client.wait_body(number, 5 * i);
    EXPECT_EQ(old.read_until("piece\r\n"), "5\r\npiece\r\n");
  }
  for (const std::size_t each : {0U, 1U}) endpoint_.stream(each).data("", true);
  EXPECT_TRUE(client.wait_end(number).complete);
  EXPECT_EQ(old.read_until("\r\n\r\n"), "0\r\n\r\n");
}

TEST_F(Http2EndpointResponses, EndpointsThatSayNoMoreThanTheyMustAreUnderstood) {
  for (const h2::Flags flags : {h2::Flags{h2::padded}, h2::Flags{h2::padded | h2::with_priority}}) {
    const Http2Response response = over_http2([flags](const Stream& stream) {
      const std::uint32_t number = stream.request().stream;
      std::string block = h2::hpack_block({{":status", "200"}});
      if ((flags & h2::with_priority) != 0) block = h2::number(0, 4) + h2::number(16, 1) + block;
      stream.raw(h2::frame(h2::headers, flags | h2::end_headers, number, h2::pad(block, 7)));
      stream.raw(h2::frame(h2::data, h2::padded, number, h2::pad("hel", 100)));
      stream.raw(h2::frame(h2::data, h2::padded, number, h2::pad("", 3)));
      stream.raw(h2::frame(0xEE, 0, number, "unknown"));
      stream.raw(h2::frame(h2::data, h2::end_stream, number, "lo"));
    });
    EXPECT_EQ(response.body, "hello");
  }
}

TEST_F(Http2EndpointResponses, CompressedHeadsAreUnderstood) {
  for (int i = 0; i < 3; ++i) {  // the dynamic table grows, and is used
    const Http2Response response = over_http2([](const Stream& stream) {
      const std::string block = h2::hpack_indexed(8) /* :status 200 */ + h2::hpack_stored("x-one", "1") +
                                h2::hpack_indexed(62) + h2::hpack_never("x-two", "2");
      stream.raw(h2::frame(h2::headers, h2::end_headers | h2::end_stream, stream.request().stream, block));
      stream.reset(h2::no_error);
    });
    EXPECT_THAT(response.fields.values("x-one"), ElementsAre("1", "1"));
    EXPECT_EQ(response.fields.get("x-two"), "2");
  }
}

// What is no response (RFC 9113 8.1.1, 8.3.2): the stream fails, and its connection goes on.

struct BadHead {
  std::string name;
  h2::FieldLines fields;
};

void PrintTo(const BadHead& head, std::ostream* out) {
  *out << head.name;
}

class Http2EndpointBadHeads : public Http2EndpointResponses, public ::testing::WithParamInterface<BadHead> {};

TEST_P(Http2EndpointBadHeads, AreA502AndTheConnectionGoesOn) {
  const auto answer = [](const Stream& stream) { stream.head(GetParam().fields, true); };
  const Http2Response response = over_http2(answer);
  EXPECT_EQ(response.status, 502);
  EXPECT_THAT(response.fields.get("proxy-status"), HasSubstr("weir; error=http_protocol_error"));
  EXPECT_EQ(over_http1(answer).status, 502);
  EXPECT_EQ(log_line(*weir_, 2).at("reason"), "response_malformed");
  for (const std::size_t each : {0U, 1U}) EXPECT_NE(endpoint_.wait_for_reset(each), h2::no_error);
  EXPECT_EQ(over_http2([](const Stream& stream) { stream.answer(200, "next"); }).body, "next");
  EXPECT_EQ(endpoint_.connection_count(), 1U);
}

INSTANTIATE_TEST_SUITE_P(
    All, Http2EndpointBadHeads,
    ::testing::Values(BadHead{"NoStatus", {{"x-own", "1"}}},
                      BadHead{"TwoStatuses", {{":status", "200"}, {":status", "200"}}},
                      BadHead{"AStatusBehindAField", {{"x-own", "1"}, {":status", "200"}}},
                      BadHead{"AStatusThatIsNone", {{":status", "20"}}},
                      BadHead{"AStatusOfLetters", {{":status", "2oo"}}},
                      BadHead{"ASwitchOfProtocols", {{":status", "101"}}},
                      BadHead{"AFieldOfRequests", {{":status", "200"}, {":path", "/"}}},
                      BadHead{"AnUnknownPseudoField", {{":status", "200"}, {":x", "1"}}},
                      BadHead{"UpperCase", {{":status", "200"}, {"X-Own", "1"}}},
                      BadHead{"AnEmptyName", {{":status", "200"}, {"", "1"}}},
                      BadHead{"ASpaceInAName", {{":status", "200"}, {"x own", "1"}}},
                      BadHead{"ALineBreakInAValue", {{":status", "200"}, {"x-own", "1\r\nset-cookie: a=1"}}},
                      BadHead{"ANulInAValue", {{":status", "200"}, {"x-own", std::string("1\0", 2)}}},
                      BadHead{"Connection", {{":status", "200"}, {"connection", "close"}}},
                      BadHead{"TransferEncoding", {{":status", "200"}, {"transfer-encoding", "chunked"}}},
                      BadHead{"Upgrade", {{":status", "200"}, {"upgrade", "h2c"}}},
                      BadHead{"KeepAlive", {{":status", "200"}, {"keep-alive", "x"}}},
                      BadHead{"TwoLengths",
                              {{":status", "200"}, {"content-length", "1"}, {"content-length", "2"}}},
                      BadHead{"ALengthThatIsNone", {{":status", "200"}, {"content-length", "-1"}}},
                      BadHead{"ALengthWithoutABody", {{":status", "200"}, {"content-length", "5"}}},
                      BadHead{"AnInterimHeadThatEnds", {{":status", "103"}}}),
    [](const auto& tested) { return tested.param.name; });

/// A client has the head already, and then `rest` comes: what it gets is never as if it were whole.
class Http2EndpointCuts : public Http2EndpointResponses {
 protected:
  void expect_cut(const h2::FieldLines& head, const std::function<void(const Stream&)>& rest) {
    endpoint_.behave(scripts::hang());
    Http2Client client = this->client();
    const std::size_t index = endpoint_.request_count();
    const std::uint32_t number = client.start_get("/");
    endpoint_.wait_for_requests(index + 1);
    RawClient old = weir_->connect();
    old.send_get("/");
    endpoint_.wait_for_requests(index + 2);
    for (const std::size_t each : {index, index + 1}) endpoint_.stream(each).head(head);
    client.wait_head(number);
    Response response = old.read_head();
    for (const std::size_t each : {index, index + 1}) rest(endpoint_.stream(each));
    EXPECT_TRUE(client.wait_end(number).reset.has_value());
    EXPECT_FALSE(client.response(number).complete);
    old.read_body(response);
    EXPECT_FALSE(response.complete);
    EXPECT_EQ(over_http2([](const Stream& stream) { stream.answer(200, "next"); }).body, "next");
    EXPECT_EQ(endpoint_.connection_count(), 1U);
  }
};

TEST_F(Http2EndpointCuts, ABodyThatIsShorterThanItsLength) {
  expect_cut({{":status", "200"}, {"content-length", "10"}},
             [](const Stream& stream) { stream.data("short", true); });
}

TEST_F(Http2EndpointCuts, ABodyThatIsLongerThanItsLength) {
  expect_cut({{":status", "200"}, {"content-length", "3"}},
             [](const Stream& stream) { stream.data("too long", true); });
}

TEST_F(Http2EndpointCuts, ALengthAndTrailersTooEarly) {
  expect_cut({{":status", "200"}, {"content-length", "3"}}, [](const Stream& stream) {
    stream.trailers({{"x-sum", "0"}});
  });
}

TEST_F(Http2EndpointCuts, TrailersThatAreNone) {
  expect_cut({{":status", "200"}}, [](const Stream& stream) {
    stream.data("abc");
    stream.trailers({{":status", "200"}});
  });
}

TEST_F(Http2EndpointCuts, ASecondHead) {
  expect_cut({{":status", "200"}}, [](const Stream& stream) {
    stream.head(200);
    stream.data("x", true);
  });
}

/// All in one reading: there was no time to pass the head on, and need not be.
TEST_F(Http2EndpointResponses, ABodyThatIsNotItsLengthIsNoResponse) {
  for (const std::string body : {"short", "much too long for it"}) {
    const auto answer = [&](const Stream& stream) {
      stream.head(200, {{"content-length", "10"}});
      stream.data(body, true);
    };
    const Http2Response response = over_http2(answer);
    EXPECT_TRUE(response.reset || response.status == 502);
    const Response old = over_http1(answer);
    EXPECT_TRUE(!old.complete || old.status == 502);
  }
}

TEST_F(Http2EndpointResponses, AHeadThatIsTooLargeIsA502) {
  for (const std::size_t count : {40U, 200U}) {  // 80 KiB, 400 KiB: stored or not
    const Http2Response response = over_http2([count](const Stream& stream) {
      h2::FieldLines fields;
      for (std::size_t i = 0; i < count; ++i) fields.emplace_back("x-large", std::string(2000, 'v'));
      stream.answer(200, "", fields);
    });
    EXPECT_EQ(response.status, 502) << count;
  }
  EXPECT_EQ(over_http2([](const Stream& stream) { stream.answer(200, "next"); }).body, "next");
}

TEST_F(Http2EndpointResponses, DataBeforeAHeadIsNoResponse) {
  EXPECT_EQ(over_http2([](const Stream& stream) { stream.data("early", true); }).status, 502);
  EXPECT_EQ(over_http2([](const Stream& stream) { stream.answer(200, "next"); }).body, "next");
}

}  // namespace
}  // namespace weir::testing
