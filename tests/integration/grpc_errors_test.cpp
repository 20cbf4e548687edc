// What Weir itself answers to calls of gRPC: a status in one frame of HTTP status 200, over both protocols.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integration/grpc_rig.hpp"
#include "support/behaviours.hpp"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

class GrpcErrors : public GrpcRig {
 protected:
  /// One call over HTTP/1.1, as gRPC-Web's proxies and some tools make them.
  Response old_call(const std::string& path = grpc_path, const std::string& fields = "") {
    return weir_->connect().exchange(
        "POST", path, grpc::message("x"),
        "Content-Type: application/grpc\r\nTE: trailers\r\nConnection: TE\r\n" + fields);
  }
};

TEST_F(GrpcErrors, NoRouteIsUnimplemented) {
  ConfigText config = h2c_config({endpoint_.address()});
  config.default_route = false;
  config.routes = {"{ name: one, match: { path_prefix: /known.v1 }, upstream: app }"};
  start(config);
  expect_own_error(call(), 12);
  EXPECT_EQ(log_line(*weir_).at("reason"), "no_route");
}

TEST_F(GrpcErrors, AnEndpointThatCannotBeReachedIsUnavailable) {
  start(h2c_config({refused_address()}, "retry: { attempts: 0 }"));
  const Http2Response response = call();
  expect_own_error(response, 14);
  EXPECT_THAT(response.fields.get("proxy-status"), StartsWith("weir; error="));
  const boost::json::object line = log_line(*weir_);
  EXPECT_EQ(line.at("status"), 200);
  EXPECT_EQ(line.at("reason"), "connect_refused");
  EXPECT_EQ(line.at("grpc_status"), 14);
  EXPECT_EQ(calls("unavailable"), 1);
}

/// The table of PROTOCOL-HTTP2, "Errors": what a client would read without Weir in between.
TEST_F(GrpcErrors, AResetBeforeTheHeadIsTheStatusOfItsCode) {
  start("retry: { attempts: 0 }, passive_health: { consecutive_failures: 0 }");
  for (const auto& [code, status] :
       std::initializer_list<std::pair<std::uint32_t, int>>{{h2::no_error, 13},
                                                            {h2::protocol_error, 13},
                                                            {h2::internal_error, 13},
                                                            {h2::refused_stream, 14},
                                                            {h2::cancel, 1},
                                                            {0xb, 8},
                                                            {0xc, 7},
                                                            {0xd, 13},
                                                            {0x1234, 13}}) {
    endpoint_.behave(scripts::reset(code));
    SCOPED_TRACE(code);
    expect_own_error(call(), status);
  }
  endpoint_.behave(scripts::reset(h2::cancel));
  const std::string why = call().fields.get("grpc-message");
  EXPECT_THAT(why, HasSubstr("CANCEL")) << "and its name";
}

/// Not a stream, but the connection with it.
TEST_F(GrpcErrors, AConnectionThatBreaksIsUnavailable) {
  Http2Script script;
  script.head = [](const Http2EndpointStream& stream) { stream.reset_connection(); };
  endpoint_.behave(script);
  start("retry: { attempts: 0 }");
  expect_own_error(call(), 14);
}

TEST_F(GrpcErrors, ALimitedRateIsUnavailable) {
  ConfigText config = h2c_config({endpoint_.address()});
  config.rate_limits = "slow: { key: client_ip, rate: 1/h, burst: 1 }";
  config.route = "rate_limits: [ slow ]";
  start(config);
  EXPECT_EQ(grpc_status_of(call()), "0");
  expect_own_error(call(), 14);
  EXPECT_EQ(endpoint_.request_count(), 1U);
}

TEST_F(GrpcErrors, AClosedAccessListIsPermissionDenied) {
  ConfigText config = h2c_config({endpoint_.address()});
  config.access = "nobody: { deny: [ 127.0.0.0/8 ] }";
  config.route = "access: [ nobody ]";
  start(config);
  expect_own_error(call(), 7);
}

TEST_F(GrpcErrors, ABodyThatIsTooLargeIsResourceExhausted) {
  ConfigText config = h2c_config({endpoint_.address()});
  config.http += ", limits: { body_bytes: 1000 }";
  start(config);
  expect_own_error(call(std::string(2000, 'x'), {{"content-length", "2005"}}), 8);
  endpoint_.behave(scripts::hang());
  Http2Client client = this->client();
  const std::uint32_t streamed = start_call(client);
  client.send_data(streamed, grpc::message(std::string(2000, 'x')), false);
  expect_own_error(client.wait_end(streamed), 8);
}

TEST_F(GrpcErrors, MoreRequestsThanARouteAllowsIsUnavailable) {
  endpoint_.behave(scripts::hang());
  ConfigText config = h2c_config({endpoint_.address()});
  config.route = "max_in_flight: 1";
  start(config);
  Http2Client client = this->client();
  start_call(client);
  endpoint_.wait_for_requests(1);
  expect_own_error(call(), 14);
}

TEST_F(GrpcErrors, AHeadThatIsTooLargeIsInternal) {
  start();
  expect_own_error(call("hello", {{"x-large", std::string(40'000, 'x')}}), 13);
  EXPECT_EQ(endpoint_.request_count(), 0U);
}

/// Its client takes each 2xx for an open tunnel (RFC 8441 5).
TEST_F(GrpcErrors, ATunnelIsNoCallWhateverItsTypeIs) {
  start(h2c_config({refused_address()}, "retry: { attempts: 0 }"));
  const h2::FieldLines fields = {{":method", "CONNECT"},
                                 {":protocol", "websocket"},
                                 {":scheme", "http"},
                                 {":authority", "example.test"},
                                 {":path", "/chat"},
                                 {"sec-websocket-version", "13"},
                                 {"content-type", "application/grpc"}};
  Http2Client client = this->client();
  EXPECT_EQ(client.wait_end(client.start_request(fields, false)).status, 502);
}

TEST_F(GrpcErrors, OverHttp1TheyHaveALengthOfZero) {
  start(h2c_config({refused_address()}, "retry: { attempts: 0 }"));
  const Response response = old_call();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.fields.get("Content-Type").substr(0, 16), "application/grpc");
  EXPECT_EQ(response.fields.get("Content-Length"), "0");
  EXPECT_EQ(response.fields.get("grpc-status"), "14");
  EXPECT_NE(response.fields.get("grpc-message"), "");
  EXPECT_EQ(response.body, "");
}

/// gRPC over HTTP/1.1 is no protocol of its own, but trailers pass.
TEST_F(GrpcErrors, OverHttp1CallsPass) {
  start();
  const Response response = old_call();
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(grpc::messages(response.body), SizeIs(1));
  EXPECT_EQ(response.trailers.get("grpc-status"), "0");
  EXPECT_EQ(endpoint_.request(0).fields.get("te"), "trailers");
}

/// A length leaves no room for trailers, and these have the status.
TEST_F(GrpcErrors, OverHttp1TrailersPassBehindAResponseWithALength) {
  Http2Script script;
  script.end = [](const Http2EndpointStream& stream) {
    h2::FieldLines head = grpc::head();
    head.emplace_back("content-length", std::to_string(grpc::message("answer").size()));
    stream.head(head);
    stream.data(grpc::message("answer"));
    stream.trailers(grpc::status(9));
  };
  endpoint_.behave(script);
  start();
  const Response response = old_call();
  EXPECT_EQ(response.trailers.get("grpc-status"), "9");
  EXPECT_FALSE(response.fields.has("content-length"));
  EXPECT_EQ(response.body, grpc::message("answer"));
  const Response without =
      weir_->connect().exchange("POST", grpc_path, grpc::message("x"), "Content-Type: application/grpc\r\n");
  EXPECT_EQ(without.fields.get("content-length"), "11") << "it asked for no trailers";
  EXPECT_EQ(call().fields.get("content-length"), "11") << "HTTP/2 has both";
}

/// Announced trailers of any response.
TEST_F(GrpcErrors, OverHttp1AnnouncedTrailersPassBehindAResponseWithALength) {
  Http2Script script;
  script.end = [](const Http2EndpointStream& stream) {
    const bool announced = stream.request().path == "/announced";
    h2::FieldLines head = {{":status", "200"}, {"content-length", "4"}};
    if (announced) head.emplace_back("trailer", "x-sum");
    stream.head(head);
    stream.data("body");
    stream.trailers({{"x-sum", "1"}});
  };
  endpoint_.behave(script);
  start();
  const std::string te = "TE: trailers\r\nConnection: TE\r\n";
  const Response announced = weir_->get("/announced", te);
  EXPECT_EQ(announced.trailers.get("x-sum"), "1");
  EXPECT_FALSE(announced.fields.has("content-length"));
  EXPECT_EQ(weir_->get("/other", te).fields.get("content-length"), "4");
  EXPECT_EQ(weir_->get("/announced").fields.get("content-length"), "4");
}

TEST_F(GrpcErrors, ToEndpointsOfHttp1CallsPassToo) {
  ScriptableEndpoint old(
      behave::respond("HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\nTransfer-Encoding: "
                      "chunked\r\nTrailer: grpc-status\r\n\r\n5\r\n" +
                      grpc::message("") + "\r\n0\r\ngrpc-status: 0\r\n\r\n"));
  ConfigText config = h2c_config({old.address()});
  config.app = "";
  start(config);
  const Http2Response response = call();
  EXPECT_EQ(response.body, grpc::message(""));
  EXPECT_EQ(response.trailers.get("grpc-status"), "0");
  EXPECT_EQ(calls("ok"), 1);
}

TEST_F(GrpcErrors, MessagesAreEncoded) {
  start(h2c_config({refused_address()}, "retry: { attempts: 0 }"));
  for (const char c : call().fields.get("grpc-message")) {
    EXPECT_TRUE(c >= ' ' && c <= '~') << static_cast<int>(c);
  }
}

TEST_F(GrpcErrors, HeaderPoliciesHoldForThem) {
  ConfigText config = h2c_config({refused_address()}, "retry: { attempts: 0 }");
  config.headers = "own: { response: { set: { X-Own: \"yes\" } } }";
  config.route = "headers: [ own ]";
  start(config);
  const Http2Response response = call();
  expect_own_error(response, 14);
  EXPECT_EQ(response.fields.get("x-own"), "yes");
}

/// What a route answers by itself is what somebody wrote there.
TEST_F(GrpcErrors, RoutesThatRespondAnswerAsEver) {
  ConfigText config = h2c_config({endpoint_.address()});
  config.routes = {"{ name: own, match: { path_prefix: /own }, respond: { status: 418, body: short } }"};
  start(config);
  const Http2Response response = call("x", {}, "/own/Call");
  EXPECT_EQ(response.status, 418);
  EXPECT_EQ(response.body, "short");
}

TEST_F(GrpcErrors, AnHttpErrorOfTheEndpointPasses) {
  endpoint_.behave(scripts::status(503));
  start("retry: { attempts: 0 }");
  EXPECT_EQ(call().status, 503) << "the client has a table for it";
  EXPECT_EQ(calls("none"), 1);
}

TEST_F(GrpcErrors, OtherRequestsGetHttpErrors) {
  start(h2c_config({refused_address()}, "retry: { attempts: 0 }"));
  const Http2Response response = get("/");
  EXPECT_EQ(response.status, 502);
  EXPECT_FALSE(response.fields.has("grpc-status"));
}

}  // namespace
}  // namespace weir::testing
