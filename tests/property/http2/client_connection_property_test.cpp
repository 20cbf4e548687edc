// ClientCodec over conversations: the cuts of the input do not show, nothing goes out of bounds whatever an endpoint
// sends, and windows hold both ways. Seeds are fixed.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "http2/client_codec.hpp"
#include "unit/http2/codec_endpoint.hpp"

namespace weir::http2 {
namespace {

constexpr int calls = 12;

/// Answers to `calls` requests: one of everything, with errors of streams between.
std::string conversation() {
  const std::string ok = status_block(200, {{"content-type", "text/plain"}});
  const auto sized = [](const char* length) { return status_block(200, {{"content-length", length}}); };
  const std::uint8_t padded_end = flag::padded | flag::end_stream;
  return settings({{Setting::max_concurrent_streams, 50}, {Setting::initial_window_size, 100}}) +
         frame(FrameType::settings, flag::ack, 0) + window_update(0, 1000) + headers(1, ok, true) +
         headers(3, status_block(103), false) +
         frame(FrameType::headers, flag::padded | flag::priority, 3,
               padded(u32(0) + "w" + ok.substr(0, 10), 5)) +
         frame(FrameType::continuation, 0, 3) +
         frame(FrameType::continuation, flag::end_headers, 3, ok.substr(10)) + data(3, "abc") +
         frame(FrameType::data, flag::padded, 3, padded("def", 4)) + data(3, "") +
         frame(FrameType::ping, 0, 0, "12345678") + frame(FrameType::ping, flag::ack, 0, "pingping") +
         headers(3, block({{"a", "b"}}), true) + headers(5, sized("3"), false) + data(5, "ab") +
         data(5, "cd", true) + headers(7, ok, false) +
         frame(FrameType::data, padded_end, 7, padded("xyz", 0)) + headers(9, ok, false) + rst_stream(9) +
         data(11, "too early") + window_update(13, 0) + headers(15, status_block(100), true) +
         headers(17, ok, false) + headers(17, ok, false) + headers(19, sized("1"), true) +
         frame(FrameType::priority, 0, 21, u32(5) + "x") + frame(FrameType{0x42}, 0xff, 77, "whatever") +
         rst_stream(7, ErrorCode::no_error) +
         settings({{Setting::initial_window_size, 0},
                   {Setting::initial_window_size, 50},
                   {Setting::max_concurrent_streams, 5}}) +
         frame(FrameType::goaway, 0, 0, u32(21) + u32(0) + "bye") + headers(21, ok, true) +
         frame(FrameType::push_promise, 4, 21, u32(2) + "end");
}

/// Runs of DATA, which depend on the cuts, joined.
std::string join_runs(const std::string& events) {
  std::string joined, previous;
  for (std::size_t at = 0; at < events.size();) {
    const std::size_t end = events.find('\n', at);
    const std::string line = events.substr(at, end - at);
    at = end + 1;
    const std::size_t text = line.starts_with("data ") ? line.find(' ', 5) + 1 : 0;
    const std::string stream = line.substr(0, text);
    if (text > 0 && stream == previous) {
      joined.insert(joined.size() - 1, line.substr(text));
    } else {
      joined += line + "\n";
    }
    previous = stream;
  }
  return joined;
}

struct Seen {
  std::string events;
  std::string sent;
};

/// `input` in pieces that end at `ends`.
Seen seen(std::string_view input, std::vector<std::size_t> ends) {
  Endpoint endpoint;
  endpoint.codec.start();
  for (int i = 0; i < calls; ++i) endpoint.call(i % 4 != 3);
  endpoint.codec.ping("pingping");
  ends.push_back(input.size());
  std::string events;
  std::size_t at = 0;
  for (const std::size_t end : ends) {
    events += endpoint.send(input.substr(at, end - at));
    at = end;
  }
  return {join_runs(events), endpoint.sent()};
}

TEST(ClientConnectionProperty, TheSameForEveryCut) {
  const std::string input = conversation();
  const Seen whole = seen(input, {});
  EXPECT_EQ(
      whole.events,
      "capacity 50\nhead 1 200 ended\nend 1\nhead 3 103\nhead 3 200\ndata 3 abcdef\n"
      "pong pingping\ntrailers 3 1\nend 3\nhead 5 200\ndata 5 ab\nreset 5 PROTOCOL_ERROR by us\nhead 7 200\n"
      "data 7 xyz\nend 7\nhead 9 200\nreset 9 CANCEL by peer\nreset 11 PROTOCOL_ERROR by us\n"
      "reset 13 PROTOCOL_ERROR by us\nhead 15 100 ended\nreset 15 PROTOCOL_ERROR by us\nhead 17 200\n"
      "reset 17 PROTOCOL_ERROR by us\nhead 19 200 ended\nreset 19 PROTOCOL_ERROR by us\n"
      "reset 7 NO_ERROR by peer\ncapacity 5\ngoaway 21 NO_ERROR\nhead 21 200 ended\nend 21\n");
  EXPECT_NE(whole.sent.find("GOAWAY 0 PROTOCOL_ERROR push"), std::string::npos) << whole.sent;
  for (std::size_t cut = 1; cut < input.size(); ++cut) {
    const Seen cut_once = seen(input, {cut});
    ASSERT_EQ(cut_once.events, whole.events) << cut;
    ASSERT_EQ(cut_once.sent, whole.sent) << cut;
  }
  std::vector<std::size_t> every(input.size() - 1);
  for (std::size_t i = 0; i < every.size(); ++i) every[i] = i + 1;
  EXPECT_EQ(seen(input, every).events, whole.events);
  EXPECT_EQ(seen(input, every).sent, whole.sent);
}

/// Frames of every kind about streams 1 to `last`, in an order that seldom makes sense.
std::string random_frame(std::mt19937& random, std::uint32_t last) {
  const auto below = [&](std::uint32_t bound) { return static_cast<std::uint32_t>(random() % bound); };
  const std::uint32_t back = 2 * below(8);
  const std::uint32_t id = last > back ? last - back : 1;
  switch (below(14)) {
    case 0:
    case 1:
      return headers(id, status_block(200), below(3) == 0);
    case 2:
      return headers(id, status_block(103), below(8) == 0);
    case 3:
    case 4:
      return data(id, std::string(below(300), 'x'), below(4) == 0);
    case 5:
      return frame(FrameType::data, flag::padded, id, padded("abc", static_cast<std::uint8_t>(below(9))));
    case 6:
      return headers(id, status_block(200, {{"content-length", std::to_string(below(300))}}), false);
    case 7:
      return window_update(below(3) ? id : 0, below(20) ? below(1000) : 0x7fffffff - 100'000);
    case 8:
      return rst_stream(id);
    case 9:
      return settings(
          {{Setting::initial_window_size, below(70'000)}, {Setting::max_concurrent_streams, 20 + below(20)}});
    case 10:
      return frame(FrameType::headers, 0, id, status_block(200)) +
             frame(FrameType::continuation, flag::end_headers, id);
    case 11:
      return frame(FrameType::ping, below(2) ? flag::ack : std::uint8_t{0}, 0, "12345678");
    case 12:
      return headers(id, block({{"a", "b"}}), below(3) > 0);
    default: {
      if (below(12)) return "";
      std::string payload(below(40), '\0');
      for (char& c : payload) c = static_cast<char>(random());
      return frame(static_cast<FrameType>(below(18)), static_cast<std::uint8_t>(below(256)),
                   below(3) ? id : 0, payload);
    }
  }
}

/// The owner does something with a stream, or opens one.
std::uint32_t act(Endpoint& endpoint, std::uint32_t last, std::mt19937& random) {
  const std::uint32_t back = 2 * static_cast<std::uint32_t>(random() % 16);
  const std::uint32_t id = last > back ? last - back : 1;
  if (random() % 2 == 0 && endpoint.codec.may_open()) return endpoint.call(random() % 2 == 0);
  if (!endpoint.owner.has(id)) return last;
  CallStream& stream = endpoint.owner.stream(id);
  switch (random() % 6) {
    case 0:
      endpoint.owner.release(id);
      break;
    case 1:
      endpoint.codec.reset(stream, ErrorCode::cancel);
      break;
    case 2:
      endpoint.codec.took(stream, random() % (stream.untaken_bytes() + 1));
      break;
    case 3: {
      const std::size_t bytes = random() % (endpoint.codec.sendable(stream) + 1);
      endpoint.send_data(id, std::string(std::min<std::size_t>(bytes, 2000), 'y'), random() % 4 == 0);
      break;
    }
    case 4:
      endpoint.codec.ping("12345678");
      break;
    default:
      break;
  }
  return last;
}

TEST(ClientConnectionProperty, NothingGoesOutOfBounds) {
  int frames_taken = 0;
  for (unsigned seed = 0; seed < 300; ++seed) {
    Endpoint endpoint;
    endpoint.connect();
    endpoint.owner.take_at_once = seed % 2 == 0;
    endpoint.owner.release_at_reset = seed % 3 == 0;
    endpoint.owner.release_at_end = seed % 5 == 0;
    endpoint.owner.release_at_goaway = seed % 7 == 0;
    std::mt19937 random(seed);
    std::uint32_t last = endpoint.call();
    endpoint.sent();
    for (int i = 0; i < 200 && !endpoint.codec.failed(); ++i) {
      endpoint.now += std::chrono::milliseconds(20);
      const std::string bytes = random_frame(random, last);
      const std::size_t cut = bytes.empty() ? 0 : random() % bytes.size();
      endpoint.pass(std::string_view(bytes).substr(0, cut));
      endpoint.pass(std::string_view(bytes).substr(cut));
      frames_taken += endpoint.codec.failed() ? 0 : 1;
      for (int k = 0; k < 3; ++k) last = act(endpoint, last, random);
      ASSERT_LE(endpoint.codec.streams(), 600u);
      ASSERT_LE(endpoint.codec.connection_sendable(), static_cast<std::size_t>(window_max));
      const std::string sent = endpoint.sent();
      ASSERT_EQ(sent.find("cut"), std::string::npos) << sent;
      ASSERT_EQ(sent.find("GOAWAY") != std::string::npos, endpoint.codec.failed());
    }
  }
  EXPECT_GT(frames_taken, 300 * 20);  // or the test tries nothing
}

/// An endpoint that uses the windows it has to the last byte is never taken for a broken one, and never left without.
TEST(ClientConnectionProperty, WhatIsAnnouncedMayBeUsed) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::mt19937 random(seed);
    ClientLimits limits;
    limits.connection_window = 256 * 1024;  // fewer than the streams have together
    if (seed % 2 == 0) limits.stream_window = 64 * 1024;
    Endpoint endpoint(limits);
    endpoint.connect();
    endpoint.owner.take_at_once = false;
    std::map<std::uint32_t, std::int64_t> windows = {{0, 256 * 1024}};
    for (std::uint32_t id = 1; id < 16; id += 2) {
      endpoint.call();
      endpoint.pass(headers(id, status_block(200), false));
      windows[id] = limits.stream_window;
    }
    endpoint.sent();
    std::uint64_t received = 0;
    for (int i = 0; i < 2000; ++i) {
      const std::uint32_t id = 2 * static_cast<std::uint32_t>(random() % 8) + 1;
      ASSERT_GT(windows[0], 0);  // whatever streams are not taken
      const std::int64_t most = std::min({windows[id], windows[0], std::int64_t{16'384}});
      const auto bytes =
          most == 0 ? 0 : 1 + static_cast<std::uint32_t>(random()) % static_cast<std::uint32_t>(most);
      if (bytes > 0) endpoint.pass(data(id, std::string(bytes, 'x')));
      windows[id] -= bytes;
      windows[0] -= bytes;
      received += bytes;
      // Stream 1 is never taken.
      CallStream& taker = endpoint.owner.stream(2 * static_cast<std::uint32_t>(random() % 7) + 3);
      const std::size_t untaken = taker.untaken_bytes();
      endpoint.codec.took(taker, random() % 3 ? untaken : random() % (untaken + 1));
      std::string_view out = endpoint.codec.output();
      for (; !out.empty(); out.remove_prefix(frame_header_bytes + 4)) {
        const FrameHeader header = read_frame_header(out.data());
        ASSERT_EQ(header.type, FrameType::window_update);
        windows[header.stream] += read_u32(out.data() + frame_header_bytes);
      }
      endpoint.codec.output().clear();
      ASSERT_EQ(endpoint.state(), "open");
    }
    EXPECT_EQ(endpoint.owner.stream(1).untaken_bytes(), limits.stream_window);
    EXPECT_GT(received, 1u << 20);
  }
}

}  // namespace
}  // namespace weir::http2
