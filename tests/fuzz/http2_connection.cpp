// ServerCodec over arbitrary bytes after the preface: the same events and replies however the bytes arrive, replies are
// whole frames, and a failed connection has said GOAWAY last. The first byte chooses the size of the pieces, the second
// what the owner does.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http2/server_codec.hpp"
#include "require.hpp"

namespace {

using namespace weir::http2;
using weir::fuzz::require;

/// So few that windows are never used up, nor what a header block may take on the wire: when that shows depends on the
/// cuts.
constexpr std::size_t input_bytes_max = 16 * 1024;
constexpr std::size_t section_bytes = input_bytes_max / 2;

struct TestStream : Stream {
  std::string body;
  bool released = false;
};

class Owner final : public ServerEvents {
 public:
  explicit Owner(unsigned habits) : habits_(habits) {}

  Stream* on_request(std::uint32_t id, FieldSection& section, bool too_large, bool ended) override {
    note("request", id, static_cast<std::uint32_t>(section.size()),
         (too_large ? 2u : 0u) | (ended ? 1u : 0u));
    if (!section.empty() && section[0].value == "refuse") return nullptr;
    auto& stream = streams_.emplace_back(std::make_unique<TestStream>());
    if (section.size() > 4) stream->expect_length(section[4].value.size());
    return stream.get();
  }
  void on_data(Stream& stream, std::string_view bytes) override {
    require(!bytes.empty());
    static_cast<TestStream&>(stream).body += bytes;
    if (habits_ & 1) codec->took(stream, bytes.size());
  }
  void on_trailers(Stream& stream, FieldSection& section, bool) override {
    note("trailers", stream.id(), static_cast<std::uint32_t>(section.size()), 0);
    if (habits_ & 2) codec->reset(stream, ErrorCode::protocol_error);
  }
  void on_end(Stream& stream) override {
    note("end", stream.id(), static_cast<std::uint32_t>(stream.received_bytes()), 0);
    if (habits_ & 4) {
      codec->send_head(stream, "\x88", false);
      std::string body(codec->sendable(stream) % 20'000, 'x');
      const iovec part{body.data(), body.size()};
      codec->send_data(stream, {&part, 1}, body.size(), true);
    }
    if (habits_ & 8) release(stream);
  }
  void on_reset(Stream& stream, ErrorCode code, bool by_peer) override {
    note("reset", stream.id(), static_cast<std::uint32_t>(code), by_peer ? 1 : 0);
    if (habits_ & 16) release(stream);
  }
  void on_window(Stream& stream) override {
    require(!stream.local_closed());
    note("window", stream.id(), 0, 0);
    if (habits_ & 32) release(stream);
  }
  void on_connection_window() override { note("connection window", 0, 0, 0); }
  void on_priority(Stream& stream) override {
    require(stream.priority.urgency < Priority::levels);
    note("priority", stream.id(), stream.priority.urgency, stream.priority.incremental ? 1 : 0);
  }

  void release_all() {
    for (const auto& stream : streams_) {
      if (stream->id() != 0) release(*stream);
    }
    require(codec->streams() == 0);
  }

  ServerCodec* codec = nullptr;
  std::string events;

 private:
  void release(Stream& stream) {
    events += static_cast<TestStream&>(stream).body;
    codec->release(stream);
  }
  void note(const char* what, std::uint32_t id, std::uint32_t number, std::uint32_t flags) {
    events += what;
    for (const std::uint32_t value : {id, number, flags}) append_u32(events, value);
  }

  unsigned habits_;
  std::vector<std::unique_ptr<TestStream>> streams_;
};

/// Without WINDOW_UPDATE, whose sizes depend on the cuts.
std::string whole_frames(std::string_view out, bool failed) {
  std::string kept;
  FrameHeader last;
  while (!out.empty()) {
    require(out.size() >= frame_header_bytes);
    last = read_frame_header(out.data());
    require(last.length <= frame_payload_bytes_max && out.size() >= frame_header_bytes + last.length);
    const std::string_view frame = out.substr(0, frame_header_bytes + last.length);
    if (last.type != FrameType::window_update) kept += frame;
    out.remove_prefix(frame.size());
  }
  require((last.type == FrameType::goaway) == failed);
  return kept;
}

struct Outcome {
  std::string events;
  std::string replies;
  std::string reason;
  bool operator==(const Outcome&) const = default;
};

Outcome outcome_of(std::string_view input, std::size_t step_bytes, unsigned habits) {
  Owner owner(habits);
  ServerLimits limits;
  limits.section = {.bytes = section_bytes, .count = 20, .cookie_bytes = 512, .cookie_count = 10};
  limits.concurrent_streams = 10;
  ServerCodec codec(limits, owner);
  owner.codec = &codec;
  const weir::TimePoint now{std::chrono::hours(1)};
  codec.start();
  codec.receive(client_preface, now);
  while (!input.empty() && !codec.failed()) {
    const std::string_view piece = input.substr(0, step_bytes);
    const std::size_t consumed = codec.receive(piece, now);
    require(consumed <= piece.size() && (consumed > 0 || codec.failed()));
    require(codec.streams() <= limits.concurrent_streams);
    input.remove_prefix(consumed);
  }
  Outcome result{.events = {},
                 .replies = whole_frames(codec.output(), codec.failed()),
                 .reason = std::string(codec.error_reason())};
  require(codec.failed() != result.reason.empty());
  owner.release_all();
  result.events = std::move(owner.events);
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > input_bytes_max) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
  const unsigned habits = data[1];
  const Outcome whole = outcome_of(input, input_bytes_max, habits);
  for (const std::size_t step_bytes : {std::size_t{1}, std::size_t{data[0]} + 1}) {
    require(outcome_of(input, step_bytes, habits) == whole);
  }
  return 0;
}
