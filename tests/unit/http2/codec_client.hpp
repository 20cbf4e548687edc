// A client of ServerCodec for tests: keeps the owner's side of the codec, and turns events and frames that come back
// into text to compare. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "http2/server_codec.hpp"
#include "unit/http2/frames.hpp"

namespace weir::http2 {

struct TestStream : Stream {};

/// The owner of a codec: takes every request, and writes down what is reported.
class Owner : public ServerEvents {
 public:
  Owner() = default;
  virtual ~Owner() = default;
  Stream* on_request(std::uint32_t id, FieldSection& section, bool too_large, bool ended) override;
  void on_data(Stream& stream, std::string_view bytes) override;
  void on_trailers(Stream& stream, FieldSection& section, bool too_large) override;
  void on_end(Stream& stream) override;
  void on_reset(Stream& stream, ErrorCode code, bool by_peer) override;
  void on_window(Stream& stream) override;
  void on_connection_window() override;
  void on_priority(Stream& stream) override;

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
  explicit Client(const ServerLimits& limits = {});
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
