#include "balance/trial_picks.hpp"

#include <memory>

#include "core/stable_hash.hpp"

namespace weir::balance {
namespace {

std::unique_ptr<upstream::EndpointState> copy_of(const upstream::EndpointState& endpoint) {
  auto copy = std::make_unique<upstream::EndpointState>(endpoint.upstream, endpoint.label, endpoint.address,
                                                        endpoint.slot);
  copy->in_flight = endpoint.in_flight.load(std::memory_order_relaxed);
  copy->health.copy(endpoint.health);
  copy->out = endpoint.out.load(std::memory_order_relaxed);
  copy->serving_since = endpoint.serving_since.load(std::memory_order_relaxed);
  copy->latency.copy(endpoint.latency);
  return copy;
}

/// The copy of an upstream.
class Trial {
 public:
  Trial(const Rules& rules, const Shared& shared, std::span<const upstream::Candidate> candidates)
      : rules_(rules), candidates_(candidates.begin(), candidates.end()) {
    rules_.one_worker = true;  // no other thread has the copy
    shared_.turn = shared.turn.load(std::memory_order_relaxed);
    shared_.panic.observe(shared.panic.in_force());
    states_.reserve(candidates_.size());
    for (upstream::Candidate& candidate : candidates_) {
      candidate.state = states_.emplace_back(copy_of(*candidate.state)).get();
    }
  }

  /// As EndpointChoice picks: the last choice is taken before those that are out.
  Pick pick(PickRequest request, std::size_t last) {
    if (last != none && !request.tried.contains(last)) {
      PickRequest others = request;
      others.tried.add(last);
      if (usable_left(candidates_, others.tried)) {
        const Pick found = take(others);
        if (found.index != none) return found;
      }
    }
    return take(request);
  }

 private:
  Pick take(const PickRequest& request) {
    const Pick found = acquire(rules_, shared_, candidates_, request);
    if (found.index != none) release(*candidates_[found.index].state, true);
    return found;
  }

  Rules rules_;
  Shared shared_;
  std::vector<upstream::Candidate> candidates_;
  std::vector<std::unique_ptr<upstream::EndpointState>> states_;
};

}  // namespace

TrialPicks try_picks(const Rules& rules, const Shared& shared,
                     std::span<const upstream::Candidate> candidates, const PickRequest& request,
                     std::size_t last, std::uint32_t count, std::uint64_t seed) {
  TrialPicks result;
  result.picks.resize(candidates.size());
  Trial trial(rules, shared, candidates);
  PickRequest next = request;
  for (std::uint32_t i = 0; i < count; ++i) {
    next.random = mix(seed + i);
    const Pick pick = trial.pick(next, last);
    if (i == 0) result.first = pick;
    if (pick.index == none) continue;
    ++result.picks[pick.index];
    ++result.made;
  }
  return result;
}

}  // namespace weir::balance
