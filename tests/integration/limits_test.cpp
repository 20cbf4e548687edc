// The bounds of a listener and of the process: the right status, a closed connection, and nothing at the endpoint.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/behaviours.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

class Limits : public ::testing::Test {
 protected:
  std::unique_ptr<WeirProcess> weir_with(const std::string& limits,
                                         const std::string& server = "workers: 2") {
    ConfigText config = config_for(endpoint_.address());
    config.http = "limits: { " + limits + " }";
    config.server = server;
    return std::make_unique<WeirProcess>(config);
  }

  /// Sends `request`, expects `status`, a short body, and the end of the connection.
  void expect_refusal(WeirProcess& weir, const std::string& request, int status) {
    RawClient client = weir.connect();
    client.send(request);
    const Response response = client.read_response();
    EXPECT_EQ(response.status, status);
    EXPECT_TRUE(response.complete);
    EXPECT_TRUE(response.fields.has_token("Connection", "close"));
    EXPECT_LT(response.body.size(), 1000U);
    EXPECT_EQ(client.read_to_end().event, StreamEvent::end) << "the answer must not be lost to a RST";
    EXPECT_EQ(endpoint_.connection_count(), 0U);
  }

  ScriptableEndpoint endpoint_{behave::echo()};
};

TEST_F(Limits, HeadBytes) {
  const auto weir = weir_with("header_bytes: 4KiB, uri_bytes: 2KiB");
  expect_refusal(*weir, "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(5000, 'x') + "\r\n\r\n", 431);
  expect_refusal(*weir, "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(1'000'000, 'x'), 431);
  EXPECT_EQ(weir->get("/", "X: " + std::string(3500, 'x') + "\r\n").status, 200);
}

TEST_F(Limits, HeadCount) {
  const auto weir = weir_with("header_count: 10");
  std::string fields;
  for (int i = 0; i < 10; ++i) fields += "X-" + std::to_string(i) + ": 1\r\n";
  expect_refusal(*weir, "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n", 431);
  EXPECT_EQ(weir->get("/", fields.substr(0, fields.find("X-9"))).status, 200);
}

TEST_F(Limits, UriBytes) {
  const auto weir = weir_with("uri_bytes: 1KiB");
  expect_refusal(*weir, "GET /" + std::string(2000, 'u') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414);
  expect_refusal(*weir, "GET /" + std::string(20'000, 'u'), 414);
  EXPECT_EQ(weir->get("/" + std::string(1000, 'u')).status, 200);
}

TEST_F(Limits, BodyBytesByContentLength) {
  const auto weir = weir_with("body_bytes: 1KiB");
  expect_refusal(*weir, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1025\r\n\r\n" + std::string(1025, 'b'),
                 413);
  EXPECT_EQ(weir->connect().exchange("POST", "/", std::string(1024, 'b')).body.size(), 1024U);
}

TEST_F(Limits, BodyBytesByContentLengthGetNo100) {
  const auto weir = weir_with("body_bytes: 1KiB");
  RawClient client = weir->connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5000\r\n\r\n");
  const Response response = client.read_response();
  EXPECT_EQ(response.status, 413);
  EXPECT_TRUE(response.interim.empty());
}

TEST_F(Limits, BodyBytesOfChunks) {
  const auto weir = weir_with("body_bytes: 1KiB");
  RawClient client = weir->connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n" +
              std::string(1024, 'b') + "\r\n");
  client.send("400\r\n" + std::string(1024, 'b') + "\r\n0\r\n\r\n");
  EXPECT_EQ(client.read_response().status, 413);
  EXPECT_EQ(client.read_to_end().event, StreamEvent::end);
  endpoint_.wait_for_end(0);
  EXPECT_EQ(endpoint_.bytes().find("\r\n0\r\n\r\n"), std::string::npos);  // never a whole request
}

TEST_F(Limits, ASlowBodyIsCutByItsRate) {
  const auto weir = weir_with("body_min_rate: 1000");
  RawClient client = weir->connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
  const Deadline deadline(25s);
  while (!deadline.has_passed() && client.stays_silent_for(200ms)) client.send("x");
  EXPECT_EQ(client.read_response().status, 408);
}

TEST_F(Limits, HugeChunkExtensionsAndTrailersAreBounded) {
  const auto weir = weir_with("header_bytes: 4KiB, uri_bytes: 2KiB");
  for (const std::string& rest : {"5;" + std::string(500'000, 'e') + "\r\nhello\r\n0\r\n\r\n",
                                  "5\r\nhello\r\n0\r\nT: " + std::string(500'000, 't') + "\r\n\r\n"}) {
    RawClient client = weir->connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + rest);
    const Response response = client.read_response();
    EXPECT_GE(response.status, 400);
    EXPECT_LT(response.status, 500);
  }
}

}  // namespace
}  // namespace weir::testing
