#include "rollout/material.hpp"

namespace weir::rollout {

bool is_rate_material(std::uint64_t canary_failed, std::uint64_t canary_requests, std::uint64_t failed,
                      std::uint64_t requests, Share points) {
  if (canary_requests == 0) return false;
  const double there = static_cast<double>(canary_failed) / static_cast<double>(canary_requests);
  const double here = requests == 0 ? 0 : static_cast<double>(failed) / static_cast<double>(requests);
  return there > here && there - here >= static_cast<double>(points) / whole;
}

bool is_latency_material(const SideLatency& latency, std::uint32_t percent) {
  for (const Histogram& side : latency) {
    if (side.total() < material_latency_values_min) return false;
  }
  const auto canary = bucket_bound(*latency[index(Side::canary)].quantile(95));
  const auto comparison = bucket_bound(*latency[index(Side::comparison)].quantile(95));
  return canary - comparison >= material_latency_min &&
         canary.count() * 100 >= comparison.count() * (100 + percent);
}

}  // namespace weir::rollout
