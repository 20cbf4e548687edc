// The WebSocket echo of weir-origin, frame by frame (RFC 6455).
#include <gtest/gtest.h>

#include "support/websocket_frames.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

class OriginWebSocket : public ::testing::Test {
 protected:
  OriginWebSocket() : client_(origin_.port()) {
    client_.send_get("/ws", websocket_upgrade_fields);
    handshake_ = client_.read_head();
  }

  std::string answer(std::size_t bytes) { return client_.read_exactly(bytes); }

  OriginProcess origin_;
  RawClient client_;
  Response handshake_;
};

TEST_F(OriginWebSocket, AcceptsTheKeyOfTheStandard) {
  EXPECT_EQ(handshake_.status, 101);
  EXPECT_EQ(handshake_.fields.get("Sec-WebSocket-Accept"), websocket_accept_value);
  EXPECT_EQ(to_lower(handshake_.fields.get("Upgrade")), "websocket");
  EXPECT_TRUE(handshake_.fields.has_token("Connection", "upgrade"));
}

TEST_F(OriginWebSocket, EchoesTextAndBinaryOfEveryLengthForm) {
  for (const std::size_t size : {0UL, 1UL, 125UL, 126UL, 65'535UL, 65'536UL, 300'000UL}) {
    const std::string payload(size, 'x');
    client_.send(masked_frame(0x82, payload));
    const std::string expected = plain_frame(0x82, payload);
    EXPECT_EQ(answer(expected.size()), expected) << size;
  }
}

TEST_F(OriginWebSocket, KeepsFragmentsApart) {
  client_.send(masked_frame(0x01, "Hel") + masked_frame(0x89, "p") + masked_frame(0x80, "lo"));
  EXPECT_EQ(answer(5 + 3 + 4), plain_frame(0x01, "Hel") + plain_frame(0x8A, "p") + plain_frame(0x80, "lo"));
}

TEST_F(OriginWebSocket, UnderstandsAFrameSplitAtEveryByte) {
  client_.send_bytewise(masked_frame(0x81, "Hello"));
  EXPECT_EQ(answer(7), plain_frame(0x81, "Hello"));
}

TEST_F(OriginWebSocket, AnswersCloseAndEnds) {
  client_.send(masked_frame(0x88, std::string("\x03\xE8", 2)));
  EXPECT_EQ(answer(4), plain_frame(0x88, std::string("\x03\xE8", 2)));
  EXPECT_EQ(client_.read_to_end().event, StreamEvent::end);
}

TEST_F(OriginWebSocket, RefusesAnUnmaskedFrame) {
  client_.send(plain_frame(0x81, "no"));
  EXPECT_EQ(answer(4), plain_frame(0x88, std::string("\x03\xEA", 2)));
  EXPECT_EQ(client_.read_to_end().event, StreamEvent::end);
}

TEST(OriginWebSocketPath, AsksForAnUpgrade) {
  OriginProcess origin;
  const Response response = RawClient(origin.port()).get("/ws");
  EXPECT_EQ(response.status, 426);
  EXPECT_EQ(response.fields.get("Upgrade"), "websocket");
}

}  // namespace
}  // namespace weir::testing
