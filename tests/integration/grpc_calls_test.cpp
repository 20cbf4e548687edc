// Calls of gRPC through Weir: the four kinds, metadata, what stays one frame, cancelling, and what is counted of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "integration/grpc_rig.hpp"

namespace weir::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

using Stream = Http2EndpointStream;

class GrpcCalls : public GrpcRig {
 protected:
  GrpcCalls() { start(); }
};

TEST_F(GrpcCalls, AUnaryCall) {
  endpoint_.behave(grpc::unary("answer"));
  const Http2Response response = call("question");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.fields.get("content-type"), "application/grpc");
  EXPECT_THAT(grpc::messages(response.body), ElementsAre("answer"));
  EXPECT_TRUE(response.ended_by_trailers);
  EXPECT_EQ(response.trailers.get("grpc-status"), "0");
  const Http2EndpointRequest request = endpoint_.request(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.path, grpc_path);
  EXPECT_EQ(request.fields.get("content-type"), "application/grpc");
  EXPECT_EQ(request.fields.get("te"), "trailers") << "servers refuse calls without it";
  EXPECT_FALSE(request.fields.has("grpc-timeout"));
  EXPECT_THAT(grpc::messages(request.body), ElementsAre("question"));
}

TEST_F(GrpcCalls, AStreamOfTheClient) {
  Http2Client client = this->client();
  const std::uint32_t call = start_call(client);
  endpoint_.wait_for_requests(1);
  for (std::size_t i = 1; i <= 5; ++i) {
    client.send_data(call, grpc::message("four"), false);
    endpoint_.wait_for_body(0, 9 * i);  // message by message
  }
  client.send_data(call, "");
  EXPECT_EQ(grpc_status_of(client.wait_end(call)), "0");
}

TEST_F(GrpcCalls, AStreamOfTheServer) {
  endpoint_.behave(scripts::hang());
  Http2Client client = this->client();
  const std::uint32_t call = start_call(client);
  client.send_data(call, grpc::message("begin"));
  endpoint_.wait_for_end(0);
  const Stream stream = endpoint_.stream(0);
  stream.head(grpc::head());
  EXPECT_EQ(client.wait_head(call).status, 200) << "before any message";
  for (std::size_t i = 1; i <= 5; ++i) {
    stream.data(grpc::message("four"));
    client.wait_body(call, 9 * i);
  }
  stream.trailers(grpc::status(0));
  EXPECT_THAT(grpc::messages(client.wait_end(call).body), SizeIs(5));
}

/// As a client has them that starts: none waits for another one's end.
TEST_F(GrpcCalls, AHundredStreamsInBothDirectionsOnANewConnection) {
  Http2Client client = this->client();
  client.wait_settings_ack();
  const std::string message = grpc::message("here");
  std::vector<std::uint32_t> calls;
  for (int i = 0; i < 100; ++i) {
    calls.push_back(start_call(client));
    client.send_data(calls.back(), message, false);
  }
  for (const std::uint32_t call : calls) client.wait_body(call, message.size());
  for (const std::uint32_t call : calls) client.send_data(call, message);
  for (const std::uint32_t call : calls) EXPECT_EQ(grpc_status_of(client.wait_end(call)), "0");
  EXPECT_EQ(weir_->metric("weir_http2_streams_delayed_total"), 0);
}

TEST_F(GrpcCalls, AStreamInBothDirections) {
  Http2Client client = this->client();
  const std::uint32_t call = start_call(client);
  client.wait_head(call);
  std::size_t bytes = 0;
  for (const std::size_t size : {0UL, 1UL, 1000UL, 100'000UL}) {
    const std::string message = grpc::message(std::string(size, 'm'));
    client.send_data(call, message, false);
    bytes += message.size();
    client.wait_body(call, bytes);
  }
  client.send_data(call, "");
  const Http2Response& response = client.wait_end(call);
  EXPECT_THAT(grpc::messages(response.body), SizeIs(4));
  EXPECT_EQ(grpc_status_of(response), "0");
}

/// Even where its endpoint is no longer configured.
TEST_F(GrpcCalls, AStreamSurvivesReloads) {
  Http2Client client = this->client();
  const std::uint32_t call = start_call(client);
  client.wait_head(call);
  std::size_t bytes = 0;
  const auto say = [&](const std::string& text) {
    const std::string message = grpc::message(text);
    client.send_data(call, message, false);
    bytes += message.size();
    client.wait_body(call, bytes);
  };
  say("before");
  weir_->reload(h2c_config({endpoint_.address()}, "timeouts: { total: 1h }"));
  say("between");
  ConfigText other = h2c_config({refused_address()});
  other.route = "max_in_flight: 1";
  weir_->reload(other);
  say("behind");
  client.send_data(call, "");
  const Http2Response& response = client.wait_end(call);
  EXPECT_THAT(grpc::messages(response.body), ElementsAre("before", "between", "behind"));
  EXPECT_EQ(grpc_status_of(response), "0");
}

/// The server may end the call while its client still sends.
TEST_F(GrpcCalls, AStatusBeforeTheClientHasEnded) {
  Http2Script script;
  script.data = [](const Stream& stream, std::string_view) {
    stream.head(grpc::head());
    stream.trailers(grpc::status(9, "enough"));
    stream.reset(h2::no_error);
  };
  endpoint_.behave(script);
  Http2Client client = this->client();
  const std::uint32_t call = start_call(client);
  client.send_data(call, grpc::message("one"), false);
  EXPECT_EQ(grpc_status_of(client.wait_end(call)), "9");
}

TEST_F(GrpcCalls, TrailersOnlyStaysOneFrame) {
  endpoint_.behave(grpc::trailers_only(5, "no%20such%20thing"));
  const Http2Response response = call();
  EXPECT_TRUE(response.ended_by_head);
  EXPECT_EQ(response.data_frames, 0U);
  EXPECT_EQ(response.fields.get("grpc-status"), "5");
  EXPECT_EQ(response.fields.get("grpc-message"), "no%20such%20thing");
  EXPECT_FALSE(response.fields.has("proxy-status"));
  EXPECT_FALSE(response.fields.has("content-length"));
}

TEST_F(GrpcCalls, MetadataPassesBothWays) {
  Http2Script script;
  script.end = [](const Stream& stream) {
    h2::FieldLines head = grpc::head();
    head.emplace_back("x-head", "1");
    head.emplace_back("x-data-bin", "AAEC");
    stream.head(head);
    h2::FieldLines trailers = grpc::status(3, "wrong");
    trailers.emplace_back("x-late", "2");
    trailers.emplace_back("grpc-status-details-bin", "CAMSBXdyb25n");
    stream.trailers(trailers);
  };
  endpoint_.behave(script);
  const Http2Response response = call("hello", {{"x-own", "a"},
                                                {"x-own", "b"},
                                                {"x-own-bin", "/+8="},
                                                {"user-agent", "grpc-test/1"},
                                                {"grpc-encoding", "gzip"},
                                                {"grpc-accept-encoding", "identity,gzip"}});
  const Http2EndpointRequest request = endpoint_.request(0);
  EXPECT_THAT(request.fields.values("x-own"), ElementsAre("a", "b"));
  EXPECT_EQ(request.fields.get("x-own-bin"), "/+8=");
  EXPECT_EQ(request.fields.get("user-agent"), "grpc-test/1");
  EXPECT_EQ(request.fields.get("grpc-encoding"), "gzip");
  EXPECT_EQ(request.fields.get("grpc-accept-encoding"), "identity,gzip");
  EXPECT_EQ(response.fields.get("x-head"), "1");
  EXPECT_EQ(response.fields.get("x-data-bin"), "AAEC");
  EXPECT_EQ(response.trailers.get("x-late"), "2");
  EXPECT_EQ(response.trailers.get("grpc-status"), "3");
  EXPECT_EQ(response.trailers.get("grpc-message"), "wrong");
  EXPECT_EQ(response.trailers.get("grpc-status-details-bin"), "CAMSBXdyb25n");
}

TEST_F(GrpcCalls, LargeDetailsOfAnErrorPass) {
  const std::string details(12 * 1024, 'A');
  Http2Script script;
  script.end = [&details](const Stream& stream) {
    stream.head(grpc::head());
    h2::FieldLines trailers = grpc::status(3, "wrong");
    trailers.emplace_back("grpc-status-details-bin", details);
    stream.trailers(trailers);
  };
  endpoint_.behave(script);
  EXPECT_EQ(call().trailers.get("grpc-status-details-bin"), details);
}

TEST_F(GrpcCalls, LargeMessagesPass) {
  const std::string large(4 * 1024 * 1024, 'l');
  const Http2Response response = call(large);
  ASSERT_THAT(grpc::messages(response.body), SizeIs(1));
  EXPECT_TRUE(grpc::messages(response.body)[0] == large);
}

TEST_F(GrpcCalls, AHundredAtOnce) {
  Http2Client client = this->client();
  std::vector<std::uint32_t> calls;
  for (int i = 0; i < 100; ++i) {
    calls.push_back(start_call(client));
    client.send_data(calls.back(), grpc::message(std::to_string(i)));
  }
  for (int i = 0; i < 100; ++i) {
    const Http2Response& response = client.wait_end(calls[static_cast<std::size_t>(i)]);
    EXPECT_THAT(grpc::messages(response.body), ElementsAre(std::to_string(i)));
    EXPECT_EQ(grpc_status_of(response), "0");
  }
}

TEST_F(GrpcCalls, ACancelReachesTheServer) {
  endpoint_.behave(scripts::hang());
  Http2Client client = this->client();
  const std::uint32_t call = start_call(client);
  endpoint_.wait_for_requests(1);
  client.reset(call, h2::cancel);
  EXPECT_EQ(endpoint_.wait_for_reset(0), h2::cancel);
  eventually("it is counted", [&] { return calls("cancelled") == 1; });
  const boost::json::object line = log_line(*weir_);
  EXPECT_EQ(line.at("reason"), "client_gone");
}

TEST_F(GrpcCalls, ACancelInTheResponseReachesTheServer) {
  Http2Script script;
  script.head = [](const Stream& stream) {
    stream.head(grpc::head());
    stream.data(grpc::message("first"));
  };
  endpoint_.behave(script);
  Http2Client client = this->client();
  const std::uint32_t call = start_call(client);
  client.wait_body(call, 10);
  client.reset(call, h2::cancel);
  EXPECT_EQ(endpoint_.wait_for_reset(0), h2::cancel);
}

/// What a client makes of a reset depends on its code (PROTOCOL-HTTP2): after the head it is passed on as a failure.
TEST_F(GrpcCalls, AServerThatResetsWithinAMessageIsAReset) {
  Http2Script script;
  script.end = [](const Stream& stream) {
    stream.head(grpc::head());
    stream.data(grpc::message("whole") + grpc::message("cut in the middle").substr(0, 9));
    stream.reset(h2::internal_error);
  };
  endpoint_.behave(script);
  const Http2Response response = call();
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(response.reset.has_value());
  EXPECT_EQ(grpc_status_of(response), "");
}

TEST_F(GrpcCalls, AServerThatResetsBetweenMessagesIsTheStatusOfItsCode) {
  Http2Script script;
  script.end = [](const Stream& stream) {
    stream.head(grpc::head());
    stream.data(grpc::message("whole") + grpc::message("too"));
    stream.reset(h2::internal_error);
  };
  endpoint_.behave(script);
  const Http2Response response = call();
  EXPECT_THAT(grpc::messages(response.body), ElementsAre("whole", "too"));
  EXPECT_TRUE(response.ended_by_trailers);
  EXPECT_EQ(response.trailers.get("grpc-status"), "13");
  EXPECT_EQ(response.trailers.get("grpc-message"), "the endpoint reset the stream: INTERNAL_ERROR");
  EXPECT_EQ(calls("internal"), 1);
}

TEST_F(GrpcCalls, AServerThatIsLostBetweenMessagesIsUnavailable) {
  Http2Script script;
  script.end = [](const Stream& stream) {
    stream.head(grpc::head());
    stream.data(grpc::message("whole"));
  };
  endpoint_.behave(script);
  Http2Client client = this->client();
  const std::uint32_t call = start_call(client);
  client.send_data(call, grpc::message("x"));
  client.wait_body(call, grpc::message("whole").size());
  endpoint_.reset(0);
  const Http2Response& response = client.wait_end(call);
  EXPECT_EQ(response.trailers.get("grpc-status"), "14");
  EXPECT_EQ(calls("unavailable"), 1);
}

/// A head has no status of its own where trailers follow.
TEST_F(GrpcCalls, TrailersHaveTheLastWord) {
  Http2Script script;
  script.end = [](const Stream& stream) {
    h2::FieldLines head = grpc::head();
    head.emplace_back("grpc-status", "0");
    stream.head(head);
    stream.data(grpc::message("answer"));
    stream.trailers(grpc::status(14));
  };
  endpoint_.behave(script);
  call();
  EXPECT_EQ(calls("unavailable"), 1);
  EXPECT_EQ(calls("ok"), 0);
}

TEST_F(GrpcCalls, AreCountedByTheirStatus) {
  for (const auto& [code, name] : std::initializer_list<std::pair<int, std::string>>{
           {0, "ok"}, {5, "not_found"}, {13, "internal"}, {16, "unauthenticated"}}) {
    endpoint_.behave(grpc::unary("answer", code));
    call();
    EXPECT_EQ(calls(name), 1) << name;
    endpoint_.behave(grpc::trailers_only(code));
    call();
    EXPECT_EQ(calls(name), 2) << name;
  }
  endpoint_.behave(grpc::unary("answer", 77));
  call();
  EXPECT_EQ(calls("unknown"), 1) << "a status that is none";
  endpoint_.behave(scripts::ok("not a server of gRPC"));
  call();
  EXPECT_EQ(calls("none"), 1);
  EXPECT_EQ(weir_->metric("weir_grpc_requests_total", "route=\"all\",upstream=\"app\""), 10);
  get("/not/grpc");
  EXPECT_EQ(weir_->metric("weir_grpc_requests_total"), 10);
}

TEST_F(GrpcCalls, TheLogSaysTheStatus) {
  endpoint_.behave(grpc::unary("answer", 5));
  call();
  const boost::json::object line = log_line(*weir_, 1);
  EXPECT_EQ(line.at("status"), 200);
  EXPECT_EQ(line.at("grpc_status"), 5);
  EXPECT_FALSE(line.contains("reason"));
  get("/not/grpc");
  EXPECT_FALSE(log_line(*weir_, 2).contains("grpc_status"));
}

TEST_F(GrpcCalls, OfOtherTypesAreCallsToo) {
  for (const char* type : {"application/grpc+proto", "application/grpc+json", "application/grpc;charset=x"}) {
    const Http2Response response = client().exchange("POST", grpc_path, grpc::message("x"),
                                                     {{"content-type", type}, {"te", "trailers"}});
    EXPECT_EQ(grpc_status_of(response), "0") << type;
  }
  EXPECT_EQ(calls("ok"), 3);
  client().exchange("POST", grpc_path, "x", {{"content-type", "application/grpcx"}});
  EXPECT_EQ(weir_->metric("weir_grpc_requests_total"), 3);
}

}  // namespace
}  // namespace weir::testing
