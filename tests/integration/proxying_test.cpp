// A request goes in, the endpoint sees it, the answer comes out: framing of both directions over the real binary.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/behaviours.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Proxying : public ::testing::Test {
 protected:
  ScriptableEndpoint endpoint_{behave::ok("hello")};
  WeirProcess weir_{config_for(endpoint_.address())};
  RawClient client_ = weir_.connect();
};

TEST_F(Proxying, PassesAGetOn) {
  const Response response = client_.get("/some/path?a=1&b=%20x");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "hello");
  EXPECT_EQ(response.fields.get("Content-Length"), "5");
  const Request seen = endpoint_.request(0);
  EXPECT_EQ(seen.start_line, "GET /some/path?a=1&b=%20x HTTP/1.1");
  EXPECT_EQ(seen.fields.get("Host"), "example.test");
  EXPECT_FALSE(seen.fields.has("Content-Length"));
  EXPECT_FALSE(seen.chunked);
}

TEST_F(Proxying, LeavesTheTargetAsItWasWritten) {
  for (const std::string target : {"/a//b", "/%41%7e%2e", "/a?x=/../y", "/a;p=1", "/?"}) {
    EXPECT_EQ(client_.get(target).status, 200) << target;
    EXPECT_EQ(endpoint_.requests().back().target, target);
  }
}

TEST_F(Proxying, PassesStatusesOn) {
  for (const int status : {200, 201, 206, 301, 304, 400, 404, 418, 500, 599}) {
    endpoint_.behave(behave::status(status));
    EXPECT_EQ(client_.get("/").status, status);
  }
}

TEST_F(Proxying, SendsNoBodyWhereThereIsNone) {
  endpoint_.behave(behave::respond("HTTP/1.1 204 No Content\r\n\r\n"));
  const Response no_content = client_.get("/");
  EXPECT_EQ(no_content.status, 204);
  EXPECT_FALSE(no_content.fields.has("Content-Length"));
  EXPECT_FALSE(no_content.chunked);
  endpoint_.behave(
      behave::respond("HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 100\r\n\r\n"));
  EXPECT_EQ(client_.get("/").fields.get("ETag"), "\"x\"");
  endpoint_.behave(behave::ok("after"));
  EXPECT_EQ(client_.get("/").body, "after");  // the connection was in step all the time
}

TEST_F(Proxying, KeepsContentLengthOfAHeadResponse) {
  endpoint_.behave(behave::ok(std::string(1234, 'x')));
  client_.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client_.read_response("HEAD").fields.get("Content-Length"), "1234");
  endpoint_.behave(behave::ok("next"));
  EXPECT_EQ(client_.get("/").body, "next");
}

TEST_F(Proxying, PassesABodyWithItsLength) {
  endpoint_.behave(behave::echo());
  EXPECT_EQ(client_.exchange("POST", "/", "some body").body, "some body");
  const Request seen = endpoint_.request(0);
  EXPECT_EQ(seen.fields.get("Content-Length"), "9");
  EXPECT_FALSE(seen.chunked);
  EXPECT_EQ(client_.exchange("PUT", "/", "").body, "");
  EXPECT_EQ(endpoint_.request(1).fields.get("Content-Length"), "0");
}

TEST_F(Proxying, DecodesAndEncodesChunksAnew) {
  endpoint_.behave(behave::echo());
  client_.send(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: Checksum\r\n\r\n"
      "3;ext=1\r\nabc\r\n00004\r\ndefg\r\n0\r\nChecksum: 7\r\n\r\n");
  EXPECT_EQ(client_.read_response().body, "abcdefg");
  const Request seen = endpoint_.request(0);
  EXPECT_TRUE(seen.chunked);
  EXPECT_FALSE(seen.fields.has("Content-Length"));
  EXPECT_EQ(seen.body, "abcdefg");
  EXPECT_EQ(seen.trailers.get("Checksum"), "7");
  EXPECT_THAT(endpoint_.bytes(), Not(HasSubstr("ext=1")));
}

TEST_F(Proxying, PassesChunkedResponsesWithTrailers) {
  endpoint_.behave(
      behave::respond("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: "
                      "Sum\r\n\r\n3\r\nabc\r\n0\r\nSum: 1\r\n\r\n"));
  const Response response = client_.get("/", "TE: trailers\r\n");
  EXPECT_TRUE(response.chunked && response.complete);
  EXPECT_EQ(response.body, "abc");
  EXPECT_EQ(response.trailers.get("Sum"), "1");
}

TEST_F(Proxying, MakesChunksOfABodyThatEndsWithTheConnection) {
  endpoint_.behave(behave::respond_then_close("HTTP/1.1 200 OK\r\n\r\nuntil the end"));
  const Response response = client_.get("/");
  EXPECT_TRUE(response.chunked && response.complete);
  EXPECT_EQ(response.body, "until the end");
  endpoint_.behave(behave::ok("again"));
  EXPECT_EQ(client_.get("/").body, "again");
}

TEST_F(Proxying, UnderstandsARequestSplitAtEveryByte) {
  endpoint_.behave(behave::echo());
  client_.send_bytewise(
      "POST /x HTTP/1.1\r\nHost: example.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
  EXPECT_EQ(client_.read_response().body, "hello");
}

TEST_F(Proxying, UnderstandsAResponseSplitAtEveryByte) {
  endpoint_.behave(behave::slow(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n", 1, 1ms));
  const Response response = client_.get("/");
  EXPECT_EQ(response.body, "hello");
  EXPECT_TRUE(response.complete);
}

TEST_F(Proxying, AnswersPipelinedRequestsInOrder) {
  endpoint_.behave([](EndpointConnection& connection, const Request& request) {
    connection.send(behave::ok_message(request.target));
  });
  std::string burst;
  for (int i = 0; i < 20; ++i) burst += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
  client_.send(burst);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client_.read_response().body, "/" + std::to_string(i));
}

TEST_F(Proxying, PassesEarlyHintsOnButNotToHttp10) {
  endpoint_.behave(
      behave::respond("HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\nHTTP/1.1 200 "
                      "OK\r\nContent-Length: 2\r\n\r\nok"));
  const Response response = client_.get("/");
  EXPECT_EQ(response.body, "ok");
  ASSERT_EQ(response.interim.size(), 1U);
  EXPECT_EQ(response.interim[0].status, 103);
  EXPECT_EQ(response.interim[0].fields.get("Link"), "</style.css>");
  RawClient old = weir_.connect();
  old.send("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
  EXPECT_EQ(old.read_response().interim.size(), 0U);
}

TEST_F(Proxying, InvitesABodyThatWaitsForContinue) {
  endpoint_.behave(behave::echo());
  client_.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  EXPECT_THAT(client_.read_until("\r\n\r\n"), ::testing::StartsWith("HTTP/1.1 100 "));
  client_.send("body");
  EXPECT_EQ(client_.read_response().body, "body");
}

TEST_F(Proxying, GivesHttp10ClientsWhatTheyUnderstand) {
  endpoint_.behave(
      behave::respond("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"));
  client_.send("GET / HTTP/1.0\r\n\r\n");
  const Response response = client_.read_response();
  EXPECT_FALSE(response.chunked);
  EXPECT_EQ(response.body, "abc");
  EXPECT_EQ(response.ended, StreamEvent::end);
  EXPECT_EQ(endpoint_.request(0).protocol, "HTTP/1.1");
}

TEST_F(Proxying, TurnsAbsoluteFormIntoOriginForm) {
  client_.send("GET http://example.test/p?q HTTP/1.1\r\nHost: example.test\r\n\r\n");
  EXPECT_EQ(client_.read_response().status, 200);
  EXPECT_EQ(endpoint_.request(0).target, "/p?q");
  EXPECT_EQ(endpoint_.request(0).fields.get("Host"), "example.test");
}

TEST_F(Proxying, PassesOptionsForTheServerOn) {
  client_.send("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client_.read_response("OPTIONS").status, 200);
  EXPECT_EQ(endpoint_.request(0).start_line, "OPTIONS * HTTP/1.1");
}

TEST_F(Proxying, RefusesTraceAndConnect) {
  for (const std::string line : {"TRACE / HTTP/1.1", "CONNECT example.test:443 HTTP/1.1"}) {
    RawClient client = weir_.connect();
    client.send(line + "\r\nHost: example.test:443\r\n\r\n");
    EXPECT_EQ(client.read_response("TRACE").status, 405) << line;
  }
  EXPECT_EQ(endpoint_.connection_count(), 0U);
}

TEST_F(Proxying, PassesUnknownMethodsOn) {
  client_.send("PURGE /x HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client_.read_response("PURGE").status, 200);
  EXPECT_EQ(endpoint_.request(0).method, "PURGE");
}

}  // namespace
}  // namespace weir::testing
