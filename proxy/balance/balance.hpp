// Choosing an endpoint. Each policy is one small file with the same shape: candidates in, index out.
// Exactness over all workers comes from the shared in-flight counters: `acquire` picks and counts in one
// atomic step. Pure; any thread; no locks.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "config/model.hpp"
#include "core/clock.hpp"
#include "health/passive.hpp"
#include "upstream/ejection.hpp"
#include "upstream/endpoint.hpp"
#include "upstream/panic.hpp"
#include "upstream/retry_budget.hpp"

namespace weir::balance {

inline constexpr std::size_t none = static_cast<std::size_t>(-1);

/// What the workers share of one upstream besides its endpoints. Keeps its identity over reloads, as they do.
struct Shared {
  alignas(64) std::atomic<std::uint64_t> turn{0};  // rotates ties, round robin
  alignas(64) upstream::EjectionGuard ejections;   // for upstream::report_failure
  upstream::PanicWatch panic;
  upstream::RunningRetries retries;  // on a line of its own
};

/// Which candidates are out of the question for this pick: bit i set = skip candidate i (already tried). Only
/// the first 64 candidates can be excluded; retries beyond that may repeat.
using Excluded = std::uint64_t;

struct Pick {
  std::size_t index = none;  // into the candidates; none: all are excluded or taken out, or there are none
  health::Ticket ticket;     // goes back with the report of how it ended; says whether this is the probe
};

/// Picks by the upstream's policy and raises the picked endpoint's in_flight by one; `release` takes it back.
/// Order of preference: an endpoint due for a half-open probe (one request only), then healthy endpoints by
/// policy; when every candidate that is not excluded is ejected, the one whose ejection ends first is used
/// all the same (never refuse while something might answer). One that is being probed has ended its ejection.
/// What an operator took out gets nothing of this.
Pick acquire(config::Balance policy, Shared& shared, std::span<const upstream::Candidate> candidates,
             Excluded excluded, TimePoint now);
void release(upstream::EndpointState& endpoint);

/// Weighted least connections: smallest (in_flight + 1) / weight, compared without division; ties rotate by
/// `turn`. Exact over all workers: `acquire` takes the count by compare-and-swap from the load that was seen
/// here, and a lost race picks again (bounded). While requests only start, the picked endpoint has the
/// smallest load of all at the moment of the swap. Skips what is excluded or not healthy. Returns an index or
/// none.
std::size_t least_connections(std::span<const upstream::Candidate> candidates, Excluded excluded,
                              std::uint64_t turn);
/// Smooth weighted round robin as a pure function of the turn: over sum(weights) turns each candidate comes
/// exactly `weight` times, spread out. Skips as above; then the weights are those of the rest.
std::size_t round_robin(std::span<const upstream::Candidate> candidates, Excluded excluded,
                        std::uint64_t turn);

}  // namespace weir::balance
