// Whether a difference is one that matters: evidence of a tiny one grows, too, given time. Both have to be there for a
// rollback, which can only make false ones rarer. Pure; any thread.
#pragma once

#include <array>

#include "rollout/period.hpp"

namespace weir::rollout {

inline constexpr Microseconds material_latency_min{5'000};

using SideLatency = std::array<Histogram, side_count>;

/// `failed` of the canary are by at least `points` (basis points) more of its requests than of the comparison's.
bool is_rate_material(std::uint64_t canary_failed, std::uint64_t canary_requests, std::uint64_t failed,
                      std::uint64_t requests, Share points);

/// The canary's p95 is by at least `percent` and 5 ms above, of as many values as there are.
bool is_latency_material(const SideLatency& latency, std::uint32_t percent);

}  // namespace weir::rollout
