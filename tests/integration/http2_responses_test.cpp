// A response of HTTP/1 on its way to a client of HTTP/2: framing, interim heads, trailers, fields that stay behind, and
// responses that are cut.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/behaviours.hpp"
#include "support/http2_client.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using ::testing::ElementsAre;

class Http2Responses : public ::testing::Test {
 protected:
  static ConfigText config_of(const std::string& endpoint) {
    ConfigText config = config_for(endpoint);
    config.http = "protocols: [http/1.1, h2c]";
    config.app = "passive_health: { consecutive_failures: 0 }, retry: { attempts: 0 }";
    return config;
  }
  Http2Response response_to(RequestBehaviour behaviour, const h2::FieldLines& fields = {}) {
    endpoint_.behave(std::move(behaviour));
    return client_.get("/", fields);
  }
  Http2Response response_of(std::string raw, const h2::FieldLines& fields = {}) {
    return response_to(behave::respond(std::move(raw)), fields);
  }

  ScriptableEndpoint endpoint_{behave::ok()};
  WeirProcess weir_{config_of(endpoint_.address())};
  Http2Client client_{weir_.port()};
};

TEST_F(Http2Responses, StatusesPass) {
  for (const int status : {200, 201, 206, 301, 304, 400, 404, 418, 500, 599}) {
    EXPECT_EQ(response_to(behave::status(status)).status, status);
  }
}

/// Names in upper case are a TestFailure of the client's.
TEST_F(Http2Responses, FieldsPassInOrder) {
  const Http2Response response = response_to(
      behave::ok("", "X-Many: 1\r\nSet-Cookie: a=1\r\nX-MANY: 2\r\nSet-Cookie: b=2; Path=/\r\nX-Empty:\r\n"));
  EXPECT_THAT(response.fields.values("x-many"), ElementsAre("1", "2"));
  EXPECT_THAT(response.fields.values("set-cookie"), ElementsAre("a=1", "b=2; Path=/"));
  EXPECT_THAT(response.fields.values("x-empty"), ElementsAre(""));
  EXPECT_THAT(response.fields.values("content-length"), ElementsAre("0"));
  EXPECT_EQ(response.body, "");
}

TEST_F(Http2Responses, FieldsOfTheEndpointsConnectionStayBehind) {
  const Http2Response response = response_of(
      "HTTP/1.1 200 OK\r\nConnection: X-Inner, keep-alive\r\nX-Inner: 1\r\nKeep-Alive: timeout=9\r\n"
      "Proxy-Connection: x\r\nUpgrade: h2c\r\nX-Outer: 2\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_FALSE(response.fields.has("x-inner"));
  EXPECT_EQ(response.fields.get("x-outer"), "2");
  EXPECT_EQ(response.body, "ok");
}

TEST_F(Http2Responses, ChunksBecomeData) {
  const Http2Response response = response_of(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;ext=1\r\nabc\r\n004\r\ndefg\r\n0\r\n\r\n");
  EXPECT_EQ(response.body, "abcdefg");
  EXPECT_TRUE(response.complete);
  EXPECT_FALSE(response.ended_by_trailers);
  EXPECT_FALSE(response.fields.has("content-length"));
}

TEST_F(Http2Responses, AnEmptyChunkedBodyEnds) {
  const Http2Response response =
      response_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  EXPECT_EQ(response.body, "");
  EXPECT_TRUE(response.complete);
}

TEST_F(Http2Responses, TrailersPass) {
  const Http2Response response = response_of(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Sum\r\n\r\n3\r\nabc\r\n0\r\n"
      "Sum: 1\r\nContent-Length: 9\r\nConnection: close\r\nSet-Cookie: late=1\r\n\r\n",
      {{"te", "trailers"}});
  EXPECT_EQ(response.body, "abc");
  EXPECT_TRUE(response.ended_by_trailers);
  EXPECT_EQ(response.trailers.get("sum"), "1");
  EXPECT_EQ(response.trailers.all.size(), 1U);  // the others may not come late
}

TEST_F(Http2Responses, TrailersWithoutABody) {
  const Http2Response response =
      response_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Sum\r\n\r\n0\r\nSum: 1\r\n\r\n",
                  {{"te", "trailers"}});
  EXPECT_EQ(response.body, "");
  EXPECT_TRUE(response.complete);
  EXPECT_EQ(response.trailers.get("sum"), "1");
}

TEST_F(Http2Responses, ABodyThatEndsWithTheConnectionEndsTheStream) {
  const Http2Response response =
      response_to(behave::respond_then_close("HTTP/1.1 200 OK\r\n\r\nuntil the end"));
  EXPECT_EQ(response.body, "until the end");
  EXPECT_TRUE(response.complete);
  EXPECT_EQ(response.reset, std::nullopt);
  EXPECT_FALSE(response.fields.has("content-length"));
  EXPECT_EQ(response_to(behave::ok("again")).body, "again");
}

TEST_F(Http2Responses, AHeadOfAChunkedResponseIsAll) {
  endpoint_.behave(behave::respond("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
  EXPECT_TRUE(client_.exchange("HEAD", "/").ended_by_head);
  EXPECT_EQ(response_to(behave::ok("next")).body, "next");
}

TEST_F(Http2Responses, InterimHeadsPass) {
  const Http2Response response = response_of(
      "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nConnection: X-Inner\r\nX-Inner: 1\r\nKeep-Alive: "
      "x\r\n\r\n"
      "HTTP/1.1 103 Early Hints\r\nLink: </b.js>\r\n\r\n"
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_EQ(response.body, "ok");
  ASSERT_EQ(response.interim.size(), 2U);
  EXPECT_EQ(response.interim[0].status, 103);
  EXPECT_EQ(response.interim[0].fields.get("link"), "</a.css>");
  EXPECT_FALSE(response.interim[0].fields.has("x-inner"));
  EXPECT_FALSE(response.interim[0].fields.has("content-length"));
  EXPECT_EQ(response.interim[1].fields.get("link"), "</b.js>");
}

/// Before the final head, not with it: what they are for.
TEST_F(Http2Responses, AnInterimHeadIsSentAtOnce) {
  const auto gate = std::make_shared<Gate>();
  endpoint_.behave([gate](EndpointConnection& connection, const Request&) {
    connection.send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n");
    if (connection.wait(*gate)) connection.send(behave::ok_message("late"));
  });
  const std::uint32_t stream = client_.start_get("/");
  EXPECT_EQ(client_.wait_interim(stream, 1).status, 0);
  gate->open();
  EXPECT_EQ(client_.wait_end(stream).body, "late");
}

TEST_F(Http2Responses, ContinueGoesOnlyToThoseWhoAsk) {
  const Http2Response response =
      response_of("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_EQ(response.body, "ok");
  EXPECT_TRUE(response.interim.empty());
}

TEST_F(Http2Responses, SwitchingProtocolsWithoutATunnelIsAnError) {
  const Http2Response response =
      response_of("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
  EXPECT_EQ(response.status, 502);
}

struct Cut {
  const char* name;
  std::string raw;
  bool by_reset = false;
};

void PrintTo(const Cut& cut, std::ostream* out) {
  *out << cut.name;
}

/// The client has got the head and what there was of the body; an end of the stream would say that it is whole.
class Http2Cut : public Http2Responses, public ::testing::WithParamInterface<Cut> {};

TEST_P(Http2Cut, IsResetAndNotEnded) {
  const Cut& cut = GetParam();
  const Http2Response response =
      response_to(cut.by_reset ? behave::respond_then_reset(cut.raw) : behave::respond_then_close(cut.raw));
  EXPECT_EQ(response.reset, h2::internal_error);
  EXPECT_FALSE(response.complete);
  if (!cut.by_reset) {
    EXPECT_EQ(response.body, "hello");
  }
  EXPECT_EQ(response_to(behave::ok("again")).body, "again");
  EXPECT_TRUE(client_.goaways().empty());
  const boost::json::object line = weir_.access_log(2)[0];
  EXPECT_TRUE(line.contains("reason")) << boost::json::serialize(line);
}

INSTANTIATE_TEST_SUITE_P(
    Response, Http2Cut,
    ::testing::Values(
        Cut{"in_its_length", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello"},
        Cut{"between_chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"},
        Cut{"in_a_chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello"},
        Cut{"before_the_end_of_its_trailers",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nSum: 1\r\n"}),
    [](const auto& cut) { return std::string(cut.param.name); });

TEST_F(Http2Responses, AChunkThatIsNoneEndsTheStream) {
  const auto gate = std::make_shared<Gate>();
  endpoint_.behave([gate](EndpointConnection& connection, const Request&) {
    connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    if (connection.wait(*gate)) connection.send("zz\r\n");
  });
  const std::uint32_t stream = client_.start_get("/");
  client_.wait_body(stream, 5);
  gate->open();
  EXPECT_EQ(client_.wait_reset(stream), h2::internal_error);
}

/// A reset may overtake what was sent before it: so the client has to have read that.
TEST_F(Http2Responses, ABodyUntilCloseThatIsResetIsNotWhole) {
  const auto gate = std::make_shared<Gate>();
  endpoint_.behave([gate](EndpointConnection& connection, const Request&) {
    connection.send("HTTP/1.1 200 OK\r\n\r\nhello");
    connection.wait(*gate);
    connection.reset();
  });
  const std::uint32_t stream = client_.start_get("/");
  client_.wait_body(stream, 5);
  gate->open();
  EXPECT_EQ(client_.wait_reset(stream), h2::internal_error);
  EXPECT_FALSE(client_.response(stream).complete);
}

TEST_F(Http2Responses, AnEndpointThatLeavesBeforeItsHeadIsAnAnswer) {
  EXPECT_EQ(response_to(behave::close()).status, 502);
  EXPECT_EQ(response_to(behave::reset()).status, 502);
  EXPECT_EQ(response_of("nonsense\r\n\r\n").status, 502);
  EXPECT_EQ(response_to(behave::ok("fine")).body, "fine");
}

TEST_F(Http2Responses, WhatAnEndpointSendsBehindItsResponseIsNobodys) {
  const Http2Response response = response_of(
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
  EXPECT_EQ(response.body, "ok");
  EXPECT_TRUE(response.complete);
  EXPECT_EQ(response_to(behave::ok("next")).body, "next");
}

TEST_F(Http2Responses, AHeadPastOneFrameGoesOnInContinuations) {
  const std::string value(20'000, 'v');
  const Http2Response response = response_to(behave::ok("ok", "X-Long: " + value + "\r\n"));
  EXPECT_TRUE(response.fields.get("x-long") == value);
  EXPECT_EQ(response.body, "ok");
}

/// Whatever ends the wait of a client: the endpoint has no part in it.
TEST_F(Http2Responses, AClientThatBreaksOffIsNoFailureOfItsEndpoint) {
  endpoint_.behave([](EndpointConnection& connection, const Request&) { connection.read_to_end(); });
  const std::string breaks[] = {h2::frame(h2::data, 0, 0, "x"),  // of the connection
                                h2::window_update_frame(1, 0)};  // of the stream
  std::size_t lines = 0;
  for (const std::string& broken : breaks) {
    Http2Client client(weir_.port());
    client.start_get("/");
    client.round_trip();
    client.send(broken);
    client.wait_until("it is noticed", [&] { return client.response(1).reset || !client.goaways().empty(); });
    ++lines;
    EXPECT_EQ(weir_.access_log(lines)[lines - 1].at("reason"), "client_gone");
  }
  EXPECT_EQ(weir_.metric("weir_upstream_failures_total"), 0);
  EXPECT_EQ(weir_.metric("weir_ejections_total"), 0);
}

}  // namespace
}  // namespace weir::testing
