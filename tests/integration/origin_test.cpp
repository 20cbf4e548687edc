// weir-origin itself: what the tests and benchmarks stand on must do what it says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

std::string pattern_bytes(std::size_t count) {
  const std::string period = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-\n";
  std::string text;
  while (text.size() < count) text += period;
  return text.substr(0, count);
}

class Origin : public ::testing::Test {
 protected:
  RawClient connect() { return RawClient(origin_.port()); }

  OriginProcess origin_{"blue-1", "blue"};
};

TEST_F(Origin, AnswersNameVersionAndTheRequestAsItCame) {
  const Response response = connect().get("/?a=1", "X-Twice: one\r\nx-twice: \"two\"\r\n");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.fields.get("Content-Type"), "application/json");
  EXPECT_EQ(response.fields.get("X-Version"), "blue");
  EXPECT_EQ(origin_name(response), "blue-1");
  EXPECT_THAT(origin_headers(response, "X-Twice"), ::testing::ElementsAre("one", "\"two\""));
  const boost::json::object answer = boost::json::parse(response.body).as_object();
  EXPECT_EQ(answer.at("version"), "blue");
  EXPECT_EQ(answer.at("method"), "GET");
  EXPECT_EQ(answer.at("target"), "/?a=1");
  EXPECT_EQ(answer.at("protocol"), "HTTP/1.1");
}

TEST_F(Origin, AnswersUnlistedPathsLikeTheRoot) {
  const Response response = connect().exchange("PATCH", "/any/where", "12345");
  EXPECT_EQ(response.status, 200);
  const boost::json::object answer = boost::json::parse(response.body).as_object();
  EXPECT_EQ(answer.at("target"), "/any/where");
  EXPECT_EQ(answer.at("body_bytes"), 5);
}

TEST_F(Origin, KeepsTheConnectionAndAnswersPipelinedRequestsInOrder) {
  RawClient client = connect();
  client.send(
      "GET /status/201 HTTP/1.1\r\nHost: a\r\n\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: "
      "3\r\n\r\nabc"
      "GET /bytes/5 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_response().status, 201);
  EXPECT_EQ(client.read_response().body, "abc");
  EXPECT_EQ(client.read_response().body, "ABCDE");
  EXPECT_EQ(client.get("/status/404").status, 404);
}

TEST_F(Origin, UnderstandsARequestSplitAtEveryByte) {
  RawClient client = connect();
  client.send_bytewise(
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: "
      "1\r\n\r\n");
  EXPECT_EQ(client.read_response().body, "abcde");
  EXPECT_EQ(client.get("/").status, 200);
}

TEST_F(Origin, ClosesWhenAsked) {
  RawClient client = connect();
  const Response response = client.get("/status/200", "Connection: close\r\n");
  EXPECT_EQ(response.fields.get("Connection"), "close");
  EXPECT_EQ(client.read_to_end().event, StreamEvent::end);
}

TEST_F(Origin, ClosesAfterHttp10UnlessAskedToStay) {
  RawClient client = connect();
  client.send("GET /bytes/3 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(client.read_response().body, "ABC");
  client.send("GET /chunked/3 HTTP/1.0\r\n\r\n");
  const Response response = client.read_response();
  EXPECT_FALSE(response.chunked);
  EXPECT_EQ(response.body, "ABC");
}

TEST_F(Origin, AnswersAClientThatEndedItsSide) {
  RawClient client = connect();
  client.send_get("/bytes/3000000");
  client.shutdown_write();
  const Response response = client.read_response();
  EXPECT_TRUE(response.complete);
  EXPECT_EQ(response.body, pattern_bytes(3'000'000));
}

TEST_F(Origin, SendsBytesOfAnyLength) {
  RawClient client = connect();
  for (const std::size_t count : {0UL, 1UL, 128UL, 65'536UL, 262'143UL, 262'144UL, 262'145UL, 5'000'000UL}) {
    EXPECT_EQ(client.get("/bytes/" + std::to_string(count)).body, pattern_bytes(count)) << count;
    const Response chunked = client.get("/chunked/" + std::to_string(count));
    EXPECT_TRUE(chunked.chunked && chunked.complete);
    EXPECT_EQ(chunked.body, pattern_bytes(count)) << count;
  }
}

TEST_F(Origin, HoldsLittleForAClientThatDoesNotRead) {
  ConnectOptions options;
  options.port = origin_.port();
  options.receive_buffer_bytes = 4096;
  RawClient client(options);
  client.send_get("/bytes/10000000000");
  EXPECT_EQ(client.read_head().fields.get("Content-Length"), "10000000000");
  EXPECT_EQ(RawClient(origin_.port()).get("/status/200").status, 200);  // others are served meanwhile
}

TEST_F(Origin, AnswersHeadWithoutBody) {
  RawClient client = connect();
  for (const std::string path :
       {"/", "/bytes/100", "/chunked/100", "/sse", "/status/500", "/slow", "/delay/1"}) {
    client.send("HEAD " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(client.read_response("HEAD").complete) << path;
  }
  EXPECT_EQ(client.get("/status/202").status, 202);
}

TEST_F(Origin, EchoesALargeBodyWhileItComes) {
  const std::string body = pattern_bytes(3'000'000);
  RawClient client = connect();
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: a/b\r\nContent-Length: 3000000\r\n\r\n");
  client.send(std::string_view(body).substr(0, 1000));
  Response response = client.read_head();  // before the body is complete
  EXPECT_EQ(response.fields.get("Content-Type"), "a/b");
  EXPECT_EQ(client.read_exactly(1000), body.substr(0, 1000));
  client.send(std::string_view(body).substr(1000, 500'000));
  EXPECT_EQ(client.read_exactly(500'000), body.substr(1000, 500'000));
}

TEST_F(Origin, SaysContinueWhereItIsExpected) {
  RawClient client = connect();
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("hi");
  EXPECT_EQ(client.read_response().body, "hi");
}

TEST_F(Origin, DelaysAndStreamsEvents) {
  RawClient client = connect();
  EXPECT_EQ(origin_name(client.get("/delay/20")), "blue-1");
  client.send_get("/sse");
  EXPECT_EQ(client.read_head().fields.get("Content-Type"), "text/event-stream");
  for (const char* number : {"1", "2", "3", "4", "5"}) {
    EXPECT_NE(client.read_until("}\n\n\r\n").find("{\"n\":" + std::string(number)), std::string::npos);
  }
  EXPECT_EQ(client.read_until("\r\n\r\n"), "0\r\n\r\n");
}

TEST_F(Origin, FailsOnRequest) {
  RawClient reset = connect();
  reset.send_get("/reset");
  EXPECT_EQ(reset.read_to_end().event, StreamEvent::reset);

  RawClient half = connect();
  const Response cut = half.get("/half");
  EXPECT_EQ(cut.fields.get("Content-Length"), "1000");
  EXPECT_EQ(cut.body.size(), 500U);
  EXPECT_EQ(cut.ended, StreamEvent::end);

  RawClient garbage = connect();
  garbage.send_get("/garbage");
  const RawClient::Rest rest = garbage.read_to_end();
  EXPECT_FALSE(rest.bytes.empty());
  EXPECT_FALSE(rest.bytes.starts_with("HTTP"));

  RawClient slow = connect();
  slow.send_get("/slow");
  slow.read_head();
  EXPECT_EQ(slow.read_exactly(2), "01");
}

TEST_F(Origin, TurnsUnhealthyAndBack) {
  EXPECT_EQ(connect().get("/health").status, 200);
  EXPECT_EQ(connect().exchange("PUT", "/health/down", "").status, 200);
  EXPECT_EQ(connect().get("/health").status, 503);
  EXPECT_EQ(connect().exchange("PUT", "/health/up", "").status, 200);
  EXPECT_EQ(connect().get("/health").status, 200);
}

TEST_F(Origin, RefusesWhatIsNotHttp) {
  RawClient client = connect();
  client.send("nonsense\r\n\r\n");
  const RawClient::Rest rest = client.read_to_end();
  EXPECT_TRUE(rest.bytes.starts_with("HTTP/1.1 400 "));
}

TEST_F(Origin, StopsOnSignals) {
  RawClient idle = connect();
  origin_.process().signal(SIGTERM);
  EXPECT_EQ(origin_.process().wait_exit(), (ExitStatus{0, 0}));
  OriginProcess other;
  other.process().signal(SIGINT);
  EXPECT_EQ(other.process().wait_exit(), (ExitStatus{0, 0}));
}

TEST(OriginCommand, SaysWhatIsWrong) {
  EXPECT_EQ(run_to_end(origin_binary(), {{"--port", "no"}, {}, {}}).status, (ExitStatus{2, 0}));
  EXPECT_EQ(run_to_end(origin_binary(), {{"--help"}, {}, {}}).status, (ExitStatus{0, 0}));
  const Finished taken = run_to_end(origin_binary(), {{"--port", "1", "--address", "203.0.113.1"}, {}, {}});
  EXPECT_EQ(taken.status, (ExitStatus{3, 0}));
  EXPECT_NE(taken.errors.find("203.0.113.1"), std::string::npos);
}

TEST(OriginCommand, ServesFromSeveralThreads) {
  Process process(origin_binary(), {{"--port", "0", "--threads", "3"}, {}, {}});
  const std::string line = process.wait_for_line([](std::string_view) { return true; }, "a ready line");
  const std::uint16_t port = port_of(line);
  for (int i = 0; i < 30; ++i) EXPECT_EQ(RawClient(port).get("/").status, 200);
}

}  // namespace
}  // namespace weir::testing
