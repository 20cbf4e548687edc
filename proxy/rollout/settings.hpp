// Settings of a rollout: the keys of `rollout:` on a route that the policy goes by, with their defaults and bounds,
// and the names for its sentences. Which outcome is a failure (`failures`) is decided where a request ends, and the
// salt (`salt`) belongs to the split: neither is seen here. Pure values; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/model.hpp"
#include "core/clock.hpp"

namespace weir::rollout {

/// Basis points: 10,000 are the whole. Of a route's traffic, of the units of a comparison, of rollouts.
using Share = std::uint32_t;
inline constexpr Share whole = config::rollout_whole;

inline constexpr std::size_t steps_max = config::rollout_steps_max;
inline constexpr Milliseconds hold_min = config::rollout_hold_min, hold_max = config::rollout_hold_max;
inline constexpr Milliseconds max_hold_max = config::rollout_max_hold_max;
inline constexpr Milliseconds warmup_max = config::rollout_warmup_max;
inline constexpr std::uint32_t min_units_max = config::rollout_min_units_max;
inline constexpr Share false_rollback_min = config::false_rollback_min;
inline constexpr Share false_rollback_max = config::false_rollback_max;
inline constexpr Share tolerate_failures_max = config::tolerate_failures_max;
inline constexpr std::uint32_t tolerate_latency_max = config::tolerate_latency_max;
inline constexpr std::uint32_t replicas_max = config::rollout_replicas_max;

using config::OnLowTraffic;
using config::OnSharedCause;

struct Settings {
  std::vector<Share> steps{500, 2'500, 5'000, whole};  // rising; the first is below the whole
  Milliseconds hold{600'000};                          // of each step
  Milliseconds max_hold{6 * 3'600'000};                // how long a step waits for traffic, its hold included
  std::uint32_t min_requests = 200;                    // of the canary, in a step
  std::uint32_t min_clients = 20;                      // the same, where the split has affinity
  Milliseconds warmup{30'000};                         // latency does not count
  Share false_rollback = 100;  // of rollouts between equal versions, everything together
  bool client_errors = false;  // 4xx count, too
  bool latency = true;
  Share tolerate_failures = 50;         // points by which the canary's failures may be worse
  std::uint32_t tolerate_latency = 10;  // percent by which its p95 may be; and 5 ms
  OnLowTraffic on_low_traffic = OnLowTraffic::hold;
  OnSharedCause on_shared_cause = OnSharedCause::hold;
  std::uint32_t replicas = 1;  // Weirs that run this rollout, each for itself

  // From the rest of the route.
  bool by_client = false;     // the split has affinity: a unit is a client, else a request
  bool has_baseline = false;  // a third target runs the old version at the canary's size
  bool operator==(const Settings&) const = default;
};

/// Of a route whose action has a rollout.
Settings settings_of(const config::ProxyAction& action);

/// Upstreams by name, for sentences. `comparison` is the baseline where there is one, else the stable target.
struct Names {
  std::string route, canary, comparison;
};

/// The names of such a route.
Names names_of(const config::Config& config, const config::Route& route);

/// Everything that is wrong with the settings, a phrase each: `steps: 25 % comes after 50 %`. Empty: nothing.
std::vector<std::string> faults(const Settings& settings);

/// Shares of a route's traffic. They sum to the whole.
struct Weights {
  Share canary = 0, baseline = 0, stable = whole;
  bool operator==(const Weights&) const = default;
};

/// The canary gets `canary`; a baseline the same as far as there is room.
Weights weights_for(const Settings& settings, Share canary);

/// The canary's share of all units that it is compared with: exact in basis points, with a baseline, too.
Share compared_share(const Settings& settings, Share canary);

/// How many steps have a comparison: those below the whole. 1 .. steps_max.
std::size_t compared_steps(const Settings& settings);

}  // namespace weir::rollout
