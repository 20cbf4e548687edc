// Bodies stream: nothing waits for the end of anything, a slow side slows the other, and who leaves is noticed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "support/behaviours.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

constexpr std::size_t mebibyte = 1024 * 1024;

/// Text in which no two places look alike, so that lost or swapped blocks are seen.
std::string distinct_text(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i) + ",";
  text.resize(size);
  return text;
}

TEST(Streaming, LargeBodiesArriveUnchangedBothWays) {
  OriginProcess origin;
  WeirProcess weir(config_for(origin.address()));
  const std::string body = distinct_text(20 * mebibyte);
  RawClient client = weir.connect();
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) +
              "\r\n\r\n");
  std::string received;
  Response response;
  std::size_t sent = 0;
  const Deadline deadline(30s);
  while (sent < body.size()) {  // both directions at once: the echo streams back while we still send
    ASSERT_FALSE(deadline.has_passed());
    sent += client.stream().write_available(std::string_view(body).substr(sent, 256 * 1024));
    client.stream().read_some(received, Deadline(1ms));
  }
  while (received.find("\r\n\r\n") == std::string::npos ||
         received.size() < received.find("\r\n\r\n") + 4 + body.size()) {
    ASSERT_EQ(client.stream().read_some(received, deadline), StreamEvent::data);
  }
  EXPECT_TRUE(received.substr(received.find("\r\n\r\n") + 4) == body);
}

TEST(Streaming, ChunkedBodiesArriveUnchanged) {
  OriginProcess origin;
  WeirProcess weir(config_for(origin.address()));
  RawClient client = weir.connect();
  const std::string expected = RawClient(origin.port()).get("/bytes/3000001").body;
  EXPECT_TRUE(client.get("/chunked/3000001").body == expected);
  EXPECT_TRUE(client.get("/bytes/3000001").body == expected);
}

TEST(Streaming, EventsArriveOneByOne) {
  auto gate = std::make_shared<Gate>();
  ScriptableEndpoint endpoint([gate](EndpointConnection& connection, const Request&) {
    connection.send(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    connection.send("9\r\ndata: 1\n\n\r\n");
    connection.wait(*gate);
    connection.send("9\r\ndata: 2\n\n\r\n0\r\n\r\n");
  });
  WeirProcess weir(config_for(endpoint.address()));
  RawClient client = weir.connect();
  client.send_get("/events");
  EXPECT_EQ(client.read_head().status, 200);
  EXPECT_NE(client.read_until("data: 1\n\n").size(), 0U);
  gate->open();  // the second event is only made now
  EXPECT_NE(client.read_until("data: 2\n\n").size(), 0U);
}

TEST(Streaming, TheRequestBodyIsNotWaitedFor) {
  ScriptableEndpoint endpoint(behave::echo());
  WeirProcess weir(config_for(endpoint.address()));
  RawClient client = weir.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nfirst");
  endpoint.wait_for_bytes(0, "first");
  client.send("later");
  EXPECT_EQ(client.read_response().body, "firstlater");
}

TEST(Streaming, AnEndpointMayAnswerBeforeTheBodyIsComplete) {
  ScriptableEndpoint endpoint(ConnectionBehaviour([](EndpointConnection& connection) {
    if (connection.read_request_head()) connection.send(behave::ok_message("early"));
    connection.read_to_end();
  }));
  WeirProcess weir(config_for(endpoint.address()));
  RawClient client = weir.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nstart");
  EXPECT_EQ(client.read_response().body, "early");
}

TEST(Streaming, ASlowReaderStopsTheEndpoint) {
  std::atomic<std::size_t> sent = 0;
  ScriptableEndpoint endpoint([&sent](EndpointConnection& connection, const Request&) {
    const std::string piece(64 * 1024, 'x');
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(256 * mebibyte) + "\r\n\r\n");
    for (std::size_t i = 0; i < 256 * mebibyte / piece.size() && connection.send(piece); ++i)
      sent += piece.size();
  });
  WeirProcess weir(config_for(endpoint.address()));
  ConnectOptions options;
  options.port = weir.port();
  options.receive_buffer_bytes = 16 * 1024;
  RawClient client(options);
  client.send_get("/");
  EXPECT_EQ(client.read_head().status, 200);
  const double before = weir.rss_kib();
  std::size_t last = 0;
  int unchanged = 0;
  eventually("the endpoint is stopped", [&] {
    const std::size_t now = sent;
    unchanged = now == std::exchange(last, now) ? unchanged + 1 : 0;
    return unchanged >= 40;
  });
  EXPECT_LT(sent, 32 * mebibyte);  // kernel buffers of two connections, and one bounded buffer of ours
  EXPECT_LT(weir.rss_kib() - before, 8 * 1024);
}

TEST(Streaming, ASlowEndpointStopsTheClient) {
  auto gate = std::make_shared<Gate>();
  ScriptableEndpoint endpoint(ConnectionBehaviour([gate](EndpointConnection& connection) {
    std::optional<Request> request = connection.read_request_head();
    if (!request || !connection.wait(*gate)) return;
    connection.read_body(*request);
    connection.send(behave::ok_message("all"));
  }));
  WeirProcess weir(config_for(endpoint.address()));
  RawClient client = weir.connect();
  constexpr std::size_t size = 128 * mebibyte;
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n");
  endpoint.wait_for_requests(1);
  const std::string piece(mebibyte, 'x');
  std::size_t sent = 0;
  int refusals = 0;
  while (refusals < 20 && sent < size) {  // until the socket has taken nothing for 20 waits in a row
    const std::size_t now = client.stream().write_available(
        std::string_view(piece).substr(0, std::min(piece.size(), size - sent)));
    sent += now;
    refusals = now == 0 ? refusals + 1 : 0;
    if (now == 0) client.stays_silent_for(10ms);
  }
  EXPECT_LT(sent, 64 * mebibyte);
  gate->open();
  while (sent < size) {
    const std::string_view rest = std::string_view(piece).substr(0, std::min(piece.size(), size - sent));
    ASSERT_TRUE(client.send(rest));
    sent += rest.size();
  }
  EXPECT_EQ(client.read_response().body, "all");
}

TEST(Streaming, AClientThatLeavesEndsTheEndpointsRequest) {
  ScriptableEndpoint endpoint(behave::hang());
  WeirProcess weir(config_for(endpoint.address()));
  RawClient client = weir.connect();
  client.send_get("/");
  endpoint.wait_for_requests(1);
  client.reset();
  EXPECT_NE(endpoint.wait_for_end(0), StreamEvent::data);
  const auto log = weir.access_log(1);
  EXPECT_EQ(log[0].at("status"), 499);
  EXPECT_EQ(log[0].at("reason"), "client_gone");
}

TEST(Streaming, AClientThatLeavesInTheMiddleOfAResponseEndsIt) {
  ScriptableEndpoint endpoint(ConnectionBehaviour([](EndpointConnection& connection) {
    if (!connection.read_request()) return;
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nsome");
    connection.read_to_end();
  }));
  WeirProcess weir(config_for(endpoint.address()));
  RawClient client = weir.connect();
  client.send_get("/");
  client.read_until("some");
  client.reset();
  EXPECT_NE(endpoint.wait_for_end(0), StreamEvent::data);
}

TEST(Streaming, AClientThatLeavesInTheMiddleOfItsBodyNeverCompletesIt) {
  ScriptableEndpoint endpoint(behave::echo());
  WeirProcess weir(config_for(endpoint.address()));
  RawClient client = weir.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n");
  endpoint.wait_for_bytes(0, "first");
  client.close();
  endpoint.wait_for_end(0);
  EXPECT_EQ(endpoint.bytes(0).find("0\r\n\r\n"), std::string::npos);
}

TEST(Streaming, ACutResponseIsCutForTheClientToo) {
  for (const std::string head :
       {"Content-Length: 100\r\n\r\nsome", "Transfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n"}) {
    for (const bool by_reset : {false, true}) {
      ScriptableEndpoint endpoint(by_reset ? behave::respond_then_reset("HTTP/1.1 200 OK\r\n" + head)
                                           : behave::respond_then_close("HTTP/1.1 200 OK\r\n" + head));
      WeirProcess weir(config_for(endpoint.address()));
      RawClient client = weir.connect();
      client.send_get("/");
      const RawClient::Rest rest = client.read_to_end();
      const std::string body = rest.bytes.substr(std::min(rest.bytes.find("\r\n\r\n"), rest.bytes.size()));
      EXPECT_FALSE(body.ends_with("0\r\n\r\n")) << rest.bytes;
      EXPECT_EQ(weir.access_log(1)[0].at("reason"), "response_incomplete");
    }
  }
}

}  // namespace
}  // namespace weir::testing
