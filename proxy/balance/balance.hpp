// Choosing an endpoint. Each policy is one small file with the same shape: a field of candidates in, a choice out
// (policies.hpp). Exactness over all workers comes from the shared in-flight counters: `acquire` picks and counts
// in one atomic step. Pure: time and randomness are passed in; any thread; no locks, no allocation.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "balance/tried.hpp"
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
  /// Chosen after all others (upstream::should_deprioritise), one at most. Only compared.
  std::atomic<const upstream::EndpointState*> deprioritised{nullptr};
  alignas(64) std::atomic<bool> on_backups{false};  // as the latest event says
  upstream::RetryBudget retries;
};

/// How an upstream's endpoints are chosen; the same for all requests of a snapshot.
struct Rules {
  Rules() = default;
  /// No backups, zones, limits, nor slow start.
  Rules(config::Balance how) : policy(how) {}  // NOLINT: a policy is rules
  /// Of `upstream` with these candidates.
  Rules(const config::Upstream& upstream, std::span<const upstream::Candidate> candidates);

  config::Balance policy = config::Balance::least_connections;
  Milliseconds slow_start{0};
  bool backups = false;  // some candidate is one
  bool zones = false;    // some are local and some are not
  bool limits = false;   // some have max_connections
  /// The process has one worker, so that no other thread counts: done without locked instructions, which take as long
  /// as the rest of a pick.
  bool one_worker = false;
};

/// What a pick depends on besides the endpoints.
struct PickRequest {
  TimePoint now;
  Tried tried{};             // never picked
  std::uint64_t random = 0;  // from the worker's Rng
  std::uint64_t key = 0;     // of the request (key.hpp); only read where the policy is hash
  bool may_probe = true;     // its failure costs the client nothing: it is all here, and may be sent again
};

struct Pick {
  std::size_t index = none;  // into the candidates
  health::Ticket ticket;     // goes back with the report of how it ended; says whether this is the probe
  bool full = false;         // none was picked: those that can be used are all at their max_connections
  bool panic = false;  // too few of the upstream are usable: all that no operator took out share the requests
  bool primaries_out = false;  // no endpoint is usable but backups
  bool gave_back = false;      // a place was taken for a moment and given back: a wait may have missed it
};

/// Picks by the upstream's policy and raises the picked endpoint's in_flight by one; `release` takes it back.
/// Never an endpoint that was tried, that an operator took out, or that is at its max_connections (exact over
/// all workers). In this order of preference:
/// 1. an endpoint due for a half-open probe (one request only; a backup only where no primary is usable); for a request
///    that may not probe, only where no usable endpoint is left to it or no request has probed for too long;
/// 2. usable endpoints by policy: primaries before backups, and among each the local zone (zones.hpp);
/// 3. where none of those is left to this request, all the others that no operator took out, by policy.
/// In panic (Shared::panic, too few are usable) a request that was not tried yet goes to 3 at once.
/// While usable endpoints are full, the pick is `full` and goes no further down this list.
Pick acquire(const Rules& rules, Shared& shared, std::span<const upstream::Candidate> candidates,
             const PickRequest& request);
void release(upstream::EndpointState& endpoint, bool one_worker = false);

/// An endpoint is left for a further try.
bool another_left(std::span<const upstream::Candidate> candidates, const Tried& tried);
/// The same, and it is usable.
bool usable_left(std::span<const upstream::Candidate> candidates, const Tried& tried);

}  // namespace weir::balance
