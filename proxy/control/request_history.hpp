// How many requests of each route ended and failed in the last minutes, in stretches of time: the past against which a
// reload is judged. From the counters that workers have anyway. The control thread, but for count_some.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <vector>

#include "core/clock.hpp"
#include "observe/worker_metrics.hpp"
#include "rollout/before_after.hpp"

namespace weir::control {

/// Since the process began, by route. A request failed when its status was 5xx, or when it got none although its client
/// was there; one whose client left (499) counts as none.
using RouteCounts = std::map<observe::NameId, rollout::RequestCount>;

/// Adds the next series of a worker's metrics from `place` on, at most `most`; true when all have been. Worker thread.
bool count_some(const observe::WorkerMetrics& metrics, std::size_t& place, std::size_t most,
                RouteCounts& into);

class RequestHistory {
 public:
  static constexpr Milliseconds stretch{5'000};
  static constexpr std::size_t stretches_max = 60;  // five minutes

  /// What came since the last call is one more stretch.
  void add(const RouteCounts& totals);
  /// What came since the last call is none.
  void skip(const RouteCounts& totals) { totals_ = totals; }

  /// Of one route, the oldest first.
  std::vector<rollout::RequestCount> of(observe::NameId route) const;
  /// Of all routes together.
  std::vector<rollout::RequestCount> of_all() const;

 private:
  RouteCounts totals_;
  std::deque<RouteCounts> stretches_;  // of routes that had requests
};

/// What came between two totals. A name that another route got begins at 0.
RouteCounts difference(const RouteCounts& now, const RouteCounts& before);

}  // namespace weir::control
