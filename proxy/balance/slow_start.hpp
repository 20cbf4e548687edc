// How much of its weight an endpoint has while it starts: from a tenth on, linearly to all of it. Any thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "core/clock.hpp"
#include "upstream/endpoint.hpp"

namespace weir::balance {

inline constexpr std::uint32_t whole_ramp = 1000;
inline constexpr std::uint32_t first_ramp = 100;

/// As EndpointState::serving_since wants it; never its 0.
inline std::int64_t serving_mark(TimePoint now) {
  return std::max<std::int64_t>(std::chrono::floor<Milliseconds>(now.time_since_epoch()).count(), 1);
}

/// In thousandths.
inline std::uint32_t ramp(const upstream::EndpointState& endpoint, TimePoint now, Milliseconds slow_start) {
  const std::int64_t since = endpoint.serving_since.load(std::memory_order_relaxed);
  if (since == 0 || slow_start.count() == 0) return whole_ramp;
  const std::int64_t age = serving_mark(now) - since;
  if (age >= slow_start.count()) return whole_ramp;
  const std::int64_t grown = (whole_ramp - first_ramp) * std::max<std::int64_t>(age, 0) / slow_start.count();
  return first_ramp + static_cast<std::uint32_t>(grown);
}

inline bool is_anyone_starting(std::span<const upstream::Candidate> candidates, TimePoint now,
                               Milliseconds slow_start) {
  return slow_start.count() != 0 &&
         std::ranges::any_of(candidates, [&](const upstream::Candidate& candidate) {
           return ramp(*candidate.state, now, slow_start) != whole_ramp;
         });
}

}  // namespace weir::balance
