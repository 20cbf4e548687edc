// What a peer may do within the rules that costs Weir more than it costs the peer: each costs tokens of one budget a
// connection, and who has none left is sent away (ENHANCE_YOUR_CALM). Bounds CVE-2023-44487 (rapid reset),
// CVE-2025-8671 (resets that the server is made to send), and floods of empty frames, SETTINGS, PING and WINDOW_UPDATE.
// Pure: the time is passed in. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/clock.hpp"

namespace weir::http2 {

enum class Misbehaviour : std::uint8_t {
  client_reset,    // RST_STREAM before the response's head was sent
  server_reset,    // RST_STREAM that we had to send for an error of the client
  endpoint_reset,  // RST_STREAM of an endpoint, whatever it is for
  stream_error,    // RST_STREAM that we had to send for an error of an endpoint
  refused_stream,  // more streams than announced, or after the end of a shutdown
  empty_frame,     // DATA without bytes and END_STREAM, HEADERS and CONTINUATION without bytes
  control_frame,  // SETTINGS, and PING beyond one for each DATA frame sent (clients measure the line with them)
  ignored_frame,  // PRIORITY, PRIORITY_UPDATE and unknown types; named as control_frame
  window_update,  // without effect or overflowing, or more of them than DATA frames sent explain
};
inline constexpr std::size_t misbehaviour_kinds = 9;

/// In snake_case, as the log and the metric show it.
std::string_view misbehaviour_name(Misbehaviour kind);

class MisbehaviourBudget {
 public:
  static constexpr std::int64_t tokens_max = 200;
  static constexpr std::int64_t tokens_per_second = 20;

  /// Takes what `kind` costs; false: there was not enough left.
  bool spend(Misbehaviour kind, TimePoint now);
  /// A stream that we opened ourselves explains `tokens` of what comes back.
  void grant(std::int64_t tokens);

 private:
  static constexpr std::int64_t parts = 1'000'000;  // of a token, so that refills of a microsecond count

  std::int64_t left_ = tokens_max * parts;
  TimePoint filled_{};  // left_ is as of then
};

}  // namespace weir::http2
