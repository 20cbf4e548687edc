#include "rollout/period.hpp"

namespace weir::rollout {

Totals& Totals::operator+=(const Totals& other) {
  requests += other.requests;
  failed += other.failed;
  client_errors += other.client_errors;
  return *this;
}

SideTotals totals_since(const std::vector<Period>& periods, std::size_t first) {
  SideTotals sum;
  for (std::size_t i = first; i < periods.size(); ++i) {
    for (std::size_t side = 0; side < side_count; ++side) sum[side] += periods[i].totals[side];
  }
  return sum;
}

}  // namespace weir::rollout
