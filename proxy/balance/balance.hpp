// Choosing an endpoint. Each policy is one small file with the same shape: candidates in, index out. Exactness
// over all workers comes from the shared in-flight counters: `acquire` picks and counts in one atomic step.
// Pure; any thread; no locks.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "config/model.hpp"
#include "core/clock.hpp"
#include "upstream/endpoint.hpp"

namespace weir::balance {

inline constexpr std::size_t none = static_cast<std::size_t>(-1);

/// What a policy may look at besides the endpoints themselves.
struct Shared {
  alignas(64) std::atomic<std::uint64_t> turn{0};  // per upstream, over all workers: rotates ties, round robin
};

/// Which candidates are out of the question for this pick: bit i set = skip candidate i (already tried). Only the
/// first 64 candidates can be excluded; retries beyond that may repeat.
using Excluded = std::uint64_t;

struct Pick {
  std::size_t index = none;  // into the candidates; none: nothing usable
  bool probe = false;        // this request is the half-open probe of its endpoint
};

/// Picks by the upstream's policy and raises the picked endpoint's in_flight by one; `release` takes it back.
/// Order of preference: an endpoint due for a half-open probe (one request only), then healthy endpoints by
/// policy; when every candidate that is not excluded is ejected, the one whose ejection ends first is used all
/// the same (never refuse while something might answer).
Pick acquire(config::Balance policy, Shared& shared, std::span<const upstream::Candidate> candidates,
             Excluded excluded, TimePoint now);
void release(upstream::EndpointState& endpoint);

/// Weighted least connections: smallest (in_flight + 1) / weight, compared without division; ties rotate by
/// `turn`. Exact over all workers: the count is taken by compare-and-swap, and a lost race picks again
/// (bounded). Returns an index or none.
std::size_t least_connections(std::span<const upstream::Candidate> candidates, Excluded excluded,
                              std::uint64_t turn);
/// Smooth weighted round robin as a pure function of the turn: over sum(weights) turns each candidate comes
/// exactly `weight` times, spread out.
std::size_t round_robin(std::span<const upstream::Candidate> candidates, Excluded excluded, std::uint64_t turn);

}  // namespace weir::balance
