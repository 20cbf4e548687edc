#include "balance/policies.hpp"
#include "balance/weighted_turn.hpp"

namespace weir::balance {
namespace {

/// Requests in flight for a weight, as a fraction.
struct Share {
  std::uint64_t requests;
  std::uint64_t weight;

  // Both factors fit in 32 bits, so no product overflows.
  bool less_than(const Share& other) const { return requests * other.weight < other.requests * weight; }
};

/// The bound is the smallest share that an endpoint would have with the request. One that is below it without the
/// request may have it: with equal weights those are the ones with the fewest requests, at rest they are all. Taking
/// only the one that the bound belongs to would leave lighter ones without any request at low load.
Choice by_weight(const Field& field, const Draw& draw) {
  Share bound{};
  Choice best;
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (!field.may_pick(i)) continue;
    const std::uint32_t in_flight = field.load(i);
    const Share share{std::uint64_t{in_flight} + 1, field.weight(i)};
    if (best.index != none && !share.less_than(bound)) continue;
    bound = share;
    best = {i, in_flight};
  }
  if (best.index == none) return best;
  const Choice turn = weighted_turn(field, draw.turn, [&](std::size_t i, std::uint32_t in_flight) {
    return field.may_pick(i) && Share{in_flight, field.weight(i)}.less_than(bound);
  });
  return turn.index == none ? best : turn;
}

}  // namespace

Choice least_connections(const Field& field, const Draw& draw) {
  std::uint64_t weight = 0;
  std::uint64_t ties = 0;
  Choice choice;
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (!field.may_pick(i)) continue;
    const std::uint32_t in_flight = field.load(i);
    const std::uint64_t own = field.weight(i);
    if (ties == 0) {
      weight = own;
    } else if (own != weight) {
      return by_weight(field, draw);
    } else if (in_flight >= choice.in_flight) {
      ties += in_flight == choice.in_flight ? 1 : 0;
      continue;
    }
    ties = 1;
    choice = {i, in_flight};
  }
  if (ties <= 1) return choice;
  // The turn counts among the ties only, so that an endpoint after one that is out gets no double share. A
  // tie that went away since is no longer seen; the last one seen is right all the same.
  const std::uint32_t fewest = choice.in_flight;
  std::uint64_t skip = draw.turn % ties;
  for (std::size_t i = choice.index; skip != 0 && ++i < field.size();) {
    if (!field.may_pick(i)) continue;
    const std::uint32_t in_flight = field.load(i);
    if (in_flight > fewest) continue;
    choice = {i, in_flight};
    --skip;
  }
  return choice;
}

}  // namespace weir::balance
