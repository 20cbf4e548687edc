// Which requests of a route are copied to its mirror upstream, and how a copy can end. Pure but for the counters that
// all workers share; any thread; no locks; depends on the configuration's values and on http.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "config/model.hpp"
#include "http/head.hpp"
#include "route/in_flight.hpp"

namespace weir::route {

/// What the workers share of one route's mirror. Keeps its identity over reloads.
struct MirrorShared {
  alignas(64) std::atomic<std::uint64_t> turn{0};
  InFlight in_flight;  // copies that are being collected or are on their way
};

/// A pure function of the turn: of the first n turns exactly floor(n * share / whole) are copied, so of any n in
/// a row that many or one more, spread out evenly. Workers draw turns from one counter.
constexpr bool is_copied(std::uint32_t share, std::uint64_t turn) {
  // `share` is the carry of each turn; the turn that carries over copies.
  const std::uint64_t within = turn % config::mirror_share_whole;
  return within * share % config::mirror_share_whole + share >= config::mirror_share_whole;
}

/// Why a request is not copied, whosever turn it is.
enum class MirrorBar : std::uint8_t {
  none,
  goes_there,  // to the mirror upstream itself
  upgrade,     // it becomes a tunnel
  copy,        // it is a copy itself: mirrors that lead to each other would never come to rest
  body,        // its Content-Length is above body_bytes
};
/// Of a request that goes to `upstream`. CONNECT never comes so far.
MirrorBar mirror_bar(const config::Mirror& mirror, std::size_t upstream, const http::RequestHead& head);

/// How it ended for a request whose turn it was.
enum class MirrorOutcome : std::uint8_t {
  answered,            // a whole response came, or as much of one as is read; whatever its status
  failed,              // no endpoint, no connection, no response
  skipped_body,        // the body is larger than body_bytes
  skipped_busy,        // max_in_flight copies are under way
  skipped_incomplete,  // the original's body never became whole
};
inline constexpr std::size_t mirror_outcome_count = 5;

std::string_view to_string(MirrorOutcome outcome);

}  // namespace weir::route
