// `weir rollout start`, `status`, `watch`, `hold`, `resume`, `promote` and `rollback`: the calls to the admin address
// and what they print. Main thread of the command; blocking.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "cli/client.hpp"

namespace weir::control {

inline constexpr Milliseconds rollout_wait_default{3 * 3'600'000};

enum class RolloutEnd : std::uint8_t {
  done,         // finished, or what was asked for is done
  refused,      // it answered, and would not; or the rollout ended without a verdict
  rolled_back,  // it was waited for
  held,         // it still runs, or is held, at the end of the time
  unreachable,
  usage,  // the arguments themselves are wrong; nothing was asked
};

struct RolloutStarting {
  std::string route;
  std::string steps;  // `1,10,50`; empty: those of the configuration
  bool keep = false, wait = false;
  std::string reason, generation;
  Milliseconds timeout = rollout_wait_default;
};

struct RolloutSteering {
  std::string route, action;  // hold | resume | promote | rollback
  std::string to;             // percent; of promote
  std::string reason, generation;
};

/// Sentences go to `out`, progress to `err`.
RolloutEnd start_rollout(const AdminTarget& target, const RolloutStarting& starting, bool as_json,
                         std::ostream& out, std::ostream& err);
RolloutEnd steer_rollout(const AdminTarget& target, const RolloutSteering& steering, bool as_json,
                         std::ostream& out, std::ostream& err);
/// Of all routes, or of `route`.
RolloutEnd show_rollouts(const AdminTarget& target, const std::string& route, bool as_json, std::ostream& out,
                         std::ostream& err);
/// Until it is over, or for `timeout`.
RolloutEnd watch_rollout(const AdminTarget& target, const std::string& route,
                         std::optional<Milliseconds> timeout, bool as_json, std::ostream& out,
                         std::ostream& err);

/// The body of the POST or PUT, or what is wrong with the arguments. `who`: who asks. Pure.
Result<std::string> start_rollout_body(const RolloutStarting& starting, const std::string& who);
Result<std::string> steer_rollout_body(const RolloutSteering& steering, const std::string& who);

}  // namespace weir::control
