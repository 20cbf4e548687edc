// What comes in: the outcomes of units since the last time, as workers counted them. A unit belongs to the side that
// the split chose first (by weight or affinity), whichever side served it in the end; overrides, copies and what Weir
// refused itself are left out before. Counts of several workers may be given one after another: they add up. Pure
// values; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "rollout/histogram.hpp"

namespace weir::rollout {

enum class Side : std::uint8_t { comparison, canary };
inline constexpr std::size_t side_count = 2;
constexpr std::size_t index(Side side) {
  return static_cast<std::size_t>(side);
}

struct SideCounts {
  std::uint64_t requests = 0, failed = 0, client_errors = 0;
  Histogram latency;  // of requests that got a first byte
};

/// One request of a client, where the unit is the client.
struct ClientRequest {
  std::uint64_t client = 0;  // keyed hash of the client's key, by another key than the split's
  Side side = Side::comparison;
  bool failed = false, client_error = false, has_latency = false;
  Bucket latency = 0;
};

struct Counts {
  /// The publication (Rollout::publication) whose weights chose the sides. Units of an earlier one are dropped: their
  /// chance to be on the canary was another.
  std::uint32_t publication = 0;
  std::array<SideCounts, side_count> sides;  // all requests
  /// With affinity: the same requests, in the order in which they ended, but for those that say no more of their client
  /// than others of it here do.
  std::vector<ClientRequest> clients;
};

}  // namespace weir::rollout
