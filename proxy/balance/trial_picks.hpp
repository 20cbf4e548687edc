// What balancing would do for the next requests: `acquire` itself, run on a copy of the endpoints' state, so that what
// is said is what happens and nothing is counted, probed or turned. For people who look; it allocates. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "balance/balance.hpp"

namespace weir::balance {

struct TrialPicks {
  Pick first;                        // of the next request
  std::vector<std::uint32_t> picks;  // by candidate, of `made`; each sees the loads of now
  std::uint32_t made = 0;            // that found an endpoint
};

/// Lets `count` requests pick one after the other, each of which ends before the next. `last`: the endpoint that comes
/// after all others that are usable (EndpointChoice), or `none`. With random policies `picks` is a sample of `seed`.
TrialPicks try_picks(const Rules& rules, const Shared& shared,
                     std::span<const upstream::Candidate> candidates, const PickRequest& request,
                     std::size_t last, std::uint32_t count, std::uint64_t seed);

}  // namespace weir::balance
