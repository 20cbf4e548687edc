// An endpoint at the other end of ClientCodec for tests: keeps the owner's side of the codec, and turns events and
// frames that were sent into text to compare. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "http2/client_codec.hpp"
#include "unit/http2/frames.hpp"

namespace weir::http2 {

struct CallStream : Stream {
  bool has_body = true;  // false: DATA is an error, whatever Content-Length says
};

/// The owner of a codec: accepts every head but 1xx as final, and writes down what is reported.
class CallOwner : public ClientEvents {
 public:
  CallOwner() = default;
  virtual ~CallOwner() = default;
  void on_head(Stream& stream, FieldSection& section, bool too_large, bool ended) override;
  void on_data(Stream& stream, std::string_view bytes) override;
  void on_trailers(Stream& stream, FieldSection& section, bool too_large) override;
  void on_end(Stream& stream) override;
  void on_reset(Stream& stream, ErrorCode code, bool by_peer) override;
  void on_window(Stream& stream) override;
  void on_connection_window() override;
  void on_goaway(std::uint32_t last_id, ErrorCode code) override;
  void on_capacity() override;
  void on_pong(std::string_view payload) override;

  CallStream& stream(std::uint32_t id) { return *streams_.at(id); }
  bool has(std::uint32_t id) const { return streams_.contains(id); }
  /// The id of the stream.
  std::uint32_t open(std::string_view block, bool end_stream);
  void release(std::uint32_t id);
  std::string take_events() { return std::exchange(events_, {}); }

  ClientCodec* codec = nullptr;
  bool take_at_once = true;  // DATA is passed on as it comes
  bool release_at_head = false;
  bool release_at_data = false;
  bool release_at_end = false;
  bool release_at_reset = false;
  bool release_at_goaway = false;  // those that it leaves unprocessed
  bool reset_at_head = false;

 private:
  void note(std::string line);

  std::map<std::uint32_t, std::unique_ptr<CallStream>> streams_;
  std::string events_;
};

/// A connection.
class Endpoint {
 public:
  explicit Endpoint(const ClientLimits& limits = {});
  /// start(), the endpoint's SETTINGS and its acknowledgement; forgets what came of it.
  void connect();

  /// A request without a body, or with one to follow. The id of its stream.
  std::uint32_t call(bool end_stream = true);
  /// The events of receiving `bytes`, a line each.
  std::string send(std::string_view bytes);
  /// Receives and forgets the events.
  void pass(std::string_view bytes) { send(bytes); }
  /// What was sent since the last call.
  std::string sent();
  /// send() and what was sent because of it.
  std::string reply(std::string_view bytes);
  void send_data(std::uint32_t id, std::string_view bytes, bool end_stream);
  /// The connection's error and its reason, or "open".
  std::string state() const;

  CallOwner owner;
  ClientCodec codec;
  TimePoint now{std::chrono::hours(1)};
};

/// `:status`, and `more` fields.
std::string status_block(int status, const Fields& more = {});

}  // namespace weir::http2
