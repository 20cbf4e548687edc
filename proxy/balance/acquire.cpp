#include <cassert>

#include "balance/candidates.hpp"

namespace weir::balance {
namespace {

// Each lost race means that another worker made its pick, so this many in a row do not happen; the bound
// makes the loop's end certain.
constexpr int pick_tries_max = 64;

Pick taken(std::span<const upstream::Candidate> candidates, std::size_t index) {
  return {index, candidates[index].state->health.ticket()};
}

Pick take(std::span<const upstream::Candidate> candidates, std::size_t index) {
  candidates[index].state->in_flight.fetch_add(1, std::memory_order_relaxed);
  return taken(candidates, index);
}

Pick take_due_probe(std::span<const upstream::Candidate> candidates, Excluded excluded, TimePoint now) {
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    upstream::EndpointState& endpoint = *candidates[i].state;
    if (endpoint.health.usable() || !may_try(candidates, excluded, i)) continue;
    health::Ticket ticket;
    if (!endpoint.health.claim_probe(now, ticket)) continue;
    endpoint.in_flight.fetch_add(1, std::memory_order_relaxed);
    return {i, ticket};
  }
  return {};
}

Pick take_least_loaded(std::span<const upstream::Candidate> candidates, Excluded excluded,
                       std::uint64_t turn) {
  LoadPick pick = pick_least_loaded(candidates, excluded, turn);
  for (int tries = 1; pick.index != none && tries < pick_tries_max; ++tries) {
    auto& in_flight = candidates[pick.index].state->in_flight;
    if (in_flight.compare_exchange_strong(pick.in_flight, pick.in_flight + 1, std::memory_order_relaxed)) {
      return taken(candidates, pick.index);
    }
    pick = pick_least_loaded(candidates, excluded, turn);
  }
  return pick.index == none ? Pick{} : take(candidates, pick.index);
}

Pick take_round_robin(std::span<const upstream::Candidate> candidates, Excluded excluded,
                      std::uint64_t turn) {
  const std::size_t index = round_robin(candidates, excluded, turn);
  return index == none ? Pick{} : take(candidates, index);
}

/// Nobody is healthy: whoever comes back first, unless an operator took it out.
Pick take_first_to_return(std::span<const upstream::Candidate> candidates, Excluded excluded) {
  std::size_t first = none;
  TimePoint first_end{};
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (!may_try(candidates, excluded, i)) continue;
    const TimePoint end = candidates[i].state->health.ejected_until();
    if (first != none && end >= first_end) continue;
    first = i;
    first_end = end;
  }
  return first == none ? Pick{} : take(candidates, first);
}

}  // namespace

Pick acquire(config::Balance policy, Shared& shared, std::span<const upstream::Candidate> candidates,
             Excluded excluded, TimePoint now) {
  const Pick probe = take_due_probe(candidates, excluded, now);
  if (probe.index != none) return probe;

  const std::uint64_t turn = shared.turn.fetch_add(1, std::memory_order_relaxed);
  Pick pick;
  switch (policy) {
    case config::Balance::least_connections:
      pick = take_least_loaded(candidates, excluded, turn);
      break;
    case config::Balance::round_robin:
      pick = take_round_robin(candidates, excluded, turn);
      break;
  }
  return pick.index != none ? pick : take_first_to_return(candidates, excluded);
}

void release(upstream::EndpointState& endpoint) {
  [[maybe_unused]] const auto before = endpoint.in_flight.fetch_sub(1, std::memory_order_relaxed);
  assert(before > 0);
}

}  // namespace weir::balance
