// Which zone a request goes to. The local zone serves alone while at least 70 % of its configured weight is usable.
// Below that it keeps usable / (70 % of configured) of the requests and the rest goes to the other zones, so none of
// its endpoints gets more than 1 / 0.7 of its usual share. Whom its part cannot take (all full, or tried) goes to
// the other part. Where the local zone has no endpoint in a tier at all, zones do not count there. Any thread.
#pragma once

#include <cstdint>

namespace weir::balance {

inline constexpr std::uint64_t local_percent_min = 70;

/// What one tier (primaries or backups) has.
struct Supply {
  std::uint64_t local_weight = 0;  // of the local zone, as configured
  std::uint64_t local_usable = 0;  // of it, the weight of usable endpoints
  bool left = false;               // some endpoint of any zone is usable and was not tried
};

/// `draw`: 64 uniform bits, the same for the same key where keys decide.
constexpr bool stays_local(const Supply& supply, std::uint64_t draw) {
  const std::uint64_t needed = supply.local_weight * local_percent_min;
  const std::uint64_t there = supply.local_usable * 100;
  return there >= needed || draw % needed < there;
}

}  // namespace weir::balance
