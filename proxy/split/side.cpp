#include "split/side.hpp"

#include <algorithm>

namespace weir::split {

bool is_out(std::span<const upstream::Candidate> candidates, const config::PassiveHealth& settings) {
  return std::ranges::none_of(candidates, [&settings](const upstream::Candidate& candidate) {
    const upstream::EndpointState& endpoint = *candidate.state;
    if (!endpoint.usable()) return false;
    // Discounted failures are no reason to eject, but the side has answered nothing well since.
    const std::uint64_t failures =
        endpoint.health.consecutive_failures() + endpoint.discounted.load(std::memory_order_relaxed);
    return settings.consecutive_failures == 0 || failures < settings.consecutive_failures;
  });
}

bool Trial::claim(TimePoint now, Milliseconds interval) {
  TimePoint::rep next = next_.load(std::memory_order_relaxed);
  if (now.time_since_epoch().count() < next) return false;
  const bool is_trial = next != resting;
  const TimePoint::rep after = (now + interval).time_since_epoch().count();
  return next_.compare_exchange_strong(next, after, std::memory_order_relaxed) && is_trial;
}

}  // namespace weir::split
