#include "rollout/before_after.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "rollout/likelihood.hpp"
#include "rollout/mixture.hpp"

namespace weir::rollout {

RequestCount& RequestCount::operator+=(const RequestCount& other) {
  requests += other.requests;
  failed += other.failed;
  return *this;
}

double log_evidence(const BeforeAfter& comparison) {
  const auto& [before, after, spread] = comparison;
  const std::uint64_t events = before.failed + after.failed;
  if (before.requests == 0 || after.requests == 0 || events == 0) return 0;
  const double chance =
      static_cast<double>(after.requests) / static_cast<double>(before.requests + after.requests);
  std::array<double, ratio_count> logs{};
  for (std::size_t i = 0; i < ratio_count; ++i) {
    const auto [ratio, prior] = failure_ratios[i];
    logs[i] = std::log(prior) + log_factor(chance, events, after.failed, ratio) / std::max(spread, 1.0);
  }
  const double high = *std::ranges::max_element(logs);
  double sum = 0;
  for (const double log : logs) sum += std::exp(log - high);
  return high + std::log(sum);
}

double dispersion(std::span<const RequestCount> stretches) {
  RequestCount all;
  std::size_t used = 0;
  for (const RequestCount& each : stretches) {
    all += each;
    used += each.requests != 0 ? 1 : 0;
  }
  if (used < 2 || all.failed == 0 || all.failed == all.requests) return 1;
  const double rate = static_cast<double>(all.failed) / static_cast<double>(all.requests);
  double sum = 0;
  for (const RequestCount& each : stretches) {
    if (each.requests == 0) continue;
    const double expected = rate * static_cast<double>(each.requests);
    const double off = static_cast<double>(each.failed) - expected;
    sum += off * off / (expected * (1 - rate));
  }
  return std::max(1.0, sum / static_cast<double>(used - 1));
}

}  // namespace weir::rollout
