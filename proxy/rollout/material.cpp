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
  const auto there = latency[index(Side::canary)].quantile(95),
             here = latency[index(Side::comparison)].quantile(95);
  if (!there || !here) return false;
  const Microseconds canary = bucket_bound(*there), comparison = bucket_bound(*here);
  return canary - comparison >= material_latency_min &&
         canary.count() * 100 >= comparison.count() * (100 + percent);
}

}  // namespace weir::rollout
