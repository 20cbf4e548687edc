#include <algorithm>
#include <cassert>
#include <optional>

#include "balance/policies.hpp"
#include "balance/zones.hpp"
#include "core/stable_hash.hpp"

namespace weir::balance {
namespace {

using Candidates = std::span<const upstream::Candidate>;

// Each lost race means that another worker made its pick, so this many in a row do not happen; the bound
// makes the loop's end certain.
constexpr int pick_tries_max = 64;
// Endpoints may go out or fill up between the look at what is left and the count. After so many looks in vain the
// request takes whatever there is, or gets `full`.
constexpr int looks_max = 4;

struct PolicyInfo {
  Policy choose = nullptr;
  bool turns = false;  // reads Draw::turn
  bool exact = false;  // the choice holds only for the load that it saw
};

PolicyInfo info(config::Balance policy) {
  switch (policy) {
    case config::Balance::least_connections:
      return {least_connections, true, true};
    case config::Balance::round_robin:
      return {round_robin, true, false};
    case config::Balance::random_two:
      return {random_two, false, false};
    case config::Balance::least_latency:
      return {least_latency, false, false};
    case config::Balance::hash:
      return {hash, false, true};
  }
  return {least_connections, true, true};
}

/// Counts one request more at `candidate` unless that is too many.
bool count_below_limit(const Rules& rules, const upstream::Candidate& candidate) {
  auto& in_flight = candidate.state->in_flight;
  if (rules.one_worker) {
    const std::uint32_t now = in_flight.load(std::memory_order_relaxed);
    if (candidate.max_connections != 0 && now >= candidate.max_connections) return false;
    in_flight.store(now + 1, std::memory_order_relaxed);
    return true;
  }
  if (candidate.max_connections == 0) {
    in_flight.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  std::uint32_t load = in_flight.load(std::memory_order_relaxed);
  while (load < candidate.max_connections) {
    if (in_flight.compare_exchange_weak(load, load + 1, std::memory_order_relaxed)) return true;
  }
  return false;
}

/// The same, only while the load is still `seen`. That may be above the limit: a policy looks at a load twice.
bool count_from(const Rules& rules, const upstream::Candidate& candidate, std::uint32_t seen) {
  if (rules.one_worker) return count_below_limit(rules, candidate);  // it still is
  if (candidate.max_connections != 0 && seen >= candidate.max_connections) return false;
  return candidate.state->in_flight.compare_exchange_strong(seen, seen + 1, std::memory_order_relaxed);
}

bool has_room(const upstream::Candidate& candidate) {
  return candidate.max_connections == 0 ||
         candidate.state->in_flight.load(std::memory_order_relaxed) < candidate.max_connections;
}
bool is_usable(const upstream::Candidate& candidate) {
  return candidate.state->usable();
}
bool is_usable_primary(const upstream::Candidate& candidate) {
  return !candidate.backup && candidate.state->usable();
}

/// Each value comes once, over all workers.
std::uint64_t next_turn(const Rules& rules, Shared& shared) {
  if (!rules.one_worker) return shared.turn.fetch_add(1, std::memory_order_relaxed);
  const std::uint64_t turn = shared.turn.load(std::memory_order_relaxed);
  shared.turn.store(turn + 1, std::memory_order_relaxed);
  return turn;
}

/// One pick, from the first look to the count.
class Picking {
 public:
  Picking(const Rules& rules, Shared& shared, Candidates candidates, const PickRequest& request)
      : rules_(rules),
        candidates_(candidates),
        request_(request),
        policy_(info(rules.policy)),
        panic_(shared.panic.in_force()) {
    if (policy_.turns) draw_.turn = next_turn(rules, shared);
    draw_.random = request.random;
    draw_.key = request.key;
    draw_.now = request.now;
  }

  Pick by_policy() {
    // Too few are usable: first tries are spread over all, further ones go where something works.
    if (panic_ && request_.tried.size() == 0 && upstream::panicking(candidates_)) return among_all(true);
    for (int looks = 1; looks <= looks_max; ++looks) {
      if (const std::optional<Pick> pick = look()) return *pick;
    }
    return among_all();
  }

 private:
  bool is_left(std::size_t i, const Scope& scope) const {
    return scope.holds(candidates_[i]) && !request_.tried.contains(i);
  }

  bool anyone_in(const Scope& scope) const {
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      if (is_left(i, scope)) return true;
    }
    return false;
  }

  /// Every endpoint that is left in `scope`, at least one, has as many requests as it may have.
  bool all_full_in(const Scope& scope) const {
    bool any = false;
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      if (!is_left(i, scope)) continue;
      if (has_room(candidates_[i])) return false;
      any = true;
    }
    return any;
  }

  /// One look; nothing: what it saw changed meanwhile.
  std::optional<Pick> look() {
    if (!rules_.backups && !rules_.zones) {
      const Pick pick = among({});
      if (pick.index != none) return pick;
      return anyone_in({}) ? full_in({}) : among_all();
    }
    for (const bool backups : {false, true}) {
      Scope scope;
      scope.primaries = !backups;
      scope.backups = backups;
      const Supply supply = survey(scope);
      if (!supply.left) continue;
      Pick pick = in_zones(scope, supply);
      if (pick.index == none) return full_in(scope);
      pick.primaries_out = backups && std::ranges::none_of(candidates_, is_usable_primary);
      return pick;
    }
    return among_all();
  }

  std::optional<Pick> full_in(const Scope& scope) const {
    if (!all_full_in(scope)) return std::nullopt;
    Pick pick;
    pick.full = true;
    return pick;
  }

  Supply survey(const Scope& scope) const {
    Supply supply;
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      const upstream::Candidate& candidate = candidates_[i];
      if (candidate.backup != scope.backups) continue;
      if (candidate.local) supply.local_weight += candidate.weight;
      if (!candidate.state->usable()) continue;
      if (candidate.local) supply.local_usable += candidate.weight;
      supply.left = supply.left || !request_.tried.contains(i);
    }
    return supply;
  }

  Pick in_zones(Scope scope, const Supply& supply) {
    if (!rules_.zones || supply.local_weight == 0) return among(scope);
    // Keys that spill over are always the same ones.
    const bool by_key = rules_.policy == config::Balance::hash;
    const std::uint64_t draw = mix(~(by_key ? draw_.key : draw_.random));
    scope.local = stays_local(supply, draw);
    scope.other = !scope.local;
    const Pick pick = among(scope);
    if (pick.index != none) return pick;
    std::swap(scope.local, scope.other);
    return among(scope);
  }

  /// No usable one is left, or too few are: all that no operator took out.
  Pick among_all(bool panic = false) {
    Scope scope;
    scope.out_too = true;
    Pick pick = among(scope);
    if (pick.index == none) {
      pick.full = rules_.limits && anyone_in(scope);
      return pick;
    }
    pick.panic = panic || std::ranges::none_of(candidates_, is_usable);
    return pick;
  }

  Pick among(const Scope& scope) {
    const Field field(candidates_, request_, rules_.slow_start, scope);
    for (int tries = 1; tries <= pick_tries_max; ++tries) {
      const Choice choice = policy_.choose(field, draw_);
      if (choice.index == none) return {};
      const upstream::Candidate& candidate = candidates_[choice.index];
      const bool exact = policy_.exact && tries < pick_tries_max;
      if (!(exact ? count_from(rules_, candidate, choice.in_flight) : count_below_limit(rules_, candidate)))
        continue;
      Pick pick;
      pick.index = choice.index;
      pick.ticket = candidate.state->health.ticket();
      return pick;
    }
    return {};
  }

  const Rules& rules_;
  const Candidates candidates_;
  const PickRequest& request_;
  const PolicyInfo policy_;
  const bool panic_;  // seen last; looked at again, as it may have ended since
  Draw draw_;
};

Pick take_due_probe(const Rules& rules, Candidates candidates, const PickRequest& request) {
  Pick none_due;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const upstream::Candidate& candidate = candidates[i];
    upstream::EndpointState& endpoint = *candidate.state;
    if (endpoint.health.usable() || !endpoint.health.probe_due(request.now)) continue;
    if (endpoint.out.load(std::memory_order_relaxed) != 0 || request.tried.contains(i)) continue;
    const bool primaries_out = rules.backups && std::ranges::none_of(candidates, is_usable_primary);
    if (candidate.backup && !primaries_out) continue;
    if (!request.may_probe && !endpoint.health.probe_overdue(request.now) &&
        usable_left(candidates, request.tried)) {
      continue;
    }
    if (!count_below_limit(rules, candidate)) continue;
    Pick pick;
    if (endpoint.health.claim_probe(request.now, pick.ticket)) {
      pick.index = i;
      pick.primaries_out = primaries_out;
      return pick;
    }
    release(endpoint, rules.one_worker);
    none_due.gave_back = true;
  }
  return none_due;
}

}  // namespace

Rules::Rules(const config::Upstream& upstream, Candidates candidates)
    : policy(upstream.balance),
      slow_start(upstream.slow_start),
      backups(std::ranges::any_of(candidates, &upstream::Candidate::backup)),
      zones(std::ranges::any_of(candidates, &upstream::Candidate::local) &&
            !std::ranges::all_of(candidates, &upstream::Candidate::local)),
      limits(std::ranges::any_of(
          candidates, [](const upstream::Candidate& candidate) { return candidate.max_connections != 0; })) {}

Pick acquire(const Rules& rules, Shared& shared, Candidates candidates, const PickRequest& request) {
  const Pick probe = take_due_probe(rules, candidates, request);
  if (probe.index != none) return probe;
  Pick pick = Picking(rules, shared, candidates, request).by_policy();
  pick.gave_back = probe.gave_back;
  return pick;
}

void release(upstream::EndpointState& endpoint, bool one_worker) {
  if (one_worker) {
    const std::uint32_t now = endpoint.in_flight.load(std::memory_order_relaxed);
    assert(now > 0);
    endpoint.in_flight.store(now - 1, std::memory_order_relaxed);
    return;
  }
  [[maybe_unused]] const auto before = endpoint.in_flight.fetch_sub(1, std::memory_order_relaxed);
  assert(before > 0);
}

bool another_left(Candidates candidates, const Tried& tried) {
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (!candidates[i].state->taken_out() && !tried.contains(i)) return true;
  }
  return false;
}

bool usable_left(Candidates candidates, const Tried& tried) {
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (candidates[i].state->usable() && !tried.contains(i)) return true;
  }
  return false;
}

}  // namespace weir::balance
