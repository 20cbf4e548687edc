// What the rollouts of a route came to since the process began: the counters behind its metrics. Plain values; the
// control thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "rollout/decision.hpp"
#include "rollout/rollout.hpp"

namespace weir::control {

struct RolloutCounters {
  struct BySide {
    std::uint64_t ok = 0, failed = 0, client_errors = 0;  // requests
    std::uint64_t slow = 0;  // slower than most on the comparison side: SlowBounds
  };
  std::array<BySide, rollout::side_count> sides;
  std::map<std::string, std::uint64_t>
      decisions;              // by kind, with its cause where it has one: `held_low_traffic`
  std::uint64_t dropped = 0;  // records of clients for which a worker had no room

  /// What the machine is about to count, or leaves out.
  void add(const rollout::Counts& counts, const rollout::State& state);
  void add(const std::string& kind, const std::string& cause);
};

}  // namespace weir::control
