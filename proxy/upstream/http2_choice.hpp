// Which connection of HTTP/2 takes a request, and whether there should be one more: the rules of one worker's pool for
// one endpoint, without sockets. Requests are spread over a few connections, because those of one share its losses, its
// socket buffer and one thread of many servers. Those of one turn of the loop go together, because a connection sends
// once a turn, and what takes its CPU time is that system call more than what is in it. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace weir::upstream {

/// A connection that takes further requests, as far as their number allows it.
struct Http2Load {
  std::size_t streams = 0;      // requests that run
  std::size_t streams_max = 0;  // that may run at once
  bool sends = false;           // it sends something at the end of this turn anyway
  bool has_place() const { return streams < streams_max; }
};

struct Http2ChoiceRules {
  std::size_t connections = 2;      // over which requests are spread
  std::size_t connections_max = 1;  // never more at once
};

/// The connections that are there beside those with a place in the choice.
struct Http2Others {
  std::size_t being_made = 0;
  std::size_t closing = 0;  // they take no further requests, and still run some
};

struct Http2Choice {
  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  std::size_t index = none;   // of the connection; none: no connection has a place
  bool open_another = false;  // for the requests to come; this one does not wait for it
};

/// With more requests than these on the least busy connection another one is worth its handshake.
inline constexpr std::size_t http2_busy_streams = 8;

/// By so many requests a connection that sends anyway may be ahead of the least busy one.
inline constexpr std::size_t http2_gathered_streams = 16;

/// The connection with the fewest requests of those with a place; the first of equals. One that sends anyway goes
/// before it unless it is too far ahead. Another one is opened when the least busy one is busy and there are fewer than
/// `rules.connections`.
Http2Choice choose_http2(const Http2ChoiceRules& rules, std::span<const Http2Load> open, Http2Others others);

/// Whether a connection has to be made for a request that found no place. `places_coming`: those of the connections
/// that are being made; `waiting`: the requests that wait for one, this one included.
bool needs_http2_connection(const Http2ChoiceRules& rules, std::size_t open, Http2Others others,
                            std::size_t places_coming, std::size_t waiting);

}  // namespace weir::upstream
