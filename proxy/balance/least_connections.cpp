#include "balance/candidates.hpp"

namespace weir::balance {
namespace {

/// What a candidate's load would be with one more request, as a fraction.
struct Share {
  std::uint64_t requests;
  std::uint64_t weight;

  // Both factors fit in 32 bits, so no product overflows.
  bool less_than(const Share& other) const { return requests * other.weight < other.requests * weight; }
};

Share share_of(const upstream::Candidate& candidate, std::uint32_t in_flight) {
  return {std::uint64_t{in_flight} + 1, candidate.weight};
}

std::uint32_t load_of(const upstream::Candidate& candidate) {
  return candidate.state->in_flight.load(std::memory_order_relaxed);
}

}  // namespace

LoadPick pick_least_loaded(std::span<const upstream::Candidate> candidates, Excluded excluded,
                           std::uint64_t turn) {
  Share best{};
  std::uint64_t ties = 0;
  LoadPick pick;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (!may_pick(candidates, excluded, i)) continue;
    const std::uint32_t in_flight = load_of(candidates[i]);
    const Share share = share_of(candidates[i], in_flight);
    if (ties == 0 || share.less_than(best)) {
      best = share;
      ties = 1;
      pick = {i, in_flight};
    } else if (!best.less_than(share)) {
      ++ties;
    }
  }
  if (ties <= 1) return pick;
  // The turn counts among the ties only, so that an endpoint after one that is out gets no double share. A
  // tie that went away since is no longer seen; the last one seen is right all the same.
  std::uint64_t skip = turn % ties;
  for (std::size_t i = pick.index; skip != 0 && ++i < candidates.size();) {
    if (!may_pick(candidates, excluded, i)) continue;
    const std::uint32_t in_flight = load_of(candidates[i]);
    const Share share = share_of(candidates[i], in_flight);
    if (best.less_than(share)) continue;
    pick = {i, in_flight};
    --skip;
  }
  return pick;
}

std::size_t least_connections(std::span<const upstream::Candidate> candidates, Excluded excluded,
                              std::uint64_t turn) {
  return pick_least_loaded(candidates, excluded, turn).index;
}

}  // namespace weir::balance
