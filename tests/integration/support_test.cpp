// The harness itself: a client and an endpoint of our own, with nothing between them.
#include <gtest/gtest.h>

#include "support/behaviours.hpp"
#include "support/raw_client.hpp"

namespace weir::testing {
namespace {

TEST(Support, EndpointAnswersAndRemembersTheBytes) {
  ScriptableEndpoint endpoint(behave::ok("hello"));
  RawClient client(endpoint.port());
  EXPECT_EQ(client.get("/a").body, "hello");
  EXPECT_EQ(client.exchange("POST", "/b", "body").body, "hello");
  endpoint.wait_for_requests(2);
  EXPECT_EQ(endpoint.connection_count(), 1U);
  EXPECT_EQ(endpoint.request(1).body, "body");
  EXPECT_EQ(endpoint.bytes(),
            "GET /a HTTP/1.1\r\nHost: example.test\r\n\r\n"
            "POST /b HTTP/1.1\r\nHost: example.test\r\nContent-Length: 4\r\n\r\nbody");
}

TEST(Support, ReaderUnderstandsChunksTrailersAndInterimResponses) {
  ScriptableEndpoint endpoint(behave::respond(
      "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2;x\r\nde\r\n0\r\nT: 1\r\n\r\n"));
  const Response response = RawClient(endpoint.port()).get("/");
  EXPECT_TRUE(response.complete);
  EXPECT_EQ(response.body, "abcde");
  EXPECT_EQ(response.trailers.get("t"), "1");
  ASSERT_EQ(response.interim.size(), 1U);
  EXPECT_EQ(response.interim[0].fields.get("Link"), "</a>");
}

TEST(Support, ReaderShowsHowAConnectionEnded) {
  ScriptableEndpoint endpoint(behave::sequence(
      {behave::respond_then_close("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"),
       behave::respond_then_close("HTTP/1.1 200 OK\r\n\r\nabc"), behave::reset(), behave::close()}));
  const Response cut = RawClient(endpoint.port()).get("/");
  EXPECT_FALSE(cut.complete);
  EXPECT_EQ(cut.body, "abc");
  const Response until_close = RawClient(endpoint.port()).get("/");
  EXPECT_TRUE(until_close.complete);
  EXPECT_EQ(until_close.body, "abc");
  RawClient reset(endpoint.port());
  reset.send_get("/");
  EXPECT_EQ(reset.read_to_end().event, StreamEvent::reset);
  RawClient closed(endpoint.port());
  closed.send_get("/");
  EXPECT_EQ(closed.read_to_end().event, StreamEvent::end);
}

TEST(Support, EndpointSeesHowTheClientLeft) {
  ScriptableEndpoint endpoint(behave::hang());
  RawClient resetting(endpoint.port());
  resetting.send_get("/");
  endpoint.wait_for_requests(1);
  resetting.reset();
  EXPECT_EQ(endpoint.wait_for_end(0), StreamEvent::reset);
  RawClient closing(endpoint.port());
  closing.send_get("/");
  endpoint.wait_for_requests(2);
  closing.close();
  EXPECT_EQ(endpoint.wait_for_end(1), StreamEvent::end);
}

TEST(Support, GateHoldsAResponseBack) {
  auto gate = std::make_shared<Gate>();
  ScriptableEndpoint endpoint(behave::gated(gate, behave::ok("late")));
  RawClient client(endpoint.port());
  client.send_get("/");
  endpoint.wait_for_requests(1);
  EXPECT_TRUE(client.stays_silent_for(20ms));
  gate->open();
  EXPECT_EQ(client.read_response().body, "late");
}

TEST(Support, StoppedEndpointRefuses) {
  ScriptableEndpoint endpoint(behave::hang());
  RawClient client(endpoint.port());
  client.send_get("/");
  endpoint.wait_for_requests(1);
  endpoint.stop();
  EXPECT_NE(client.read_to_end().event, StreamEvent::data);
  EXPECT_THROW(RawClient(endpoint.port()), TestFailure);
}

TEST(Support, DeadlinesPassWithAMessage) {
  ScriptableEndpoint endpoint(behave::hang());
  RawClient client(endpoint.port());
  client.send_get("/");
  try {
    client.read_response("GET", Deadline(10ms));
    FAIL() << "a response came";
  } catch (const TestFailure& failure) {
    EXPECT_NE(std::string(failure.what()).find("timeout"), std::string::npos);
  }
}

}  // namespace
}  // namespace weir::testing
