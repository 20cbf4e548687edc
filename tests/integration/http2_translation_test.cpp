// A request of HTTP/2 on its way to an endpoint of HTTP/1: the tables of http2_request_cases.hpp, bodies against their
// Content-Length, trailers, Expect, and requests that end early. What comes back: http2_responses_test.cpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "integration/http2_request_cases.hpp"
#include "support/behaviours.hpp"
#include "support/http2_client.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* marker = "/marker";

ConfigText h2c(const std::string& endpoint) {
  ConfigText config = config_for(endpoint);
  config.http = "protocols: [http/1.1, h2c]";
  config.app = "passive_health: { consecutive_failures: 0 }";
  return config;
}

/// One Weir and one endpoint for all rows. Each row has a connection of its own, which serves a request afterwards.
class Http2Translation : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    endpoint_ = std::make_unique<ScriptableEndpoint>(behave::ok("ok"));
    weir_ = std::make_unique<WeirProcess>(h2c(endpoint_->address()));
  }
  static void TearDownTestSuite() {
    weir_.reset();
    endpoint_.reset();
  }

  static void check(const std::vector<Http2RequestCase>& rows) {
    for (const Http2RequestCase& row : rows) {
      SCOPED_TRACE(row.name);
      try {
        check(row);
      } catch (const TestFailure& failure) {
        ADD_FAILURE() << failure.what();
      }
    }
  }

  static std::unique_ptr<ScriptableEndpoint> endpoint_;
  static std::unique_ptr<WeirProcess> weir_;

 private:
  static void check(const Http2RequestCase& row) {
    const std::size_t before = endpoint_->request_count();
    Http2Client client(weir_->port());
    const std::uint32_t stream = client.start_request(row.fields, !row.body.has_value());
    if (row.body) client.send_data(stream, *row.body);
    const Http2Response& response = client.wait_end(stream);
    if (row.reset) {
      EXPECT_EQ(response.reset, h2::protocol_error);
      EXPECT_EQ(response.status, 0);
    } else {
      EXPECT_EQ(response.status, row.status == 0 ? 200 : row.status);
      EXPECT_TRUE(response.complete);
    }
    EXPECT_EQ(client.get(marker).status, 200);  // the connection goes on
    EXPECT_TRUE(client.goaways().empty());
    std::vector<std::string> seen;
    const std::vector<Request> requests = endpoint_->requests();
    for (std::size_t i = before; i < requests.size(); ++i) {
      if (requests[i].target != marker) seen.push_back(seen_request(requests[i]));
    }
    const bool passes = !row.reset && row.status == 0;
    EXPECT_EQ(seen, passes ? std::vector<std::string>{row.seen} : std::vector<std::string>{});
  }
};

std::unique_ptr<ScriptableEndpoint> Http2Translation::endpoint_;
std::unique_ptr<WeirProcess> Http2Translation::weir_;

TEST_F(Http2Translation, WhatPassesIsARequestOfHttp1) {
  check(passed_http2_requests());
}

TEST_F(Http2Translation, WhatIsUnderstoodAndRefusedIsAnswered) {
  check(refused_http2_requests());
}

TEST_F(Http2Translation, MalformedPseudoFieldsResetTheStream) {
  check(malformed_http2_pseudo_fields());
}

TEST_F(Http2Translation, MalformedFieldsAndFramingResetTheStream) {
  check(malformed_http2_fields());
}

TEST_F(Http2Translation, MalformedRequestsAreCounted) {
  const double before = weir_->metric("weir_http2_streams_rejected_total", "reason=\"malformed\"");
  Http2Client client(weir_->port());
  EXPECT_EQ(client.get("/", {{"connection", "close"}}).reset, h2::protocol_error);
  EXPECT_EQ(weir_->metric("weir_http2_streams_rejected_total", "reason=\"malformed\""), before + 1);
}

/// TE says only that trailers are understood; it never names a coding to an endpoint.
TEST_F(Http2Translation, TeTrailersIsNoFault) {
  Http2Client client(weir_->port());
  EXPECT_EQ(client.get("/te", {{"te", "trailers"}}).status, 200);
  for (const std::string& value : endpoint_->requests().back().fields.values("TE"))
    EXPECT_EQ(value, "trailers");
}

/// Of `/cut` it reads what comes until the connection is cut, and answers nothing.
ConnectionBehaviour listens_to_what_is_cut() {
  return [](EndpointConnection& connection) {
    while (const std::optional<Request> request = connection.read_request_head()) {
      if (request->target == "/cut") {
        connection.read_to_end();
        return;
      }
      connection.send(behave::ok_message("next"));
    }
  };
}

/// The endpoint has the head and `sent` of the body's five bytes; then the client ends otherwise than it said.
class Http2Lengths : public ::testing::Test {
 protected:
  std::uint32_t start(std::string_view sent) {
    const std::uint32_t stream =
        client_.start_request(client_.fields_of("POST", "/cut", {{"content-length", "5"}}), false);
    if (!sent.empty()) {
      client_.send_data(stream, sent, false);
      endpoint_.wait_for_bytes(0, "\r\n\r\n" + std::string(sent));
    }
    return stream;
  }

  /// The stream is reset, the endpoint's connection is cut after `seen`, and the next request has another one.
  void expect_cut(std::uint32_t stream, const std::string& seen) {
    EXPECT_EQ(client_.wait_reset(stream), h2::protocol_error);
    EXPECT_EQ(client_.response(stream).status, 0);
    EXPECT_EQ(client_.get("/next").body, "next");
    endpoint_.wait_for_end(0);
    const std::string bytes = endpoint_.bytes(0);
    EXPECT_EQ(bytes.substr(bytes.find("\r\n\r\n") + 4), seen);
    EXPECT_THAT(bytes, Not(HasSubstr("/next")));
    weir_.wait_for_metric("weir_upstream_in_flight", "", 0);
  }

  ScriptableEndpoint endpoint_{listens_to_what_is_cut()};
  WeirProcess weir_{h2c(endpoint_.address())};
  Http2Client client_{weir_.port()};
};

TEST_F(Http2Lengths, LessThanItSaid) {
  const std::uint32_t stream = start("abc");
  client_.force_data(stream, "d", true);
  EXPECT_EQ(client_.wait_reset(stream), h2::protocol_error);
  EXPECT_EQ(client_.get("/next").body, "next");
  endpoint_.wait_for_end(0);
  EXPECT_THAT(endpoint_.bytes(0), Not(HasSubstr("/next")));
}

TEST_F(Http2Lengths, LessWithAnEmptyEnd) {
  const std::uint32_t stream = start("abc");
  client_.force_data(stream, "", true);
  expect_cut(stream, "abc");
}

TEST_F(Http2Lengths, LessWithTrailers) {
  const std::uint32_t stream = start("abc");
  client_.send_trailers(stream, {{"x-sum", "1"}});
  expect_cut(stream, "abc");
}

TEST_F(Http2Lengths, MoreInOneFrame) {
  const std::uint32_t stream = start("abc");
  client_.force_data(stream, "deGET /evil HTTP/1.1\r\nHost: h\r\n\r\n", true);
  EXPECT_EQ(client_.wait_reset(stream), h2::protocol_error);
  EXPECT_EQ(client_.get("/next").body, "next");
  endpoint_.wait_for_end(0);
  EXPECT_THAT(endpoint_.bytes(0), Not(HasSubstr("evil")));
  EXPECT_THAT(endpoint_.bytes(0), Not(HasSubstr("/next")));
}

TEST_F(Http2Lengths, MoreInAnotherFrame) {
  const std::uint32_t stream = start("abcde");
  client_.force_data(stream, "GET /evil HTTP/1.1\r\nHost: h\r\n\r\n", true);
  expect_cut(stream, "abcde");
}

/// An endpoint may have got the head by then, and nothing behind it.
TEST_F(Http2Lengths, NothingButTheEnd) {
  const std::uint32_t stream = start("");
  client_.force_data(stream, "", true);
  EXPECT_EQ(client_.wait_reset(stream), h2::protocol_error);
  EXPECT_EQ(client_.get("/next").body, "next");
  weir_.wait_for_metric("weir_upstream_in_flight", "", 0);
  for (std::size_t i = 0; i < endpoint_.connection_count(); ++i) {
    const std::string bytes = endpoint_.bytes(i);
    if (bytes.find("/cut") != bytes.npos) {
      EXPECT_TRUE(bytes.ends_with("\r\n\r\n")) << bytes;
    }
    EXPECT_TRUE(bytes.find("/cut") == bytes.npos || bytes.find("/next") == bytes.npos) << bytes;
  }
}

TEST_F(Http2Lengths, AResetIsNoEnd) {
  const std::uint32_t stream = start("abc");
  client_.reset(stream);
  endpoint_.wait_for_end(0);
  EXPECT_EQ(client_.get("/next").body, "next");
  EXPECT_THAT(endpoint_.bytes(0), Not(HasSubstr("/next")));
}

TEST_F(Http2Lengths, OfAChunkedBodyAResetIsNoEndEither) {
  const std::uint32_t stream = client_.start_request(client_.fields_of("POST", "/cut"), false);
  client_.send_data(stream, "abc", false);
  endpoint_.wait_for_bytes(0, "abc");
  client_.reset(stream);
  endpoint_.wait_for_end(0);
  EXPECT_THAT(endpoint_.bytes(0), Not(HasSubstr("\r\n0\r\n")));
  EXPECT_EQ(client_.get("/next").body, "next");
  EXPECT_THAT(endpoint_.bytes(0), Not(HasSubstr("/next")));
}

TEST_F(Http2Lengths, AClientThatLeavesIsNoEndEither) {
  start("abc");
  client_.cut();
  endpoint_.wait_for_end(0);
  EXPECT_TRUE(endpoint_.bytes(0).ends_with("abc"));
  weir_.wait_for_metric("weir_upstream_in_flight", "", 0);
}

class Http2Exchange : public ::testing::Test {
 protected:
  Http2Client connect() const { return Http2Client(weir_.port()); }

  ScriptableEndpoint endpoint_{behave::echo()};
  WeirProcess weir_{h2c(endpoint_.address())};
};

TEST_F(Http2Exchange, TrailersOfARequestReachTheEndpoint) {
  Http2Client client = connect();
  const std::uint32_t stream =
      client.start_request(client.fields_of("POST", "/", {{"trailer", "x-sum"}}), false);
  client.send_data(stream, "body", false);
  client.send_trailers(stream, {{"x-sum", "7"}, {"authorization", "late"}, {"x-forwarded-for", "10.0.0.1"}});
  EXPECT_EQ(client.wait_end(stream).body, "body");
  const Request seen = endpoint_.request(0);
  EXPECT_TRUE(seen.chunked);
  EXPECT_EQ(seen.trailers.get("x-sum"), "7");
  EXPECT_EQ(seen.trailers.all.size(), 1U);  // the others may not come late
}

TEST_F(Http2Exchange, TrailersWithoutABody) {
  Http2Client client = connect();
  const std::uint32_t stream = client.start_request(client.fields_of("POST", "/"), false);
  client.send_trailers(stream, {{"x-sum", "7"}});
  EXPECT_EQ(client.wait_end(stream).status, 200);
  EXPECT_EQ(endpoint_.request(0).trailers.get("x-sum"), "7");
  EXPECT_EQ(endpoint_.request(0).body, "");
}

TEST_F(Http2Exchange, TrailersBehindABodyOfKnownLengthAreDropped) {
  Http2Client client = connect();
  const std::uint32_t stream =
      client.start_request(client.fields_of("POST", "/", {{"content-length", "4"}}), false);
  client.send_data(stream, "body", false);
  client.send_trailers(stream, {{"x-sum", "7"}});
  EXPECT_EQ(client.wait_end(stream).body, "body");
  EXPECT_EQ(client.get("/next").status, 200);
  EXPECT_THAT(endpoint_.bytes(0), Not(HasSubstr("x-sum")));
}

TEST_F(Http2Exchange, MalformedTrailersResetTheStream) {
  const h2::FieldLines wrong[] = {{{":path", "/evil"}}, {{":status", "200"}},
                                  {{"X-Upper", "1"}},   {{"connection", "x"}},
                                  {{"a", "b\r\nc: d"}}, {{"transfer-encoding", "chunked"}},
                                  {{"a b", "1"}}};
  for (const h2::FieldLines& trailers : wrong) {
    SCOPED_TRACE(trailers[0].first);
    Http2Client client = connect();
    const std::uint32_t stream = client.start_request(client.fields_of("POST", "/"), false);
    client.send_data(stream, "body", false);
    client.send_trailers(stream, trailers);
    EXPECT_EQ(client.wait_reset(stream), h2::protocol_error);
    EXPECT_EQ(client.get("/").status, 200);
  }
  for (const Request& seen : endpoint_.requests()) EXPECT_EQ(seen.complete, seen.method == "GET");
}

TEST_F(Http2Exchange, TrailersThatDoNotEndTheStreamResetIt) {
  Http2Client client = connect();
  const std::uint32_t stream = client.start_request(client.fields_of("POST", "/"), false);
  client.send_data(stream, "body", false);
  client.send_frame(h2::headers, h2::end_headers, stream, h2::hpack_block({{"x-sum", "7"}}));
  EXPECT_EQ(client.wait_reset(stream), h2::protocol_error);
  EXPECT_EQ(client.get("/").status, 200);
}

TEST_F(Http2Exchange, ABodyThatWaitsForContinueIsInvited) {
  Http2Client client = connect();
  const std::uint32_t stream =
      client.start_request(client.fields_of("POST", "/", {{"expect", "100-continue"}}), false);
  EXPECT_EQ(client.wait_interim(stream, 1).interim[0].status, 100);
  EXPECT_EQ(client.send_data(stream, "body"), 4U);
  const Http2Response& response = client.wait_end(stream);
  EXPECT_EQ(response.body, "body");
  EXPECT_EQ(response.interim.size(), 1U);
  EXPECT_FALSE(endpoint_.request(0).fields.has("Expect"));
}

TEST_F(Http2Exchange, ABodyThatIsNotWantedIsNotInvited) {
  ConfigText config = h2c(endpoint_.address());
  config.routes = {"{ name: closed, match: { path: /closed }, respond: { status: 403 } }"};
  WeirProcess weir(config);
  Http2Client client(weir.port());
  const std::uint32_t stream =
      client.start_request(client.fields_of("POST", "/closed", {{"expect", "100-continue"}}), false);
  const Http2Response& response = client.wait_end(stream);
  EXPECT_EQ(response.status, 403);
  EXPECT_TRUE(response.interim.empty());
  EXPECT_EQ(client.wait_reset(stream), h2::no_error);
}

/// RFC 9113 8.1: the whole response, then RST_STREAM(NO_ERROR) asks the client to stop.
TEST_F(Http2Exchange, AnAnswerBeforeTheBodyIsInEndsTheStream) {
  ScriptableEndpoint early{ConnectionBehaviour([](EndpointConnection& connection) {
    if (!connection.read_request_head()) return;
    connection.read_some();
    connection.send(behave::ok_message("enough"));
    connection.pause(60s);
  })};
  WeirProcess weir(h2c(early.address()));
  Http2Client client(weir.port());
  const std::uint32_t stream =
      client.start_request(client.fields_of("POST", "/", {{"content-length", "1000000000"}}), false);
  client.send_data(stream, std::string(10'000, 'u'), false);
  const Http2Response& response = client.wait_end(stream);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "enough");
  EXPECT_TRUE(response.complete);
  EXPECT_EQ(client.wait_reset(stream), h2::no_error);
  EXPECT_EQ(weir.access_log(1)[0].at("status"), 200);
  weir.wait_for_metric("weir_upstream_in_flight", "", 0);
}

TEST_F(Http2Exchange, ARefusalReachesAClientThatIsStillSending) {
  ConfigText config = h2c(endpoint_.address());
  config.routes = {"{ name: closed, match: { path: /closed }, respond: { status: 403 } }"};
  WeirProcess weir(config);
  Http2Client client(weir.port());
  const std::string body(8 * 1024 * 1024, 'u');
  const std::uint32_t stream = client.start_request(client.fields_of("POST", "/closed"), false);
  client.send_data(stream, body);
  EXPECT_EQ(client.wait_end(stream).status, 403);
  EXPECT_TRUE(client.response(stream).complete);
  EXPECT_EQ(client.exchange("POST", "/", "body").body, "body");  // windows are as they were
  EXPECT_TRUE(client.goaways().empty());
}

TEST_F(Http2Exchange, AResetByTheClientClosesTheEndpointsConnection) {
  ScriptableEndpoint silent(behave::hang());
  WeirProcess weir(h2c(silent.address()));
  Http2Client client(weir.port());
  const std::uint32_t given_up = client.start_get("/given-up");
  const std::uint32_t kept = client.start_get("/kept");
  silent.wait_for_requests(2);
  const std::size_t other = silent.bytes(0).find("/given-up") != std::string::npos ? 0 : 1;
  client.reset(given_up);
  silent.wait_for_end(other);
  client.round_trip();
  EXPECT_EQ(silent.open_count(), 1U);
  EXPECT_FALSE(client.response(kept).reset.has_value());
  const boost::json::object line = weir.access_log(1)[0];
  EXPECT_EQ(line.at("path"), "/given-up");
  EXPECT_EQ(line.at("status"), 499);
  client.close();
  silent.wait_for_end(1 - other);
}

TEST_F(Http2Exchange, AResetInTheMiddleOfAResponseClosesTheEndpointsConnection) {
  ScriptableEndpoint slow([](EndpointConnection& connection, const Request&) {
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nbegin");
    connection.read_to_end();
    connection.close();
  });
  WeirProcess weir(h2c(slow.address()));
  Http2Client client(weir.port());
  const std::uint32_t stream = client.start_get("/");
  client.wait_body(stream, 5);
  client.reset(stream);
  slow.wait_for_end(0);
  client.round_trip();
  EXPECT_TRUE(client.goaways().empty());
}

TEST_F(Http2Exchange, AClientThatLeavesEndsAllItsRequests) {
  ScriptableEndpoint silent(behave::hang());
  WeirProcess weir(h2c(silent.address()));
  Http2Client client(weir.port());
  for (int i = 0; i < 10; ++i) client.start_get("/");
  silent.wait_for_requests(10);
  client.cut();
  for (std::size_t i = 0; i < 10; ++i) silent.wait_for_end(i);
  weir.wait_for_metric("weir_upstream_in_flight", "", 0);
  weir.wait_for_metric("weir_connections", "", 0);
  EXPECT_EQ(weir.stop(), (ExitStatus{0, 0}));
}

}  // namespace
}  // namespace weir::testing
