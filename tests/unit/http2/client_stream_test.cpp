// Streams of ClientCodec: requests that are opened, responses and their states (RFC 9113 5.1 and 8.1).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "http2/client_codec.hpp"
#include "unit/http2/codec_endpoint.hpp"

namespace weir::http2 {
namespace {

class ClientStream : public testing::Test {
 protected:
  ClientStream() { endpoint_.connect(); }

  Endpoint endpoint_;
  CallOwner& owner_ = endpoint_.owner;
  ClientCodec& codec_ = endpoint_.codec;
};

const std::string ok = status_block(200);

TEST_F(ClientStream, IdsAreOddAndGrow) {
  EXPECT_EQ(endpoint_.call(), 1u);
  EXPECT_EQ(endpoint_.call(false), 3u);
  owner_.release(1);
  EXPECT_EQ(endpoint_.call(), 5u);
  EXPECT_THAT(endpoint_.sent(),
              testing::MatchesRegex("HEADERS 1 [0-9]+ end\nHEADERS 3 [0-9]+\nRST_STREAM 1 CANCEL\n"
                                    "HEADERS 5 [0-9]+ end\n"));
  EXPECT_EQ(codec_.streams(), 2u);
  EXPECT_EQ(codec_.find(1), nullptr);
  EXPECT_EQ(codec_.find(3), &owner_.stream(3));
  EXPECT_EQ(codec_.after(3), &owner_.stream(5));
}

TEST_F(ClientStream, LongHeadsAreContinued) {
  owner_.open(std::string(20'000, 'x'), true);
  EXPECT_EQ(endpoint_.sent(), "HEADERS 1 16384 more end\nCONTINUATION 1 3616\n");
}

TEST_F(ClientStream, Response) {
  endpoint_.call();
  EXPECT_EQ(endpoint_.send(headers(1, ok, false)), "head 1 200\n");
  EXPECT_TRUE(owner_.stream(1).head_received());
  EXPECT_FALSE(owner_.stream(1).remote_closed());
  EXPECT_EQ(endpoint_.send(data(1, "abc") + data(1, "def", true)), "data 1 abc\ndata 1 def\nend 1\n");
  EXPECT_TRUE(owner_.stream(1).remote_closed());
  endpoint_.sent();
  owner_.release(1);
  EXPECT_EQ(endpoint_.sent(), "");
}

TEST_F(ClientStream, HeadAlone) {
  endpoint_.call();
  owner_.release_at_end = true;
  EXPECT_EQ(endpoint_.send(headers(1, ok, true)), "head 1 200 ended\nend 1\n");
  endpoint_.call();
  owner_.release_at_head = true;
  endpoint_.sent();
  EXPECT_EQ(endpoint_.reply(headers(3, ok, true)), "");  // both sides have ended: there is nothing to reset
}

TEST_F(ClientStream, Trailers) {
  endpoint_.call();
  EXPECT_EQ(endpoint_.send(headers(1, ok, false) + data(1, "abc") + headers(1, block({{"a", "b"}}), true)),
            "head 1 200\ndata 1 abc\ntrailers 1 1\nend 1\n");
  endpoint_.call();
  endpoint_.pass(headers(3, ok, false));
  EXPECT_EQ(endpoint_.send(headers(3, block({{"a", "b"}}), false)), "reset 3 PROTOCOL_ERROR by us\n");
}

TEST_F(ClientStream, InformationalHeads) {
  endpoint_.call();
  EXPECT_EQ(endpoint_.send(headers(1, status_block(103), false)), "head 1 103\n");
  EXPECT_FALSE(owner_.stream(1).head_received());
  EXPECT_EQ(endpoint_.send(headers(1, status_block(103), false) + headers(1, ok, true)),
            "head 1 103\nhead 1 200 ended\nend 1\n");
}

TEST_F(ClientStream, InformationalHeadsHaveABound) {
  endpoint_.call();
  for (std::uint32_t i = 0; i < ClientLimits{}.interim_max; ++i)
    ASSERT_EQ(endpoint_.send(headers(1, status_block(103), false)), "head 1 103\n");
  EXPECT_EQ(endpoint_.send(headers(1, status_block(103), false)),
            "head 1 103\nreset 1 ENHANCE_YOUR_CALM by us\n");
  EXPECT_EQ(endpoint_.state(), "open");
}

TEST_F(ClientStream, InformationalHeadThatEnds) {
  endpoint_.call();
  EXPECT_EQ(endpoint_.send(headers(1, status_block(103), true)),
            "head 1 103 ended\nreset 1 PROTOCOL_ERROR by us\n");
}

TEST_F(ClientStream, InformationalHeadBehindTheFinalOne) {
  endpoint_.call();
  EXPECT_EQ(endpoint_.send(headers(1, ok, false) + headers(1, status_block(103), false)),
            "head 1 200\nreset 1 PROTOCOL_ERROR by us\n");
  endpoint_.call();
  // With END_STREAM it is what trailers look like: their reader refuses the pseudo-field.
  EXPECT_EQ(endpoint_.send(headers(3, ok, false) + headers(3, status_block(103), true)),
            "head 3 200\ntrailers 3 1\nend 3\n");
}

TEST_F(ClientStream, DataBeforeAHead) {
  for (const bool end_stream : {false, true}) {
    const std::uint32_t id = endpoint_.call();
    endpoint_.sent();
    EXPECT_EQ(endpoint_.send(data(id, "abc", end_stream)),
              "reset " + std::to_string(id) + " PROTOCOL_ERROR by us\n");
    EXPECT_EQ(endpoint_.sent(), "RST_STREAM " + std::to_string(id) + " PROTOCOL_ERROR\n");
  }
  const std::uint32_t id = endpoint_.call();
  endpoint_.pass(headers(id, status_block(100), false));
  EXPECT_EQ(endpoint_.send(data(id, "abc")), "reset " + std::to_string(id) + " PROTOCOL_ERROR by us\n");
}

TEST_F(ClientStream, ContentLength) {
  const auto response = [](std::string_view length, bool end_stream) {
    return headers(1, status_block(200, {{"content-length", std::string(length)}}), end_stream);
  };
  const struct {
    std::string bytes;
    std::string events;
  } cases[] = {
      {response("3", false) + data(1, "abc", true), "head 1 200\ndata 1 abc\nend 1\n"},
      {response("3", false) + data(1, "abc") + data(1, "", true), "head 1 200\ndata 1 abc\nend 1\n"},
      {response("0", true), "head 1 200 ended\nend 1\n"},
      {response("3", true), "head 1 200 ended\nreset 1 PROTOCOL_ERROR by us\n"},
      {response("3", false) + data(1, "abcd"), "head 1 200\nreset 1 PROTOCOL_ERROR by us\n"},
      {response("3", false) + data(1, "ab", true), "head 1 200\nreset 1 PROTOCOL_ERROR by us\n"},
      {response("3", false) + data(1, "ab") + headers(1, block({{"a", "b"}}), true),
       "head 1 200\ndata 1 ab\nreset 1 PROTOCOL_ERROR by us\n"},
  };
  for (const auto& [bytes, events] : cases) {
    Endpoint endpoint;
    endpoint.connect();
    endpoint.call();
    EXPECT_EQ(endpoint.send(bytes), events);
  }
}

TEST_F(ClientStream, NoBodyWhateverContentLengthSays) {
  for (const bool end_stream : {false, true}) {
    const std::uint32_t id = endpoint_.call();
    owner_.stream(id).has_body = false;
    endpoint_.pass(headers(id, status_block(200, {{"content-length", "5"}}), end_stream));
    if (!end_stream) endpoint_.pass(data(id, "", true));
    EXPECT_FALSE(owner_.stream(id).was_reset());
    EXPECT_TRUE(owner_.stream(id).remote_closed());
  }
  const std::uint32_t id = endpoint_.call();
  owner_.stream(id).has_body = false;
  endpoint_.pass(headers(id, status_block(200, {{"content-length", "5"}}), false));
  EXPECT_THAT(endpoint_.send(data(id, "12345", true)), testing::HasSubstr("PROTOCOL_ERROR by us"));
}

TEST_F(ClientStream, HeadThatIsTooLarge) {
  endpoint_.call();
  Fields fields;
  for (int i = 0; i < 257; ++i) fields.emplace_back("a", "b");
  EXPECT_EQ(endpoint_.send(headers(1, status_block(200, fields), true)), "head 1 200 large ended\nend 1\n");
}

TEST_F(ClientStream, HeadThatIsFarTooLarge) {
  endpoint_.call();
  Fields fields;
  for (int i = 0; i < 513; ++i) fields.emplace_back("a", "b");
  endpoint_.pass(headers(1, status_block(200, fields), true));
  EXPECT_EQ(endpoint_.state(), "ENHANCE_YOUR_CALM header_bytes");
}

TEST_F(ClientStream, ResetByTheEndpoint) {
  endpoint_.call(false);
  endpoint_.sent();
  EXPECT_EQ(endpoint_.send(rst_stream(1, ErrorCode::refused_stream)), "reset 1 REFUSED_STREAM by peer\n");
  EXPECT_EQ(endpoint_.send(rst_stream(1, ErrorCode::cancel)), "");
  endpoint_.send_data(1, "", true);
  owner_.release(1);
  EXPECT_EQ(endpoint_.sent(), "");
  endpoint_.call();
  owner_.release_at_reset = true;
  endpoint_.pass(headers(3, ok, false));
  EXPECT_EQ(endpoint_.send(rst_stream(3)), "reset 3 CANCEL by peer\n");
  EXPECT_EQ(endpoint_.send(rst_stream(3)), "");
}

/// RFC 9113 8.1: the response is complete, and the rest of the request not wanted.
TEST_F(ClientStream, EarlyResponse) {
  endpoint_.call(false);
  EXPECT_EQ(endpoint_.send(headers(1, ok, true) + rst_stream(1, ErrorCode::no_error)),
            "head 1 200 ended\nend 1\nreset 1 NO_ERROR by peer\n");
  EXPECT_TRUE(owner_.stream(1).local_closed());
  endpoint_.call(false);
  endpoint_.sent();
  endpoint_.pass(headers(3, ok, true));
  EXPECT_EQ(codec_.sendable(owner_.stream(3)), window_bytes_at_start);
  owner_.release(3);
  EXPECT_EQ(endpoint_.sent(), "RST_STREAM 3 CANCEL\n");
}

TEST_F(ClientStream, ReleaseCancels) {
  endpoint_.call();
  endpoint_.call(false);
  endpoint_.pass(headers(3, ok, false));
  endpoint_.sent();
  owner_.release(1);
  owner_.release(3);
  EXPECT_EQ(endpoint_.sent(), "RST_STREAM 1 CANCEL\nRST_STREAM 3 CANCEL\n");
  // What was on its way is dropped.
  EXPECT_EQ(endpoint_.send(headers(1, ok, false) + data(1, "abc", true) + data(3, "abc", true) +
                           window_update(1, 5) + rst_stream(1)),
            "");
  EXPECT_EQ(endpoint_.state(), "open");
  EXPECT_EQ(endpoint_.sent(), "");
}

TEST_F(ClientStream, ReleaseWithinEvents) {
  owner_.release_at_data = true;
  endpoint_.call();
  EXPECT_EQ(endpoint_.send(headers(1, ok, false) + data(1, "abc", true)), "head 1 200\ndata 1 abc\n");
  owner_.release_at_head = true;
  endpoint_.call();
  EXPECT_EQ(endpoint_.send(headers(3, ok, false) + data(3, "abc", true)), "head 3 200\n");
  owner_.release_at_head = false;
  owner_.reset_at_head = true;
  endpoint_.call();
  endpoint_.sent();
  EXPECT_EQ(endpoint_.send(headers(5, ok, false) + data(5, "abc", true)), "head 5 200\n");
  EXPECT_EQ(endpoint_.sent(), "RST_STREAM 5 PROTOCOL_ERROR\n");
}

TEST_F(ClientStream, ReleaseWithinAHeaderBlock) {
  endpoint_.call();
  endpoint_.pass(frame(FrameType::headers, 0, 1, ok));
  EXPECT_TRUE(codec_.in_header_block());
  owner_.release(1);
  // The table of HPACK is right all the same.
  endpoint_.call();
  EXPECT_EQ(endpoint_.send(frame(FrameType::continuation, flag::end_headers, 1,
                                 std::string("\x40\x01"
                                             "a\x01"
                                             "b")) +
                           headers(3, "\x88\xbe", true)),
            "head 3 200 ended\nend 3\n");
}

TEST_F(ClientStream, FramesBehindTheEnd) {
  endpoint_.call(false);
  endpoint_.pass(headers(1, ok, true));
  endpoint_.sent();
  EXPECT_EQ(endpoint_.send(data(1, "abc")), "reset 1 STREAM_CLOSED by us\n");
  EXPECT_EQ(endpoint_.sent(), "RST_STREAM 1 STREAM_CLOSED\n");
  endpoint_.call();
  endpoint_.pass(headers(3, ok, true) + headers(3, ok, true));
  EXPECT_EQ(endpoint_.state(), "STREAM_CLOSED stream_state");
}

TEST_F(ClientStream, LateFramesOfStreamsLongGone) {
  endpoint_.call();
  owner_.release(1);
  for (std::size_t i = 0; i < StreamTable::remembered_max; ++i) {
    const std::uint32_t id = endpoint_.call();
    endpoint_.pass(headers(id, ok, true));
    owner_.release(id);
  }
  endpoint_.sent();
  EXPECT_EQ(endpoint_.reply(headers(1, ok, false)), "RST_STREAM 1 STREAM_CLOSED\n");
  EXPECT_EQ(endpoint_.reply(data(1, "abc")), "RST_STREAM 1 STREAM_CLOSED\n");
  EXPECT_EQ(endpoint_.state(), "open");
}

TEST_F(ClientStream, TrailersOfARequest) {
  endpoint_.call(false);
  endpoint_.send_data(1, "abc", false);
  codec_.send_head(owner_.stream(1), block({{"a", "b"}}), true);
  EXPECT_THAT(endpoint_.sent(), testing::MatchesRegex("HEADERS 1 [0-9]+\nDATA 1 3\nHEADERS 1 5 end\n"));
  EXPECT_TRUE(owner_.stream(1).local_closed());
}

TEST_F(ClientStream, MayBeUsedAgain) {
  struct : CallOwner {
    void on_end(Stream& stream) override {
      codec->release(stream);
      if (++calls < 3) codec->open(stream, get_block(), true);
    }
    int calls = 0;
  } owner;
  ClientCodec codec({}, owner);
  owner.codec = &codec;
  CallStream stream;
  codec.start();
  codec.receive(settings({}), endpoint_.now);
  codec.open(stream, get_block(), true);
  stream.priority.urgency = 1;
  for (std::uint32_t id : {1, 3, 5}) {
    ASSERT_EQ(stream.id(), id);
    EXPECT_FALSE(stream.head_received());
    EXPECT_EQ(stream.received_bytes(), 0u);
    codec.receive(headers(id, status_block(200, {{"content-length", "1"}}), false) + data(id, "x", true),
                  endpoint_.now);
  }
  EXPECT_EQ(stream.id(), 0u);
  EXPECT_FALSE(codec.failed());
}

}  // namespace
}  // namespace weir::http2
