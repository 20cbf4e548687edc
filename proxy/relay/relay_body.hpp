// One direction of an exchange: a body from its source to its sink through one bounded buffer. The next bytes are
// read only after the last ones were taken, so a slow reader stops the reads on the other side. The same function
// carries requests and responses, between any two protocols. Worker thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/task.hpp"
#include "http/trailers.hpp"
#include "relay/body.hpp"
#include "relay/body_copy.hpp"

namespace weir::relay {

struct RelayOptions {
  Duration read_timeout{};                // without any byte from the source
  Duration write_timeout{};               // without any byte taken by the target
  TimePoint deadline = TimePoint::max();  // for all of it, looked at each round
  std::uint64_t body_bytes_max = 0;       // 0: no limit
  std::uint64_t source_min_rate = 0;  // bytes per second over source_rate_window of waiting for it; 0: off
  std::string_view resend;            // of the body, decoded: goes out before what the source still has
  std::string* replay = nullptr;      // keeps a copy of the body for a retry ...
  std::size_t replay_bytes_max = 0;   // ... as long as it fits
  BodyCopy* copy = nullptr;           // takes a copy for a mirror
  http::TrailerRules trailers;        // what the head says about them
};

inline constexpr std::chrono::seconds source_rate_window{10};
inline constexpr std::chrono::seconds target_rate_window{20};  // of what a sink that is a client has to take
inline constexpr unsigned rounds_per_turn =
    16;  // reads and writes in a row before other connections get their turn

/// How a relay ended, and on whose side.
struct RelayEnd {
  enum class Side : std::uint8_t { none, source, target, limit };
  Side side = Side::none;                  // none: the whole body was passed on
  io::IoStatus status = io::IoStatus::ok;  // of the failed read or write; timeout for too slow a pace
  bool too_slow = false;                   // it moved, but below its rate
  std::optional<Error> error;              // the source broke the protocol, or a limit
  bool complete() const { return side == Side::none; }
};

/// Shared with the code that watches the relay while it runs.
struct RelayProgress {
  std::uint64_t body_bytes = 0;     // decoded body bytes passed on
  std::uint64_t written_bytes = 0;  // bytes that the target took, head and framing included
  bool replay_overflow = false;     // the body no longer fits options.replay
};

/// Writes `head`, `options.resend`, then what is left of the body of `source`.
Task<RelayEnd> relay_body(BodySource& source, BodySink& target, std::string_view head, RelayOptions options,
                          RelayProgress& progress);

}  // namespace weir::relay
