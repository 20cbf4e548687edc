#include "server/rollout_runtime.hpp"

namespace weir::server {

RolloutFailures::RolloutFailures() : RolloutFailures(config::RolloutFailures{}) {}

RolloutFailures::RolloutFailures(const config::RolloutFailures& config) : kinds_(config.kinds) {
  for (const config::StatusRange& range : config.statuses) {
    for (int status = range.first; status <= range.last; ++status)
      statuses_.set(static_cast<std::size_t>(status));
  }
}

}  // namespace weir::server
