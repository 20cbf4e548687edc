#include "balance/policies.hpp"

namespace weir::balance {
namespace {

/// What a candidate's load would be with one more request, as a fraction.
struct Share {
  std::uint64_t requests;
  std::uint64_t weight;

  // Both factors fit in 32 bits, so no product overflows.
  bool less_than(const Share& other) const { return requests * other.weight < other.requests * weight; }
};

Share share_of(const Field& field, std::size_t i, std::uint32_t in_flight) {
  return {std::uint64_t{in_flight} + 1, field.weight(i)};
}

}  // namespace

Choice least_connections(const Field& field, const Draw& draw) {
  Share best{};
  std::uint64_t ties = 0;
  Choice choice;
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (!field.may_pick(i)) continue;
    const std::uint32_t in_flight = field.load(i);
    const Share share = share_of(field, i, in_flight);
    if (ties == 0 || share.less_than(best)) {
      best = share;
      ties = 1;
      choice = {i, in_flight};
    } else if (!best.less_than(share)) {
      ++ties;
    }
  }
  if (ties <= 1) return choice;
  // The turn counts among the ties only, so that an endpoint after one that is out gets no double share. A
  // tie that went away since is no longer seen; the last one seen is right all the same.
  std::uint64_t skip = draw.turn % ties;
  for (std::size_t i = choice.index; skip != 0 && ++i < field.size();) {
    if (!field.may_pick(i)) continue;
    const std::uint32_t in_flight = field.load(i);
    if (best.less_than(share_of(field, i, in_flight))) continue;
    choice = {i, in_flight};
    --skip;
  }
  return choice;
}

}  // namespace weir::balance
