// Whether the comparison side fails in a way that it did not before: then something that both sides share is broken,
// and nothing that is counted now tells the versions apart well. Goes by the comparison side alone and by the past
// alone, so that a pause changes no chance of what comes after it. Pure; any thread.
#pragma once

#include "rollout/recent.hpp"

namespace weir::rollout {

inline constexpr std::uint64_t shared_failures_min = 10;     // in ten seconds
inline constexpr std::uint64_t shared_rate_min_percent = 5;  // and of the requests in them
inline constexpr std::uint64_t shared_rate_factor =
    4;  // and so many times the rate of the ten minutes before
inline constexpr std::uint64_t shared_past_requests_min = 100;  // of which there have to be so many requests
inline constexpr Milliseconds shared_calm{30'000};              // how long not, until it is over

bool is_shared_cause(const Outcomes& last_seconds, const Outcomes& past);

}  // namespace weir::rollout
