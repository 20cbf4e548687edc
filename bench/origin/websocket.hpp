// The echo side of a WebSocket (RFC 6455): frames go back as they came, unmasked; fragments stay fragments;
// ping becomes pong; close is answered and ends the connection. Payloads stream through, nothing is
// assembled.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "output.hpp"

namespace weir::origin {

/// Sec-WebSocket-Accept for a client's Sec-WebSocket-Key (RFC 6455 4.2.2).
std::string websocket_accept(std::string_view key);

class WebSocketEcho {
 public:
  enum class State : std::uint8_t { open, closed };

  /// Takes all whole or partial frames that `in` holds (a partial frame header stays in `in`) until `out` is
  /// full. Closed: send what is in `out`, then close the connection.
  State feed(std::string_view& in, Output& out);

 private:
  bool begin_frame(std::string_view& in, Output& out);
  void echo_payload(std::string_view& in, Output& out);
  void end_frame();
  void refuse(std::uint16_t code, Output& out);

  std::uint64_t left_ = 0;  // payload bytes of the current frame still to come
  bool in_frame_ = false;
  bool closing_frame_ = false;  // the current frame is the client's close
  State state_ = State::open;
  std::array<unsigned char, 4> mask_{};
  std::size_t mask_offset_ = 0;
};

}  // namespace weir::origin
