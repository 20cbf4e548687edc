#include "rivals.hpp"

#include <cmath>

namespace weir::sim {

bool FlaggerLike::look(double seconds, const Seen& seen) {
  constexpr double interval = 60, success_min = 0.99;
  constexpr int failed_checks_max = 5;
  if (seconds < next_) return false;
  next_ += interval;
  const std::uint64_t requests = seen.canary - before_.canary,
                      failed = seen.canary_failed - before_.canary_failed;
  before_ = seen;
  if (static_cast<double>(requests - failed) < success_min * static_cast<double>(requests)) ++failed_checks_;
  return failed_checks_ >= failed_checks_max;
}

bool RepeatedZ::look(double seconds, const Seen& seen) {
  constexpr double interval = 10, z_limit = 2.326;
  if (seconds < next_) return false;
  next_ += interval;
  if (seen.canary == 0 || seen.other == 0) return false;
  const auto n1 = static_cast<double>(seen.canary), n0 = static_cast<double>(seen.other);
  const double p1 = static_cast<double>(seen.canary_failed) / n1,
               p0 = static_cast<double>(seen.other_failed) / n0;
  const double pooled = static_cast<double>(seen.canary_failed + seen.other_failed) / (n1 + n0);
  const double deviation = std::sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n0));
  return deviation > 0 && (p1 - p0) / deviation > z_limit;
}

}  // namespace weir::sim
