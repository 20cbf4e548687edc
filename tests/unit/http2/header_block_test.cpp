// Header blocks: requests, CONTINUATION, padding, trailers, bounds (RFC 9113 4.3, 6.2, 6.10, 8.1).
#include <gtest/gtest.h>

#include <string>

#include "http2/server_codec.hpp"
#include "unit/http2/codec_client.hpp"

namespace weir::http2 {
namespace {

class HeaderBlock : public testing::Test {
 protected:
  HeaderBlock() { client.connect(); }
  Client client;
};

std::string fragment(std::uint32_t id, std::string_view bytes, std::uint8_t flags = 0) {
  return frame(FrameType::headers, flags, id, bytes);
}
std::string continuation(std::uint32_t id, std::string_view bytes, bool last) {
  return frame(FrameType::continuation, last ? flag::end_headers : std::uint8_t{0}, id, bytes);
}

TEST_F(HeaderBlock, Requests) {
  EXPECT_EQ(client.send(headers(1, get_block(), true)), "request 1 GET ended\nend 1\n");
  EXPECT_EQ(client.send(headers(3, post_block(), false)), "request 3 POST\n");
  EXPECT_EQ(client.send(data(3, "hello ") + data(3, "world", true)), "data 3 hello \ndata 3 world\nend 3\n");
  EXPECT_EQ(client.codec.streams(), 2u);
  EXPECT_EQ(client.codec.find(3), &client.owner.stream(3));
  EXPECT_EQ(client.codec.find(5), nullptr);
  EXPECT_EQ(client.replies(), "");
}

TEST_F(HeaderBlock, Continuations) {
  const std::string block = get_block();
  EXPECT_EQ(client.send(fragment(1, block.substr(0, 3), flag::end_stream)), "");
  EXPECT_TRUE(client.codec.in_header_block());
  EXPECT_EQ(client.send(continuation(1, block.substr(3, 4), false)), "");
  EXPECT_EQ(client.send(continuation(1, block.substr(7), true)), "request 1 GET ended\nend 1\n");
  EXPECT_FALSE(client.codec.in_header_block());
}

TEST_F(HeaderBlock, HeadersInPartAreInAHeaderBlock) {
  const std::string bytes = headers(1, get_block(), true);
  client.tell(std::string_view(bytes).substr(0, frame_header_bytes + 1));
  EXPECT_TRUE(client.codec.in_header_block());
  client.tell(std::string_view(bytes).substr(frame_header_bytes + 1));
  EXPECT_FALSE(client.codec.in_header_block());
}

TEST_F(HeaderBlock, NothingComesBetween) {
  for (const std::string& between :
       {data(1, "x"), headers(3, get_block(), true), headers(1, get_block(), true), settings({}),
        frame(FrameType::ping, 0, 0, "12345678"), frame(FrameType::priority, 0, 1, "12345"),
        window_update(0, 1), rst_stream(1), continuation(3, "", true), frame(FrameType{0x77}, 0, 1),
        frame(FrameType::goaway, 0, 0, "12345678"), frame(FrameType::priority_update, 0, 0, u32(1))}) {
    Client fresh;
    fresh.connect();
    EXPECT_EQ(fresh.send(fragment(1, get_block()) + between), "");
    EXPECT_EQ(fresh.state(), "PROTOCOL_ERROR header_block");
  }
}

TEST_F(HeaderBlock, ContinuationWithoutABlock) {
  client.tell(headers(1, get_block(), false) + continuation(1, "", true));
  EXPECT_EQ(client.state(), "PROTOCOL_ERROR header_block");
}

TEST_F(HeaderBlock, ContinuationsHaveABound) {
  const auto with = [](int count) {
    std::string bytes = fragment(1, "");
    const std::string block = get_block();
    for (int i = 1; i < count; ++i)
      bytes += continuation(1, block.substr(static_cast<std::size_t>(i) - 1, 1), false);
    return bytes + continuation(1, block.substr(static_cast<std::size_t>(count) - 1), true);
  };
  EXPECT_EQ(client.send(with(8)), "request 1 GET\n");
  Client other;
  other.connect();
  EXPECT_EQ(other.send(with(9)), "");
  EXPECT_EQ(other.state(), "ENHANCE_YOUR_CALM continuations");
}

TEST_F(HeaderBlock, PaddingAndPriority) {
  const std::uint8_t all = flag::end_headers | flag::end_stream | flag::padded | flag::priority;
  EXPECT_EQ(client.send(fragment(1, padded(u32(0x80000000) + "w" + get_block(), 200), all)),
            "request 1 GET ended\nend 1\n");
  EXPECT_EQ(client.send(fragment(3, padded(get_block(), 0), flag::end_headers | flag::padded)),
            "request 3 GET\n");
  EXPECT_EQ(client.send(fragment(5, u32(3) + "w" + get_block(), flag::end_headers | flag::priority)),
            "request 5 GET\n");
}

TEST_F(HeaderBlock, PaddingOfAFrameThatIsContinued) {
  const std::string block = get_block();
  client.tell(fragment(1, padded(block.substr(0, 9), 9), flag::padded));
  EXPECT_EQ(client.send(continuation(1, block.substr(9), true)), "request 1 GET\n");
}

TEST_F(HeaderBlock, PaddingBeyondTheFrame) {
  client.tell(fragment(1,
                       "\x05"
                       "1234",
                       flag::end_headers | flag::padded));
  EXPECT_EQ(client.state(), "PROTOCOL_ERROR padding");
  Client other;
  other.connect();
  other.tell(fragment(1,
                      "\x01"
                      "12345",
                      flag::end_headers | flag::padded | flag::priority));
  EXPECT_EQ(other.state(), "PROTOCOL_ERROR padding");
}

TEST_F(HeaderBlock, DependencyOnItself) {
  EXPECT_EQ(client.send(fragment(1, u32(1) + "w" + get_block(), flag::end_headers | flag::priority)), "");
  EXPECT_EQ(client.replies(), "RST_STREAM 1 PROTOCOL_ERROR\n");
  EXPECT_EQ(client.send(data(1, "x")), "");
  client.tell(headers(3, post_block(), false));
  const std::uint8_t flags = flag::end_headers | flag::end_stream | flag::priority;
  EXPECT_EQ(client.send(fragment(3, u32(3) + "w" + block({{"a", "b"}}), flags)),
            "reset 3 PROTOCOL_ERROR by us\n");
}

TEST_F(HeaderBlock, Trailers) {
  client.tell(headers(1, post_block(), false) + data(1, "abc"));
  EXPECT_EQ(client.send(headers(1, block({{"a", "b"}, {"c", "d"}}), true)), "trailers 1 2\nend 1\n");
  EXPECT_TRUE(client.owner.stream(1).remote_closed());
}

TEST_F(HeaderBlock, TrailersWithContinuation) {
  const std::string trailers = block({{"a", "b"}});
  client.tell(headers(1, post_block(), false) + fragment(1, trailers.substr(0, 2), flag::end_stream));
  EXPECT_EQ(client.send(continuation(1, trailers.substr(2), true)), "trailers 1 1\nend 1\n");
}

TEST_F(HeaderBlock, TrailersThatDoNotEndTheRequest) {
  client.tell(headers(1, post_block(), false));
  EXPECT_EQ(client.send(headers(1, block({{"a", "b"}}), false)), "reset 1 PROTOCOL_ERROR by us\n");
  EXPECT_EQ(client.replies(), "RST_STREAM 1 PROTOCOL_ERROR\n");
  EXPECT_EQ(client.state(), "open");
}

TEST_F(HeaderBlock, TrailersOfAStreamThatIsReleasedMeanwhile) {
  client.tell(headers(1, post_block(), false) + fragment(1, "", flag::end_stream));
  client.owner.release(1);
  EXPECT_EQ(client.send(continuation(1, block({{"a", "b"}}), true)), "");
  EXPECT_EQ(client.state(), "open");
}

TEST_F(HeaderBlock, OwnerThatResetsOrReleasesDuringTrailers) {
  struct Strict : Owner {
    void on_trailers(Stream& stream, FieldSection&, bool) override {
      if (stream.id() == 1) return codec->reset(stream, ErrorCode::protocol_error);
      release(stream.id());
    }
  } owner;
  ServerCodec codec({}, owner);
  owner.codec = &codec;
  codec.receive(client_preface, {});
  codec.receive(settings({}), {});
  for (const std::uint32_t id : {1u, 3u}) {
    codec.receive(headers(id, post_block(), false) + headers(id, block({{":a", "b"}}), true), {});
  }
  EXPECT_EQ(owner.take_events(), "request 1 POST\nrequest 3 POST\n");
  EXPECT_EQ(to_text(codec.output()),
            "SETTINGS ack\nRST_STREAM 1 PROTOCOL_ERROR\nRST_STREAM 3 INTERNAL_ERROR\n");
}

TEST_F(HeaderBlock, BlocksThatAreNoHpack) {
  for (const std::string& bytes : {headers(1, "\xff\xff\xff\xff\xff\xff", true), headers(1,
                                                                                         std::string("\0\x05"
                                                                                                     "ab",
                                                                                                     4),
                                                                                         true)}) {
    Client fresh;
    fresh.connect();
    fresh.tell(bytes);
    EXPECT_EQ(fresh.state(), "COMPRESSION_ERROR header_compression");
  }
}

TEST_F(HeaderBlock, TheTableIsKeptInStepByIgnoredBlocks) {
  // Indexed literals: x-a: 1 becomes entry 62.
  const std::string indexed(
      "\x40\x03x-a\x01"
      "1",
      7);
  client.owner.refuse = true;
  client.tell(headers(1, get_block() + indexed, true));
  client.owner.refuse = false;
  client.tell(headers(3, post_block(), false));
  client.codec.reset(client.owner.stream(3), ErrorCode::cancel);
  client.tell(headers(3,
                      std::string("\x40\x03x-b\x01"
                                  "1",
                                  7),
                      true));
  EXPECT_EQ(client.send(headers(5, "\xbf\xbe", true)), "request 5 1 ended\nend 5\n");
  EXPECT_EQ(client.state(), "open");
}

TEST_F(HeaderBlock, SectionsThatAreTooLarge) {
  ServerLimits limits;
  limits.section = {.bytes = 200, .count = 10};
  Client small(limits);
  small.connect();
  const std::string filler(60, 'x');
  EXPECT_EQ(small.send(headers(1, get_block() + block({{"a", filler}, {"b", filler}}), true)).substr(0, 20),
            "request 1 GET large ");
  EXPECT_EQ(small.state(), "open");
  Fields many;
  for (int i = 0; i < 12; ++i) many.emplace_back("a", filler);
  small.tell(headers(3, get_block() + block(many), true));
  EXPECT_EQ(small.state(), "ENHANCE_YOUR_CALM header_bytes");
}

TEST_F(HeaderBlock, ContentLength) {
  const auto post = [](std::uint32_t id, const char* length, bool end) {
    return headers(id, post_block({{"content-length", length}}), end);
  };
  EXPECT_EQ(client.send(post(1, "5", false) + data(1, "abc") + data(1, "de", true)),
            "request 1 POST\ndata 1 abc\ndata 1 de\nend 1\n");
  EXPECT_EQ(client.send(post(3, "0", true)), "request 3 POST ended\nend 3\n");
  EXPECT_EQ(client.send(post(5, "3", false) + data(5, "abc") + headers(5, block({{"a", "b"}}), true)),
            "request 5 POST\ndata 5 abc\ntrailers 5 1\nend 5\n");
  EXPECT_EQ(client.send(post(7, "0", false) + data(7, "", true)), "request 7 POST\nend 7\n");
}

TEST_F(HeaderBlock, ContentLengthThatIsNotTrue) {
  const auto post = [](const char* length, bool end) {
    return headers(1, post_block({{"content-length", length}}), end);
  };
  const std::string reset = "reset 1 PROTOCOL_ERROR by us\n";
  const struct {
    const char* name;
    std::string bytes;
    std::string events;
  } cases[] = {
      {"too much at once", post("2", false) + data(1, "abc"), reset},
      {"too much at the end", post("2", false) + data(1, "ab") + data(1, "c", true), "data 1 ab\n" + reset},
      {"too little at the end", post("5", false) + data(1, "ab") + data(1, "c", true), "data 1 ab\n" + reset},
      {"an end without bytes", post("2", false) + data(1, "a") + data(1, "", true), "data 1 a\n" + reset},
      {"no body", post("2", true), reset},
      {"trailers too early", post("2", false) + data(1, "a") + headers(1, block({{"a", "b"}}), true),
       "data 1 a\n" + reset},
      {"none expected", post("0", false) + data(1, "a"), reset},
  };
  for (const auto& [name, bytes, events] : cases) {
    Client fresh;
    fresh.connect();
    const std::string begin =
        events == reset && bytes == post("2", true) ? "request 1 POST ended\n" : "request 1 POST\n";
    EXPECT_EQ(fresh.send(bytes), begin + events) << name;
    EXPECT_EQ(fresh.replies(), "RST_STREAM 1 PROTOCOL_ERROR\n") << name;
    EXPECT_EQ(fresh.state(), "open") << name;
  }
}

}  // namespace
}  // namespace weir::http2
