// Routes that can never match, because an earlier one takes everything that they would. Pure; any thread.
#pragma once

#include <cstddef>
#include <vector>

#include "config/model.hpp"

namespace weir::config {

struct Shadow {
  std::size_t route;  // index of the route that cannot be reached
  std::size_t by;     // index of the first one that takes everything
};

/// Whether `earlier` matches every request that `later` matches. Careful rather than clever: true only where
/// it is certain (an expression covers nothing but itself).
bool covers(const RouteMatch& earlier, const RouteMatch& later);

/// Every unreachable route, in order. A null entry takes no part. Close to linear: a route is compared with
/// those only that share a host, a leading path and a header condition, and with no more of them than
/// comparisons_max.
inline constexpr std::size_t comparisons_max = 256;
std::vector<Shadow> find_unreachable(const std::vector<const RouteMatch*>& matches);

}  // namespace weir::config
