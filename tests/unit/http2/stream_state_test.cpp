// States of a stream, and ids (RFC 9113 5.1, 5.1.1, 5.1.2, 6.3, 6.4).
#include <gtest/gtest.h>

#include <string>

#include "http2/server_codec.hpp"
#include "unit/http2/codec_client.hpp"

namespace weir::http2 {
namespace {

class StreamState : public testing::Test {
 protected:
  StreamState() { client.connect(); }
  /// Stream `id` in this state.
  void open(std::uint32_t id) { client.tell(headers(id, post_block(), false)); }
  void half_closed_remote(std::uint32_t id) { client.tell(headers(id, get_block(), true)); }
  void half_closed_local(std::uint32_t id) {
    open(id);
    client.respond(id);
    client.replies();
  }
  void closed(std::uint32_t id) {
    half_closed_remote(id);
    client.respond(id);
    client.replies();
  }
  void reset_by_us(std::uint32_t id) {
    open(id);
    client.codec.reset(client.owner.stream(id), ErrorCode::cancel);
    client.replies();
  }
  void reset_by_peer(std::uint32_t id) {
    open(id);
    client.tell(rst_stream(id));
  }
  Client client;
};

const std::string more_headers = headers(1, post_block(), true);

TEST_F(StreamState, IdleStreams) {
  for (const std::string& bytes :
       {data(1, "x"), rst_stream(1), window_update(1, 1), data(2, "x"), rst_stream(2), window_update(2, 1)}) {
    Client fresh;
    fresh.connect();
    fresh.tell(bytes);
    EXPECT_EQ(fresh.state(), "PROTOCOL_ERROR stream_state");
  }
  Client fresh;
  fresh.connect();
  fresh.tell(frame(FrameType::continuation, flag::end_headers, 1, get_block()));
  EXPECT_EQ(fresh.state(), "PROTOCOL_ERROR header_block");
  EXPECT_EQ(client.reply(frame(FrameType::priority, 0, 1, u32(0) + "x")), "");
}

TEST_F(StreamState, HalfClosedRemote) {
  half_closed_remote(1);
  EXPECT_EQ(client.reply(window_update(1, 5) + frame(FrameType::priority, 0, 1, u32(0) + "x")), "");
  EXPECT_EQ(client.send(data(1, "x")), "reset 1 STREAM_CLOSED by us\n");
  EXPECT_EQ(client.replies(), "RST_STREAM 1 STREAM_CLOSED\n");
  EXPECT_EQ(client.send(data(1, "x")), "");  // dropped
  half_closed_remote(3);
  EXPECT_EQ(client.send(headers(3, post_block(), true)), "reset 3 STREAM_CLOSED by us\n");
  EXPECT_EQ(client.replies(), "RST_STREAM 3 STREAM_CLOSED\n");
  EXPECT_EQ(client.state(), "open");
  half_closed_remote(5);
  client.tell(frame(FrameType::continuation, flag::end_headers, 5, get_block()));
  EXPECT_EQ(client.state(), "PROTOCOL_ERROR header_block");
}

TEST_F(StreamState, HalfClosedLocal) {
  half_closed_local(1);
  EXPECT_EQ(client.send(data(1, "abc") + window_update(1, 1) + data(1, "", true)), "data 1 abc\nend 1\n");
  EXPECT_EQ(client.replies(), "");
}

TEST_F(StreamState, ClosedByEndStream) {
  for (const bool released : {false, true}) {
    for (const std::string& bytes : {data(1, "x"), more_headers}) {
      Client fresh;
      fresh.connect();
      fresh.tell(headers(1, get_block(), true));
      fresh.respond(1);
      if (released) fresh.owner.release(1);
      EXPECT_EQ(fresh.send(window_update(1, 1) + rst_stream(1)), "");
      fresh.tell(bytes);
      EXPECT_EQ(fresh.state(), "STREAM_CLOSED stream_state") << released;
    }
  }
}

TEST_F(StreamState, ClosedByOurReset) {
  reset_by_us(1);
  EXPECT_EQ(client.send(data(1, "x") + window_update(1, 0) + more_headers + rst_stream(1)), "");
  reset_by_us(3);
  client.owner.release(3);
  EXPECT_EQ(client.send(data(3, "x") + headers(3, post_block(), true) + window_update(3, 0) + rst_stream(3)),
            "");
  EXPECT_EQ(client.replies(), "");
  EXPECT_EQ(client.state(), "open");
}

TEST_F(StreamState, ClosedByReleaseBeforeTheEnd) {
  half_closed_local(1);
  client.owner.release(1);
  EXPECT_EQ(client.replies(), "RST_STREAM 1 NO_ERROR\n");
  EXPECT_EQ(client.send(data(1, "abc") + data(1, "abc", true) + more_headers), "");
  open(3);
  client.owner.release(3);
  EXPECT_EQ(client.replies(), "RST_STREAM 3 INTERNAL_ERROR\n");
  EXPECT_EQ(client.state(), "open");
}

TEST_F(StreamState, ClosedByThePeersReset) {
  for (const bool released : {false, true}) {
    const std::uint32_t id = released ? 3 : 1;
    reset_by_peer(id);
    if (released) client.owner.release(id);
    client.replies();
    const std::string expected = "RST_STREAM " + std::to_string(id) + " STREAM_CLOSED\n";
    EXPECT_EQ(client.reply(data(id, "x")), expected);
    EXPECT_EQ(client.reply(headers(id, post_block(), true)), expected);
    EXPECT_EQ(client.send(window_update(id, 1) + rst_stream(id)), "");
  }
  EXPECT_EQ(client.state(), "open");
}

TEST_F(StreamState, PeersResetIsReportedOnce) {
  open(1);
  EXPECT_EQ(client.send(rst_stream(1, static_cast<ErrorCode>(0xff)) + rst_stream(1)),
            "reset 1 UNKNOWN by peer\n");
  EXPECT_TRUE(client.owner.stream(1).was_reset());
  EXPECT_TRUE(client.owner.stream(1).remote_closed());
  EXPECT_TRUE(client.owner.stream(1).local_closed());
  client.owner.release(1);
  EXPECT_EQ(client.replies(), "");
}

TEST_F(StreamState, PeersResetAfterItsRequestAndAfterOurResponse) {
  half_closed_remote(1);
  EXPECT_EQ(client.send(rst_stream(1)), "reset 1 CANCEL by peer\n");
  half_closed_local(3);
  EXPECT_EQ(client.send(rst_stream(3)), "reset 3 CANCEL by peer\n");
  closed(5);
  EXPECT_EQ(client.send(rst_stream(5)), "");
}

TEST_F(StreamState, EvenIds) {
  client.tell(headers(2, get_block(), true));
  EXPECT_EQ(client.state(), "PROTOCOL_ERROR stream_id");
}

TEST_F(StreamState, IdsThatGoBack) {
  open(5);
  client.tell(headers(3, get_block(), true));
  EXPECT_EQ(client.state(), "PROTOCOL_ERROR stream_id");
}

TEST_F(StreamState, SkippedIdsAreClosed) {
  open(5);
  EXPECT_EQ(client.send(rst_stream(3) + window_update(3, 1)), "");
  EXPECT_EQ(client.reply(data(3, "x")), "RST_STREAM 3 STREAM_CLOSED\n");
  EXPECT_EQ(client.state(), "open");
}

TEST_F(StreamState, ConcurrentStreams) {
  std::uint32_t id = 1;
  for (; client.codec.streams() < 100; id += 2) half_closed_remote(id);
  EXPECT_EQ(client.send(headers(id, get_block(), true)), "");
  EXPECT_EQ(client.replies(), "RST_STREAM " + std::to_string(id) + " REFUSED_STREAM\n");
  client.tell(rst_stream(1));
  half_closed_remote(id + 2);  // a reset frees nothing
  EXPECT_EQ(client.replies(), "RST_STREAM " + std::to_string(id + 2) + " REFUSED_STREAM\n");
  client.owner.release(1);
  EXPECT_EQ(client.send(headers(id + 4, get_block(), true)).substr(0, 7), "request");
}

/// A client may have sent them before it knew the bound, or takes a stream for gone that is not released.
TEST_F(StreamState, TheFirstThatAreTooManyCostNothing) {
  std::uint32_t id = 1;
  for (; client.codec.streams() < 100; id += 2) half_closed_remote(id);
  for (int i = 0; i < 299; ++i, id += 2) client.tell(headers(id, get_block(), true));
  EXPECT_EQ(client.state(), "open") << "100 are free, and the budget is 200";
  for (int i = 0; i < 2; ++i, id += 2) client.tell(headers(id, get_block(), true));
  EXPECT_EQ(client.state(), "ENHANCE_YOUR_CALM refused_stream");
}

TEST_F(StreamState, RefusedByTheOwner) {
  client.owner.refuse = true;
  EXPECT_EQ(client.send(headers(1, post_block(), false)), "request 1 POST\n");
  EXPECT_EQ(client.replies(), "RST_STREAM 1 REFUSED_STREAM\n");
  EXPECT_EQ(client.send(data(1, "x") + more_headers), "");
  client.owner.refusal = ErrorCode::protocol_error;
  EXPECT_EQ(client.reply(headers(3, post_block(), true)), "RST_STREAM 3 PROTOCOL_ERROR\n");
  EXPECT_EQ(client.codec.streams(), 0u);
  client.owner.refusal = ErrorCode::refused_stream;
  EXPECT_EQ(client.reply(headers(5, post_block(), false)), "RST_STREAM 5 REFUSED_STREAM\n");
}

TEST_F(StreamState, ObjectsCanBeUsedAgain) {
  struct Again : Owner {
    Stream* on_request(std::uint32_t, FieldSection&, bool, bool) override { return &only; }
    TestStream only;
  } owner;
  ServerCodec codec({}, owner);
  owner.codec = &codec;
  codec.receive(client_preface, {});
  codec.receive(settings({}), {});
  for (const std::uint32_t id : {1u, 3u, 5u}) {
    codec.receive(headers(id, post_block(), false) + data(id, "abc"), {});
    EXPECT_EQ(owner.only.id(), id);
    EXPECT_EQ(owner.only.received_bytes(), 3u);
    codec.receive(id == 3 ? rst_stream(3) : data(id, "", true), {});
    codec.send_head(owner.only, "\x88", true);
    codec.release(owner.only);
    EXPECT_EQ(owner.only.id(), 0u);
    EXPECT_FALSE(owner.only.was_reset() || owner.only.remote_closed() || owner.only.local_closed());
  }
}

TEST_F(StreamState, PriorityFrames) {
  open(1);
  EXPECT_EQ(client.reply(frame(FrameType::priority, 0, 1, u32(0x80000003) + "x")), "");
  EXPECT_EQ(client.send(frame(FrameType::priority, 0, 1, u32(1) + "x")), "reset 1 PROTOCOL_ERROR by us\n");
  EXPECT_EQ(client.replies(), "RST_STREAM 1 PROTOCOL_ERROR\n");
  EXPECT_EQ(client.reply(frame(FrameType::priority, 0, 1, u32(1) + "x")), "");
  open(3);
  EXPECT_EQ(client.send(frame(FrameType::priority, 0, 3, "1234")), "reset 3 FRAME_SIZE_ERROR by us\n");
  closed(5);
  client.owner.release(5);
  EXPECT_EQ(client.reply(frame(FrameType::priority, 0, 5, u32(5) + "x")), "RST_STREAM 5 PROTOCOL_ERROR\n");
  client.tell(frame(FrameType::priority, 0, 7, u32(7) + "x"));
  EXPECT_EQ(client.state(), "PROTOCOL_ERROR priority");
}

TEST_F(StreamState, OldStreamsAreForgotten) {
  reset_by_us(1);
  client.owner.release(1);
  for (std::uint32_t id = 3; id < 3 + 2 * StreamTable::remembered_max; id += 2) {
    closed(id);
    client.owner.release(id);
  }
  EXPECT_EQ(client.reply(data(1, "x")), "RST_STREAM 1 STREAM_CLOSED\n");
  client.tell(more_headers);
  EXPECT_EQ(client.state(), "PROTOCOL_ERROR stream_id");
}

}  // namespace
}  // namespace weir::http2
