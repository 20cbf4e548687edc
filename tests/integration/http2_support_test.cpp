// The tests' own two ends of HTTP/2 against each other: what they say of Weir holds only as far as they are right.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/http2_client.hpp"
#include "support/http2_scripts.hpp"
#include "support/test_certificates.hpp"

namespace weir::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

TEST(Http2Support, ARequestAndItsAnswer) {
  Http2Endpoint endpoint(scripts::echo());
  Http2Client client(endpoint.port());
  const Http2Response response = client.exchange("POST", "/path", "hello", {{"content-length", "5"}});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "hello");
  EXPECT_TRUE(response.complete);
  const Http2EndpointRequest request = endpoint.request(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.scheme, "http");
  EXPECT_EQ(request.authority, "example.test");
  EXPECT_EQ(request.path, "/path");
  EXPECT_EQ(request.fields.get("content-length"), "5");
  EXPECT_EQ(request.body, "hello");
  EXPECT_TRUE(request.complete);
  EXPECT_FALSE(request.ended_by_head);
}

TEST(Http2Support, LargeBodiesKeepToTheWindowsBothWays) {
  Http2EndpointOptions options;
  options.settings = {{h2::initial_window_size, 10'000}};
  Http2Endpoint endpoint(scripts::echo_at_once(), options);
  Http2Client client(endpoint.port());
  client.wait_settings();
  const std::string body(1'000'000, 'x');
  EXPECT_EQ(client.exchange("POST", "/", body).body, body);
  EXPECT_EQ(endpoint.request(0).body, body);
}

TEST(Http2Support, AnswersStepByStep) {
  Http2Endpoint endpoint(scripts::hang());
  Http2Client client(endpoint.port());
  const std::uint32_t number = client.start_get("/");
  endpoint.wait_for_requests(1);
  const Http2EndpointStream stream = endpoint.stream(0);
  stream.head(103, {{"link", "</a>"}});
  EXPECT_EQ(client.wait_interim(number, 1).interim[0].status, 103);
  stream.head(200);
  client.wait_head(number);
  stream.data("one");
  client.wait_body(number, 3);
  stream.data("two");
  stream.trailers({{"x-sum", "6"}});
  const Http2Response& response = client.wait_end(number);
  EXPECT_EQ(response.body, "onetwo");
  EXPECT_EQ(response.trailers.get("x-sum"), "6");
  EXPECT_TRUE(response.ended_by_trailers);
  EXPECT_EQ(endpoint.streams_on(0), 0U);
  EXPECT_EQ(endpoint.most_streams_on(0), 1U);
}

TEST(Http2Support, ResetsBothWays) {
  Http2Endpoint endpoint(scripts::hang());
  Http2Client client(endpoint.port());
  const std::uint32_t first = client.start_get("/1"), second = client.start_get("/2");
  endpoint.wait_for_requests(2);
  client.reset(first, h2::cancel);
  EXPECT_EQ(endpoint.wait_for_reset(0), h2::cancel);
  endpoint.stream(1).reset(h2::refused_stream);
  EXPECT_EQ(client.wait_reset(second), h2::refused_stream);
  EXPECT_EQ(endpoint.streams_on(0), 0U);
}

TEST(Http2Support, WindowsThatAreNotKeptOpenHoldUp) {
  Http2EndpointOptions options;
  options.keep_windows = false;
  Http2Endpoint endpoint(scripts::hang(), options);
  Http2Client client(endpoint.port());
  client.wait_settings();
  const std::uint32_t number = client.start_request(client.fields_of("POST", "/"), false);
  client.force_data(number, std::string(16'384, 'x'));
  endpoint.wait_for_body(0, 16'384);
  EXPECT_EQ(endpoint.receive_window(0), h2::default_window_bytes - 16'384);
  endpoint.window_update(0, 10);
  endpoint.stream(0).window_update(7);
  client.wait_until("the windows came", [&] {
    return client.connection_send_window() == h2::default_window_bytes - 16'384 + 10 &&
           client.send_window(number) == h2::default_window_bytes - 16'384 + 7;
  });
}

TEST(Http2Support, GoawayLeavesLaterStreamsAlone) {
  Http2Endpoint endpoint(scripts::hang());
  Http2Client client(endpoint.port());
  const std::uint32_t first = client.start_get("/1");
  endpoint.wait_for_requests(1);
  endpoint.goaway(0, first);
  client.wait_goaway();
  client.start_get("/2");
  client.round_trip();
  EXPECT_EQ(endpoint.request_count(), 1U);
  endpoint.stream(0).answer(200, "first");
  EXPECT_EQ(client.wait_end(first).body, "first");
  endpoint.close(0);
  EXPECT_EQ(client.wait_close(), StreamEvent::end);
  EXPECT_EQ(endpoint.wait_for_close(0), StreamEvent::end);
}

TEST(Http2Support, AFrozenEndpointIsSilentAndStays) {
  Http2Endpoint endpoint(scripts::ok());
  Http2Client client(endpoint.port());
  client.round_trip();
  endpoint.freeze(true);
  const std::uint32_t number = client.start_get("/");
  EXPECT_TRUE(client.stays_silent_for(100ms));
  EXPECT_EQ(endpoint.open_count(), 1U);
  endpoint.freeze(false);
  EXPECT_EQ(client.wait_end(number).body, "ok");
  endpoint.reset(0);
  EXPECT_EQ(client.wait_close(), StreamEvent::reset);
}

TEST(Http2Support, StepsOneAfterTheOther) {
  Http2Endpoint endpoint(
      scripts::sequence({scripts::status(503), scripts::reset(h2::cancel), scripts::ok()}));
  Http2Client client(endpoint.port());
  EXPECT_EQ(client.get("/").status, 503);
  EXPECT_EQ(client.get("/").reset, h2::cancel);
  EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(client.get("/").status, 200);
}

TEST(Http2Support, TlsAndWhatAlpnChose) {
  const TempDir directory;
  const TestCa ca;
  const CertificateFiles files = ca.issue_files(directory, "endpoint");
  Http2EndpointOptions options;
  options.tls = true;
  options.tls_options.cert_file = files.cert;
  options.tls_options.key_file = files.key;
  options.tls_options.alpn = {"h2", "http/1.1"};
  options.http1 = [](const Request&) { return "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nold"; };
  Http2Endpoint endpoint(scripts::by_path(), options);
  Http2Client client(endpoint.port(), TlsClientOptions{});
  EXPECT_THAT(client.get("/bytes/300000").body, SizeIs(300'000));
  TlsClientOptions old;
  old.alpn = {"http/1.1"};
  RawClient other(endpoint.port(), old);
  EXPECT_EQ(other.get("/").body, "old");
  EXPECT_THAT(endpoint.http1_requests(), SizeIs(1));
  EXPECT_EQ(endpoint.request(0).scheme, "https");
}

TEST(Http2Support, MessagesOfGrpc) {
  EXPECT_THAT(grpc::messages(grpc::message("a") + grpc::message("") + grpc::message("bc")),
              ElementsAre("a", "", "bc"));
  EXPECT_THROW(grpc::messages(grpc::message("abc").substr(0, 7)), TestFailure);
  Http2Endpoint endpoint(grpc::echo());
  Http2Client client(endpoint.port());
  const Http2Response response =
      client.exchange("POST", "/a.B/C", grpc::message("one") + grpc::message("two"), grpc::call_fields());
  EXPECT_THAT(grpc::messages(response.body), ElementsAre("one", "two"));
  EXPECT_EQ(response.trailers.get("grpc-status"), "0");
  endpoint.behave(grpc::trailers_only(5, "not here"));
  const Http2Response none = client.exchange("POST", "/a.B/C", "", grpc::call_fields());
  EXPECT_TRUE(none.ended_by_head);
  EXPECT_EQ(none.fields.get("grpc-status"), "5");
}

TEST(Http2Support, ABrokenRuleEndsTheConnection) {
  Http2EndpointOptions options;
  options.strict = false;
  Http2Endpoint endpoint(scripts::ok(), options);
  for (const h2::FieldLines& extra : {h2::FieldLines{{"Upper", "x"}},
                                      {{"connection", "close"}},
                                      {{"te", "gzip"}},
                                      {{"host", "other.test"}}}) {
    Http2Client client(endpoint.port());
    client.start_get("/", extra);
    client.wait_close();
  }
  Http2Client client(endpoint.port());
  client.send(h2::window_update_frame(0, 0));
  client.wait_close();
}

}  // namespace
}  // namespace weir::testing
