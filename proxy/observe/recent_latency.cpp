#include "observe/recent_latency.hpp"

#include <numeric>

namespace weir::observe {

std::optional<double> quantile(const Buckets& buckets, double share) {
  const std::uint64_t total = std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0});
  if (total == 0) return std::nullopt;
  const double wanted = share * static_cast<double>(total);
  double below = 0, lower = 0;
  for (std::size_t i = 0; i < duration_bounds.size(); ++i) {
    const double inside = static_cast<double>(buckets[i]);
    if (inside > 0 && below + inside >= wanted)
      return lower + (duration_bounds[i] - lower) * (wanted - below) / inside;
    below += inside;
    lower = duration_bounds[i];
  }
  return lower;
}

void RecentLatency::add(const Buckets& buckets) {
  for (std::size_t i = 0; i < buckets.size(); ++i) ring_[next_][i] = PackedCount(buckets[i]);
  next_ = static_cast<std::uint8_t>((next_ + 1u) % seconds);
}

Buckets RecentLatency::sum() const {
  Buckets total{};
  for (const auto& second : ring_) {
    for (std::size_t i = 0; i < second.size(); ++i) total[i] += second[i].value().value_or(0);
  }
  return total;
}

}  // namespace weir::observe
