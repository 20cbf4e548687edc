// The policies: one function a file, all of the same shape. Each looks at the field and returns its choice;
// acquire.cpp counts the request there, and calls again when another worker was faster. Pure; any thread.
#pragma once

#include "balance/field.hpp"

namespace weir::balance {

/// Whom, and the load that the choice was based on.
struct Choice {
  std::size_t index = none;
  std::uint32_t in_flight = 0;
};

/// What changes from pick to pick.
struct Draw {
  std::uint64_t turn = 0;  // counts the upstream's picks over all workers
  std::uint64_t random = 0;
  std::uint64_t key = 0;
  TimePoint now{};
};

using Policy = Choice (*)(const Field& field, const Draw& draw);

/// Equal weights: the fewest in flight; ties rotate by turn. Different ones: by weighted turn, one whose in_flight /
/// weight is below every endpoint's (in_flight + 1) / weight, compared without division. So shares follow the weights
/// at rest and under load, and roughly with few at once. Exact over all workers: the count is taken only while the load
/// is the one that was seen here. So while requests only start, that holds at the moment of the count, too.
Choice least_connections(const Field& field, const Draw& draw);

/// Smooth weighted round robin as a pure function of the turn (weighted_turn.hpp).
Choice round_robin(const Field& field, const Draw& draw);

/// Two at random by weight, and of them the one with fewer requests in flight for its weight. At rest shares follow
/// the weights; under load the most loaded endpoint of all gets nothing.
Choice random_two(const Field& field, const Draw& draw);

/// A few at random by weight, and of them the one with the least latency times load (latency.hpp). One that asked for
/// a pause is left out while others are there; one that nothing is known of gets one request at a time. Two would do
/// for many endpoints, but with three of which two are slow they would often be the slow ones.
Choice least_latency(const Field& field, const Draw& draw);
inline constexpr std::size_t least_latency_sample = 4;

/// Weighted rendezvous of the request's key with bounded loads: of all whose load is within a quarter of its fair
/// share, or below hash_load_free, the one that the key ranks first. A candidate that leaves moves only its own keys.
Choice hash(const Field& field, const Draw& draw);
inline constexpr std::uint32_t hash_load_free = 8;  // requests at once that never make an endpoint too full

}  // namespace weir::balance
