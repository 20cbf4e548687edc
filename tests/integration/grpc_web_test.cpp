// gRPC-Web: calls as browsers make them, binary and as text, over both protocols, and a server of gRPC behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integration/grpc_rig.hpp"

namespace weir::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Stream = Http2EndpointStream;

const std::string web = "application/grpc-web", web_text = "application/grpc-web-text";

class GrpcWeb : public GrpcRig {
 protected:
  GrpcWeb() {
    ConfigText config = h2c_config({endpoint_.address()}, "passive_health: { consecutive_failures: 0 }");
    config.route = "grpc_web: true";
    start(config);
  }

  Response over_http1(const std::string& type, const std::string& body, const std::string& fields = "") {
    return weir_->connect().exchange("POST", grpc_path, body, "Content-Type: " + type + "\r\n" + fields);
  }
  Http2Response over_http2(const std::string& type, const std::string& body,
                           const h2::FieldLines& extra = {}) {
    h2::FieldLines fields = {{"content-type", type}, {"content-length", std::to_string(body.size())}};
    fields.insert(fields.end(), extra.begin(), extra.end());
    return client().exchange("POST", grpc_path, body, fields);
  }
  /// What the last request looked like to the server.
  void expect_grpc_request(const std::vector<std::string>& messages) {
    const Http2EndpointRequest request = endpoint_.request(endpoint_.request_count() - 1);
    EXPECT_THAT(request.fields.get("content-type"), ::testing::StartsWith("application/grpc"));
    EXPECT_THAT(request.fields.get("content-type"), ::testing::Not(HasSubstr("web")));
    EXPECT_EQ(request.fields.get("te"), "trailers");
    EXPECT_FALSE(request.fields.has("content-length"));
    EXPECT_EQ(grpc::messages(request.body), messages);
  }
};

TEST_F(GrpcWeb, BinaryOverHttp1) {
  endpoint_.behave(grpc::unary("answer"));
  const Response response = over_http1(web, grpc::message("question"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.fields.get("Content-Type"), web);
  EXPECT_TRUE(response.complete);
  const GrpcWebBody body = parse_grpc_web(response.body);
  EXPECT_THAT(body.messages, ElementsAre("answer"));
  EXPECT_EQ(body.trailers.value_or("none"), "grpc-status:0\r\n");
  EXPECT_THAT(response.trailers.all, IsEmpty());
  expect_grpc_request({"question"});
}

TEST_F(GrpcWeb, BinaryOverHttp2) {
  endpoint_.behave(grpc::unary("answer", 5, "not here"));
  const Http2Response response = over_http2(web, grpc::message("question"));
  EXPECT_EQ(response.fields.get("content-type"), web);
  EXPECT_FALSE(response.ended_by_trailers);
  const GrpcWebBody body = parse_grpc_web(response.body);
  EXPECT_THAT(body.messages, ElementsAre("answer"));
  EXPECT_THAT(body.trailers.value_or(""), HasSubstr("grpc-status:5\r\n"));
  EXPECT_THAT(body.trailers.value_or(""), HasSubstr("grpc-message:not here\r\n"));
  expect_grpc_request({"question"});
  EXPECT_EQ(calls("not_found"), 1);
}

TEST_F(GrpcWeb, TextOverHttp1) {
  for (const std::size_t size : {0UL, 1UL, 2UL, 3UL, 1000UL, 100'000UL}) {
    const std::string message(size, 'm');
    const Response response =
        over_http1(web_text, base64(grpc::message(message)), "Accept: " + web_text + "\r\n");
    EXPECT_THAT(response.fields.get("Content-Type"), ::testing::StartsWith(web_text));
    const GrpcWebBody body = parse_grpc_web(from_base64(response.body));
    EXPECT_THAT(body.messages, ElementsAre(message)) << size;
    EXPECT_EQ(body.trailers.value_or("none"), "grpc-status:0\r\n");
    expect_grpc_request({message});
  }
}

TEST_F(GrpcWeb, TextOverHttp2) {
  const std::string sent = base64(grpc::message("one")) + base64(grpc::message("second"));
  const Http2Response response = over_http2(web_text, sent, {{"accept", web_text}});
  const GrpcWebBody body = parse_grpc_web(from_base64(response.body));
  EXPECT_THAT(body.messages, ElementsAre("one", "second"));
  expect_grpc_request({"one", "second"});
}

TEST_F(GrpcWeb, TextThatComesInPieces) {
  Http2Client client = this->client();
  const std::uint32_t call =
      client.start_request(client.fields_of("POST", grpc_path, {{"content-type", web_text}}), false);
  const std::string text = base64(grpc::message("in pieces of one byte each"));
  for (std::size_t i = 0; i < text.size(); ++i) {
    client.send_data(call, text.substr(i, 1), i + 1 == text.size());
  }
  EXPECT_THAT(parse_grpc_web(from_base64(client.wait_end(call).body)).messages,
              ElementsAre("in pieces of one byte each"));
}

TEST_F(GrpcWeb, TextThatIsNone) {
  const Http2Response response = over_http2(web_text, "!!!!");
  EXPECT_EQ(response.status, 200);
  const std::string status = response.fields.get("grpc-status");
  EXPECT_TRUE(status == "13" ||
              parse_grpc_web(from_base64(response.body)).trailers.value_or("").find("grpc-status:13") !=
                  std::string::npos);
}

TEST_F(GrpcWeb, MessagesComeWhenTheyAreSent) {
  endpoint_.behave(scripts::hang());
  for (const std::string& type : {web, web_text}) {
    Http2Client client = this->client();
    const std::size_t index = endpoint_.request_count();
    const std::uint32_t call = client.start_request(
        client.fields_of("POST", grpc_path, {{"content-type", type}, {"accept", type}}), false);
    client.send_data(call, type == web ? grpc::message("x") : base64(grpc::message("x")));
    endpoint_.wait_for_end(index);
    const Stream stream = endpoint_.stream(index);
    stream.head(grpc::head());
    std::vector<std::string> expected;
    for (int i = 0; i < 4; ++i) {
      expected.push_back("message " + std::to_string(i));
      stream.data(grpc::message(expected.back()));
      client.wait_until("message " + std::to_string(i) + " is there", [&] {
        const std::string& bytes = client.response(call).body;
        if (type == web) return bytes.size() >= expected.size() * grpc::message(expected[0]).size();
        return bytes.size() % 4 == 0 && parse_grpc_web(from_base64(bytes)).messages.size() == expected.size();
      });
    }
    stream.trailers(grpc::status(0));
    const std::string bytes = client.wait_end(call).body;
    EXPECT_EQ(parse_grpc_web(type == web ? bytes : from_base64(bytes)).messages, expected);
  }
}

TEST_F(GrpcWeb, TrailersOnly) {
  endpoint_.behave(grpc::trailers_only(7, "no"));
  for (const std::string& type : {web, web_text}) {
    const std::string sent = type == web ? grpc::message("x") : base64(grpc::message("x"));
    const Http2Response response = over_http2(type, sent, {{"accept", type}});
    EXPECT_THAT(response.fields.get("content-type"), ::testing::StartsWith(type));
    EXPECT_EQ(response.fields.get("grpc-status"), "7");  // clients read both places
    EXPECT_TRUE(response.complete);
    EXPECT_EQ(over_http1(type, sent).fields.get("grpc-status"), "7");
  }
}

TEST_F(GrpcWeb, ErrorsOfWeirAreAStatusToo) {
  endpoint_.behave(scripts::reset(h2::internal_error));
  const Http2Response response = over_http2(web, grpc::message("x"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.fields.get("grpc-status"), "13");
  const Response old = over_http1(web, grpc::message("x"));
  EXPECT_EQ(old.status, 200);
  EXPECT_EQ(old.fields.get("grpc-status"), "13");
}

TEST_F(GrpcWeb, WhatIsNoAnswerOfGrpcBecomesAStatus) {
  endpoint_.behave(scripts::status(404));
  const Http2Response response = over_http2(web, grpc::message("x"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.fields.get("grpc-status"), "12");
}

TEST_F(GrpcWeb, ACutResponseEndsWithAStatusOrNotAtAll) {
  Http2Script script;
  script.end = [](const Stream& stream) {
    stream.head(grpc::head());
    stream.data(grpc::message("whole"));
    stream.reset(h2::internal_error);
  };
  endpoint_.behave(script);
  const Http2Response response = over_http2(web, grpc::message("x"));
  const GrpcWebBody body = parse_grpc_web(response.body);
  EXPECT_THAT(body.messages, ElementsAre("whole"));
  EXPECT_THAT(body.trailers.value_or(""), HasSubstr("grpc-status:13\r\n"));
}

/// A status in the head, and nothing behind it: whatever its type is, that is an answer of gRPC.
TEST_F(GrpcWeb, TrailersOnlyWithoutATypeKeepsItsMessage) {
  for (const h2::FieldLines& type : {h2::FieldLines{}, h2::FieldLines{{"content-type", "text/plain"}}}) {
    h2::FieldLines lines = {{":status", "200"}};
    lines.insert(lines.end(), type.begin(), type.end());
    lines.emplace_back("grpc-status", "7");
    lines.emplace_back("grpc-message", "no%20entry");
    lines.emplace_back("x-metadata", "m");
    Http2Script script;
    script.end = [=](const Stream& stream) { stream.head(lines, true); };
    endpoint_.behave(script);
    const Http2Response response = over_http2(web, grpc::message("x"));
    EXPECT_EQ(response.fields.get("grpc-status"), "7");
    EXPECT_EQ(response.fields.get("grpc-message"), "no%20entry");
    EXPECT_EQ(response.fields.get("x-metadata"), "m");
    EXPECT_EQ(response.fields.values("content-type"), std::vector<std::string>{web});
  }
}

/// The status of HTTP is not one of gRPC, but what the endpoint says beside it stays.
TEST_F(GrpcWeb, AStatusBesideAnErrorOfHttpKeepsItsMessage) {
  Http2Script script;
  script.end = [](const Stream& stream) {
    stream.head(503, {{"grpc-status", "8"}, {"grpc-message", "too%20much"}}, true);
  };
  endpoint_.behave(script);
  const Http2Response response = over_http2(web, grpc::message("x"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.fields.get("grpc-status"), "8");
  EXPECT_EQ(response.fields.get("grpc-message"), "too%20much");
}

/// Its client would read a frame without a status as the end of a call without one.
TEST_F(GrpcWeb, WithoutTrailersThereIsNoFrameOfThem) {
  Http2Script script;
  script.end = [](const Stream& stream) {
    h2::FieldLines lines = grpc::head();
    lines.emplace_back("grpc-status", "7");
    stream.head(lines);
    stream.data("", true);
  };
  endpoint_.behave(script);
  for (const std::string& type : {web, web_text}) {
    const Http2Response response = over_http2(type, "", {{"accept", type}});
    EXPECT_EQ(response.fields.get("grpc-status"), "7");
    EXPECT_EQ(response.body, "");
    EXPECT_TRUE(response.complete);
  }
}

/// Browsers decompress no messages, so a server may not compress for those that do not say otherwise.
TEST_F(GrpcWeb, ServersAreToldThatMessagesStayUncompressed) {
  over_http2(web, grpc::message("x"));
  EXPECT_THAT(endpoint_.request(0).fields.values("grpc-accept-encoding"), ElementsAre("identity"));
  over_http2(web, grpc::message("x"), {{"grpc-accept-encoding", "gzip"}});
  EXPECT_THAT(endpoint_.request(1).fields.values("grpc-accept-encoding"), ElementsAre("gzip"));
  call();
  EXPECT_FALSE(endpoint_.request(2).fields.has("grpc-accept-encoding"));
}

TEST_F(GrpcWeb, OtherRequestsPassAsTheyAre) {
  EXPECT_EQ(grpc_status_of(call()), "0");
  endpoint_.behave(scripts::echo());
  const Response response = weir_->connect().exchange("POST", "/", "plain", "Content-Type: text/plain\r\n");
  EXPECT_EQ(response.body, "plain");
  EXPECT_EQ(endpoint_.request(1).fields.get("content-type"), "text/plain");
}

TEST_F(GrpcWeb, WithoutTheKeyItIsARequestAsAny) {
  start();
  endpoint_.behave(scripts::echo());
  const Response response = over_http1(web, grpc::message("x"));
  EXPECT_EQ(response.body, grpc::message("x"));
  EXPECT_EQ(endpoint_.request(0).fields.get("content-type"), web);
  EXPECT_EQ(weir_->metric("weir_grpc_requests_total"), 0);
}

}  // namespace
}  // namespace weir::testing
