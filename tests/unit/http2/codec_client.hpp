// A client of ServerCodec for tests: writes frames byte by byte as RFC 9113 has them, keeps the owner's side of the
// codec, and turns events and frames that come back into text to compare. One thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http2/server_codec.hpp"

namespace weir::http2 {

using Fields = std::vector<std::pair<std::string, std::string>>;

/// Literals without indexing; names and values below 127 bytes.
std::string block(const Fields& fields);
/// GET / of https://a.example.
std::string get_block();
std::string post_block(const Fields& more = {});

std::string frame(FrameType type, std::uint8_t flags, std::uint32_t stream, std::string_view payload = {});
/// With END_HEADERS.
std::string headers(std::uint32_t stream, std::string_view block, bool end_stream);
std::string data(std::uint32_t stream, std::string_view payload, bool end_stream = false);
/// The payload with its pad length before it and as many zeros after it.
std::string padded(std::string_view payload, std::uint8_t padding);
std::string settings(std::initializer_list<std::pair<Setting, std::uint32_t>> entries);
std::string window_update(std::uint32_t stream, std::uint32_t bytes);
std::string rst_stream(std::uint32_t stream, ErrorCode code = ErrorCode::cancel);
std::string u32(std::uint32_t value);

/// What frames say, a line each: `RST_STREAM 1 PROTOCOL_ERROR`.
std::string to_text(std::string_view frames);

struct TestStream : ServerStream {};

/// The owner of a codec: takes every request, and writes down what is reported.
class Owner : public ServerEvents {
 public:
  Owner() = default;
  virtual ~Owner() = default;
  ServerStream* on_request(std::uint32_t id, FieldSection& section, bool too_large, bool ended) override;
  void on_data(ServerStream& stream, std::string_view bytes) override;
  void on_trailers(ServerStream& stream, FieldSection& section, bool too_large) override;
  void on_end(ServerStream& stream) override;
  void on_reset(ServerStream& stream, ErrorCode code, bool by_peer) override;
  void on_window(ServerStream& stream) override;
  void on_connection_window() override;
  void on_priority(ServerStream& stream) override;

  TestStream& stream(std::uint32_t id) { return *streams_.at(id); }
  bool has(std::uint32_t id) const { return streams_.contains(id); }
  void release(std::uint32_t id);
  std::string take_events() { return std::exchange(events_, {}); }

  ServerCodec* codec = nullptr;
  bool take_at_once = true;  // DATA is passed on as it comes
  bool release_at_reset = false;
  bool release_at_data = false;
  bool release_at_end = false;
  bool refuse = false;
  ErrorCode refusal = ErrorCode::refused_stream;
  Priority priority;

 private:
  void note(std::string line);

  std::map<std::uint32_t, std::unique_ptr<TestStream>> streams_;
  std::string events_;
};

/// A connection. `limits` to set before connect().
class Client {
 public:
  explicit Client(const CodecLimits& limits = {});
  /// start(), preface, SETTINGS and its acknowledgement; forgets what came of it.
  void connect();

  /// The events of receiving `bytes`, a line each.
  std::string send(std::string_view bytes);
  /// Sends and forgets the events.
  void tell(std::string_view bytes) { send(bytes); }
  /// What came back since the last call.
  std::string replies();
  /// send() and what came back of it.
  std::string reply(std::string_view bytes);
  /// `END_STREAM` of our response with a head of `status 200`.
  void respond(std::uint32_t id);
  void send_data(std::uint32_t id, std::string_view bytes, bool end_stream);
  /// The connection's error and its reason, or "open".
  std::string state() const;

  Owner owner;
  ServerCodec codec;
  TimePoint now{std::chrono::hours(1)};
};

}  // namespace weir::http2
