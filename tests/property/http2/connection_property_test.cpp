// ServerCodec over conversations: the cuts of the input do not show, nothing goes out of bounds whatever a client
// sends, and windows hold both ways. Seeds are fixed.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "http2/server_codec.hpp"
#include "unit/http2/codec_client.hpp"

namespace weir::http2 {
namespace {

/// One of everything, with errors of streams between.
std::string conversation() {
  const std::string block = get_block();
  const std::uint8_t padded_end = flag::padded | flag::end_stream;
  const std::string update = u32(13) + "u=1, i";
  return std::string(client_preface) +
         settings({{Setting::enable_push, 0}, {Setting::initial_window_size, 100}}) +
         frame(FrameType::settings, flag::ack, 0) + window_update(0, 1000) + headers(1, block, true) +
         frame(FrameType::headers, flag::padded | flag::priority, 3,
               padded(u32(0) + "w" + block.substr(0, 10), 5)) +
         frame(FrameType::continuation, 0, 3) +
         frame(FrameType::continuation, flag::end_headers, 3, block.substr(10)) + data(3, "abc") +
         frame(FrameType::data, flag::padded, 3, padded("def", 4)) + data(3, "") +
         frame(FrameType::ping, 0, 0, "12345678") + headers(3, weir::http2::block({{"a", "b"}}), true) +
         headers(5, post_block({{"content-length", "3"}}), false) + data(5, "ab") + data(5, "cd", true) +
         headers(7, post_block(), false) + frame(FrameType::data, padded_end, 7, padded("xyz", 0)) +
         data(7, "late") + headers(9, post_block(), false) + rst_stream(9) + data(9, "x") +
         window_update(1, 0) + headers(11, weir::http2::block({{":method", "PUT"}}), false) +
         headers(11, block, false) + frame(FrameType::priority_update, 0, 0, update) +
         frame(FrameType{0x42}, 0xff, 77, "whatever") + headers(13, block, true) +
         frame(FrameType::priority, 0, 13, u32(5) + "x") +
         settings({{Setting::initial_window_size, 0}, {Setting::initial_window_size, 50}}) +
         frame(FrameType::goaway, 0, 0, u32(0) + u32(0) + "bye") +
         frame(FrameType::continuation, 4, 13, "end");
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

struct Told {
  std::string events;
  std::string replies;
  bool operator==(const Told&) const = default;
};

/// `input` in pieces that end at `ends`.
Told told(std::string_view input, std::vector<std::size_t> ends) {
  Client client;
  ends.push_back(input.size());
  std::string events;
  std::size_t at = 0;
  for (const std::size_t end : ends) {
    events += client.send(input.substr(at, end - at));
    at = end;
  }
  return {join_runs(events), client.replies()};
}

TEST(ConnectionProperty, TheSameForEveryCut) {
  const std::string input = conversation();
  const Told whole = told(input, {});
  EXPECT_NE(whole.replies.find("GOAWAY 13 PROTOCOL_ERROR header_block"), std::string::npos) << whole.replies;
  EXPECT_NE(whole.events.find("data 3 abcdef\ntrailers 3 1\nend 3\n"), std::string::npos) << whole.events;
  for (std::size_t cut = 1; cut < input.size(); ++cut) {
    const Told cut_once = told(input, {cut});
    ASSERT_EQ(cut_once.events, whole.events) << cut;
    ASSERT_EQ(cut_once.replies, whole.replies) << cut;
  }
  std::vector<std::size_t> every(input.size() - 1);
  for (std::size_t i = 0; i < every.size(); ++i) every[i] = i + 1;
  EXPECT_EQ(told(input, every).events, whole.events);
  EXPECT_EQ(told(input, every).replies, whole.replies);
}

/// Frames of every kind, in an order that seldom makes sense.
class Frames {
 public:
  explicit Frames(unsigned seed) : random_(seed) {}

  std::string first() { return request(false); }
  std::string next() {
    switch (below(14)) {
      case 0:
      case 1:
        return request(below(2) == 0);
      case 2:
        return body(std::string(below(300), 'x'), below(4) == 0);
      case 3:
        return padded_body();
      case 4:
        return window_update(below(3) ? some_id() : 0, small_or(0x7fffffff - 100'000));
      case 5:
        return rst_stream(some_id());
      case 6:
        return settings({{Setting::initial_window_size, below(70'000)}});
      case 7:
        return frame(FrameType::priority, 0, some_id(), u32(some_id()) + "x");
      case 8:
        return frame(FrameType::priority_update, 0, 0, u32(some_id()) + "u=5, i");
      case 9:
        return headers(new_id(), post_block({{"content-length", std::to_string(below(300))}}), false);
      case 10:
        return continued_request();
      case 11:
        return frame(FrameType::ping, 0, 0, "12345678");
      case 12:
        return trailers();
      default:
        return below(12) ? "" : junk();
    }
  }

 private:
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_() % bound); }
  std::uint32_t small_or(std::uint32_t large) { return below(20) ? below(1000) : large; }
  std::string request(bool end) {
    const std::uint32_t id = new_id();
    if (end) ended_.insert(id);
    return headers(id, post_block(), end);
  }
  std::string continued_request() {
    const std::uint32_t id = new_id();
    ended_.insert(id);
    return frame(FrameType::headers, flag::end_stream, id, get_block()) +
           frame(FrameType::continuation, flag::end_headers, id);
  }
  std::string body(const std::string& bytes, bool end) {
    const std::uint32_t id = open_id();
    if (end) ended_.insert(id);
    return data(id, bytes, end);
  }
  std::string padded_body() {
    return frame(FrameType::data, flag::padded, open_id(),
                 padded("abc", static_cast<std::uint8_t>(below(9))));
  }
  std::string trailers() {
    const std::uint32_t id = open_id();
    ended_.insert(id);
    return headers(id, block({{"a", "b"}}), below(3) > 0);
  }
  std::uint32_t new_id() { return id_ += 2 + 2 * (below(10) == 0 ? 1 : 0); }
  std::uint32_t some_id() {
    const std::uint32_t back = 2 * below(8);
    return id_ > back && id_ != UINT32_MAX ? id_ - back : 1;
  }
  /// Mostly one that takes more: on others a frame can be an error of the connection.
  std::uint32_t open_id() {
    std::uint32_t id = some_id();
    for (int tries = 0; tries < 100 && ended_.contains(id) && below(100) > 0; ++tries) id = some_id();
    return id;
  }
  std::string junk() {
    std::string payload(below(40), '\0');
    for (char& c : payload) c = static_cast<char>(random_());
    return frame(static_cast<FrameType>(below(18)), static_cast<std::uint8_t>(below(256)),
                 below(3) ? some_id() : 0, payload);
  }

  std::mt19937 random_;
  std::uint32_t id_ = UINT32_MAX;
  std::set<std::uint32_t> ended_;
};

/// The owner does something with a stream.
void act(Client& client, std::uint32_t id, std::mt19937& random) {
  if (!client.owner.has(id)) return;
  TestStream& stream = client.owner.stream(id);
  switch (random() % 6) {
    case 0:
      return client.owner.release(id);
    case 1:
      return client.codec.reset(stream, ErrorCode::internal_error);
    case 2:
      return client.codec.send_head(stream, "\x88", random() % 2 == 0);
    case 3:
      return client.codec.took(stream, random() % (stream.untaken_bytes() + 1));
    case 4: {
      const std::size_t bytes = random() % (client.codec.sendable(stream) + 1);
      return client.send_data(id, std::string(std::min<std::size_t>(bytes, 2000), 'y'), random() % 4 == 0);
    }
    default:
      return;
  }
}

TEST(ConnectionProperty, NothingGoesOutOfBounds) {
  int frames_taken = 0;
  for (unsigned seed = 0; seed < 300; ++seed) {
    Client client;
    client.connect();
    client.owner.take_at_once = seed % 2 == 0;
    client.owner.release_at_reset = seed % 3 == 0;
    client.owner.release_at_end = seed % 5 == 0;
    Frames frames(seed);
    client.tell(frames.first());
    std::mt19937 random(seed);
    for (int i = 0; i < 200 && !client.codec.failed(); ++i) {
      client.now += std::chrono::milliseconds(20);
      const std::string bytes = frames.next();
      const std::size_t cut = bytes.empty() ? 0 : random() % bytes.size();
      client.tell(std::string_view(bytes).substr(0, cut));
      client.tell(std::string_view(bytes).substr(cut));
      for (int k = 0; k < 3; ++k)
        act(client, static_cast<std::uint32_t>(2 * (random() % (i + 2)) + 1), random);
      ASSERT_LE(client.codec.streams(), 100u);
      ASSERT_LE(client.codec.connection_sendable(), static_cast<std::size_t>(window_max));
      frames_taken += client.codec.failed() ? 0 : 1;
      const std::string replies = client.replies();
      ASSERT_EQ(replies.find("cut"), std::string::npos) << replies;
      ASSERT_EQ(replies.find("GOAWAY") != std::string::npos, client.codec.failed());
    }
  }
  EXPECT_GT(frames_taken, 300 * 20);  // or the test tries nothing
}

TEST(ConnectionProperty, RandomBytesAreTheSameForEveryCut) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    Frames frames(seed);
    std::mt19937 random(seed);
    std::string input = std::string(client_preface) + settings({}) + frames.first();
    for (int i = 0; i < 30; ++i) input += frames.next();
    if (seed % 2 == 0)
      input[client_preface.size() + random() % (input.size() - 24)] ^= static_cast<char>(random());
    std::vector<std::size_t> ends(1 + random() % 20);
    for (std::size_t& end : ends) end = random() % input.size();
    std::ranges::sort(ends);
    const Told whole = told(input, {}), pieces = told(input, ends);
    ASSERT_EQ(whole.replies, pieces.replies) << seed;
    // Long runs are noted by their length, so that only what is short can be compared.
    const auto without_data = [](std::string text) {
      std::string kept;
      for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = text.find('\n', at) + 1;
        if (text.compare(at, 5, "data ") != 0) kept += text.substr(at, end - at);
        at = end;
      }
      return kept;
    };
    ASSERT_EQ(without_data(whole.events), without_data(pieces.events)) << seed;
  }
}

/// A client that counts what it may be sent, for the windows it gave.
TEST(ConnectionProperty, WhatIsSentFitsTheWindows) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    std::mt19937 random(seed);
    Client client;
    client.connect();
    std::map<std::uint32_t, std::int64_t> windows;
    std::int64_t connection = window_bytes_at_start, initial = window_bytes_at_start;
    for (std::uint32_t id = 1; id < 20; id += 2) {
      client.tell(headers(id, get_block(), true));
      windows[id] = initial;
    }
    for (int i = 0; i < 300; ++i) {
      client.now += std::chrono::seconds(1);
      const std::uint32_t id = 2 * static_cast<std::uint32_t>(random() % 10) + 1;
      const auto bytes = static_cast<std::uint32_t>(1 + random() % 20'000);
      if (random() % 4 == 0) {
        client.tell(window_update(id, bytes));
        windows[id] += bytes;
      } else if (random() % 4 == 0) {
        client.tell(window_update(0, bytes));
        connection += bytes;
      } else if (random() % 8 == 0) {
        client.tell(settings({{Setting::initial_window_size, bytes}}));
        for (auto& window : windows) window.second += bytes - initial;
        initial = bytes;
      }
      const auto expected =
          static_cast<std::size_t>(std::max<std::int64_t>(0, std::min(windows[id], connection)));
      ASSERT_EQ(client.codec.sendable(client.owner.stream(id)), expected);
      const std::size_t sent = random() % (expected + 1);
      client.send_data(id, std::string(sent, 'x'), false);
      windows[id] -= static_cast<std::int64_t>(sent);
      connection -= static_cast<std::int64_t>(sent);
      client.replies();
    }
    ASSERT_EQ(client.state(), "open");
  }
}

/// A client that uses the windows it has to the last byte is never blamed, and never left without one.
TEST(ConnectionProperty, WhatIsAnnouncedMayBeUsed) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::mt19937 random(seed);
    Client client;
    client.codec.start();
    client.tell(std::string(client_preface) + settings({}) + frame(FrameType::settings, flag::ack, 0));
    client.replies();
    client.owner.take_at_once = false;
    std::map<std::uint32_t, std::int64_t> windows = {{0, 256 * 1024}};
    for (std::uint32_t id = 1; id < 12; id += 2) {
      client.tell(headers(id, post_block(), false));
      windows[id] = 64 * 1024;
    }
    std::uint64_t sent = 0;
    for (int i = 0; i < 2000; ++i) {
      const std::uint32_t id = 2 * static_cast<std::uint32_t>(random() % 6) + 1;
      const std::int64_t most = std::min({windows[id], windows[0], std::int64_t{16'384}});
      const auto bytes =
          most == 0 ? 0 : 1 + static_cast<std::uint32_t>(random()) % static_cast<std::uint32_t>(most);
      if (bytes > 0) client.tell(data(id, std::string(bytes, 'x')));
      windows[id] -= bytes;
      windows[0] -= bytes;
      sent += bytes;
      TestStream& taker = client.owner.stream(2 * static_cast<std::uint32_t>(random() % 6) + 1);
      client.codec.took(taker, random() % 3 ? taker.untaken_bytes() : random() % (taker.untaken_bytes() + 1));
      std::string_view out = client.codec.output();
      for (; !out.empty(); out.remove_prefix(frame_header_bytes + 4)) {
        const FrameHeader header = read_frame_header(out.data());
        ASSERT_EQ(header.type, FrameType::window_update);
        windows[header.stream] += read_u32(out.data() + frame_header_bytes);
      }
      client.codec.output().clear();
      ASSERT_EQ(client.state(), "open");
    }
    EXPECT_GT(sent, 4u << 20);
    for (std::uint32_t id = 1; id < 12; id += 2) {
      client.codec.took(client.owner.stream(id), client.owner.stream(id).untaken_bytes());
    }
  }
}

}  // namespace
}  // namespace weir::http2
