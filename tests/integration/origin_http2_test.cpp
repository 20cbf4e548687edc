// weir-origin over HTTP/2 with prior knowledge: the same paths, on the same port.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/http2_client.hpp"
#include "support/http2_scripts.hpp"
#include "support/websocket_frames.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class OriginHttp2 : public ::testing::Test {
 protected:
  Http2Client client(Http2Options options = {}) { return Http2Client(origin_.port(), std::move(options)); }

  OriginProcess origin_{"blue-1", "blue"};
};

TEST_F(OriginHttp2, AnswersNameVersionAndTheRequestAsItCame) {
  Http2Client client = this->client();
  const Http2Response response = client.get("/any?a=1", {{"x-twice", "one"}, {"x-twice", "two"}});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.fields.get("content-type"), "application/json");
  EXPECT_EQ(response.fields.get("x-version"), "blue");
  EXPECT_THAT(response.body, HasSubstr("\"name\":\"blue-1\""));
  EXPECT_THAT(response.body, HasSubstr("\"target\":\"/any?a=1\",\"protocol\":\"HTTP/2.0\""));
  EXPECT_THAT(response.body, HasSubstr("[\":authority\",\"example.test\"]"));
  const Http2Response posted = client.exchange("POST", "/any", "12345");
  EXPECT_THAT(posted.body, HasSubstr("\"body_bytes\":5"));
}

TEST_F(OriginHttp2, StandsBesideHttp1OnTheSamePort) {
  Http2Client client = this->client();
  RawClient old(origin_.port());
  EXPECT_EQ(old.get("/bytes/3").body, "ABC");
  EXPECT_EQ(client.get("/bytes/3").body, "ABC");
}

TEST_F(OriginHttp2, UnderstandsAPrefaceThatIsCutAtEveryByte) {
  RawClient raw(origin_.port());
  ASSERT_TRUE(raw.send_bytewise(std::string(h2::preface) + h2::settings_frame({})));
  Http2Options started;
  started.start = false;
  Http2Client client(std::move(raw), started);
  EXPECT_EQ(client.get("/status/204").status, 204);
}

TEST_F(OriginHttp2, AnswersThatHaveNoBodyEndWithTheirHead) {
  Http2Client client = this->client();
  for (const std::string path : {"/status/204", "/status/304", "/bytes/0"}) {
    EXPECT_TRUE(client.get(path).ended_by_head) << path;
  }
  const Http2Response head = client.request(client.fields_of("HEAD", "/bytes/100"));
  EXPECT_TRUE(head.ended_by_head);
  EXPECT_EQ(head.fields.get("content-length"), "100");
}

TEST_F(OriginHttp2, LargeAnswersAndEchoesKeepToTheWindows) {
  Http2Client client = this->client();
  EXPECT_THAT(client.get("/bytes/2000000").body, SizeIs(2'000'000));
  EXPECT_THAT(client.get("/chunked/2000000").body, SizeIs(2'000'000));
  const std::string body(3'000'000, 'x');
  const Http2Response echoed = client.exchange("POST", "/echo", body, {{"content-length", "3000000"}});
  EXPECT_EQ(echoed.body, body);
  EXPECT_EQ(echoed.fields.get("content-length"), "3000000");
}

TEST_F(OriginHttp2, AnEchoThatIsNotTakenHoldsUpItsUpload) {
  Http2Options options;
  options.settings = {{h2::initial_window_size, 0}};
  options.keep_windows = false;
  Http2Client client = this->client(options);
  client.wait_settings();
  const std::uint32_t stream = client.start_request(client.fields_of("POST", "/echo"), false);
  client.wait_head(stream);
  std::size_t sent = 0;
  const auto sendable = [&] {
    return std::min({client.send_window(stream), client.connection_send_window(), std::int64_t{16'384}});
  };
  while (true) {
    client.round_trip();
    if (sendable() <= 0) break;
    const auto piece = static_cast<std::size_t>(sendable());
    ASSERT_TRUE(client.force_data(stream, std::string(piece, 'x')));
    sent += piece;
    ASSERT_LE(sent, 3U * 1024 * 1024);
  }
  EXPECT_GE(sent, 1024U * 1024);
  EXPECT_EQ(client.get("/bytes/0").status, 200) << "others go on";
}

TEST_F(OriginHttp2, StreamsAreAnsweredBesideEachOther) {
  Http2Client client = this->client();
  const std::uint32_t slow = client.start_get("/delay/300"), events = client.start_get("/sse");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.get("/bytes/10").body, "ABCDEFGHIJ");
  EXPECT_EQ(client.response(slow).status, 0);
  EXPECT_EQ(client.wait_end(slow).status, 200);
  const Http2Response& sse = client.wait_end(events);
  EXPECT_GE(sse.data_frames, 5U);
  EXPECT_THAT(sse.body, HasSubstr("id: 5"));
}

TEST_F(OriginHttp2, FailsAsItIsAskedTo) {
  Http2Client client = this->client();
  EXPECT_EQ(client.get("/reset").reset, h2::internal_error);
  const std::uint32_t half = client.start_get("/half");
  EXPECT_THROW(client.wait_end(half), TestFailure) << "it is shorter than its content-length";
  Http2Client other = this->client();
  EXPECT_EQ(other.request(other.fields_of("PUT", "/fault/status/503")).status, 200);
  EXPECT_EQ(other.get("/").status, 503);
  EXPECT_EQ(other.request(other.fields_of("PUT", "/fault/close")).status, 200);
  other.start_get("/");
  other.wait_close();
}

TEST_F(OriginHttp2, GivesContinueToWhoWaitsForIt) {
  Http2Client client = this->client();
  const std::uint32_t stream =
      client.start_request(client.fields_of("POST", "/echo", {{"expect", "100-continue"}}), false);
  EXPECT_EQ(client.wait_interim(stream, 1).interim[0].status, 100);
  client.send_data(stream, "hello");
  EXPECT_EQ(client.wait_end(stream).body, "hello");
}

TEST_F(OriginHttp2, EchoesCallsOfGrpc) {
  Http2Client client = this->client();
  const std::uint32_t stream =
      client.start_request(client.fields_of("POST", "/a.B/C", grpc::call_fields()), false);
  for (std::size_t i = 1; i <= 3; ++i) {
    client.send_data(stream, grpc::message("four"), false);
    client.wait_body(stream, 9 * i);
  }
  client.send_data(stream, "", true);
  const Http2Response& response = client.wait_end(stream);
  EXPECT_THAT(grpc::messages(response.body), ElementsAre("four", "four", "four"));
  EXPECT_EQ(response.trailers.get("grpc-status"), "0");
}

TEST_F(OriginHttp2, EchoesWebSocketsByExtendedConnect) {
  Http2Client client = this->client();
  client.wait_settings();
  EXPECT_EQ(client.setting(h2::enable_connect_protocol), 1U);
  const std::uint32_t stream =
      client.start_request(client.fields_of("CONNECT", "/ws", {{":protocol", "websocket"}}), false);
  EXPECT_EQ(client.wait_head(stream).status, 200);
  client.send_data(stream, masked_frame(0x81, "hello"), false);
  EXPECT_EQ(client.wait_body(stream, 7).body, plain_frame(0x81, "hello"));
  client.send_data(stream, masked_frame(0x88, "\x03\xE8"), false);
  EXPECT_TRUE(client.wait_end(stream).complete);
}

}  // namespace
}  // namespace weir::testing
