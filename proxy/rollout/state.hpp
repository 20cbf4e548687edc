// All that a rollout remembers: weights, clocks and counters. Evidence is not among it: it follows from the counters,
// so a restart goes on with the same. Plain values; one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "rollout/clients.hpp"
#include "rollout/material.hpp"
#include "rollout/period.hpp"
#include "rollout/step_decision.hpp"

namespace weir::rollout {

enum class Phase : std::uint8_t { running, finished, rolled_back };

/// Milliseconds that passed while the process ran.
struct Clocks {
  std::int64_t rollout_ms = 0;
  std::int64_t step_ms = 0;  // in this step
  std::int64_t hold_ms =
      0;  // of that, what counts towards its hold: neither an operator's nor a shared cause's
  std::int64_t warmup_left_ms = 0;
  std::int64_t canary_down_ms = 0;
  std::int64_t calm_ms = 0;  // since the shared cause was seen last
  bool operator==(const Clocks&) const = default;
};

struct State {
  Phase phase = Phase::running;
  std::optional<Held> held;
  bool is_operator_hold = false;
  bool is_noted = false;
  bool canary_seen = false;
  std::uint32_t publication = 1;    // grows with every change of the weights
  std::uint32_t step = 0;           // index of Settings::steps
  Share share = 0;                  // of the canary now; an operator's may be between two steps
  std::uint32_t quarter = 0;        // of the step's hold
  std::uint32_t prolongations = 0;  // of this step
  std::uint32_t extra_periods = 0;
  Clocks clocks;
  SideTotals step_totals;
  std::uint32_t step_period = 0;  // index of the first period of this step
  std::vector<Period> periods;    // 1 .. periods_max
  SlowBounds bounds;              // of the present period
  SideLatency step_latency, period_latency;
  Clients clients;
  bool operator==(const State&) const = default;
};

}  // namespace weir::rollout
