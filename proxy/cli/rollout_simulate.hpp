// `weir rollout simulate`: what an operator's own settings do with simulated traffic, by the policy code that decides
// in the running process. No sockets; seeded; over all processors.
#pragma once

#include <cstdint>
#include <string>

#include "rollout/settings.hpp"

namespace weir::control {

/// So many simulated requests at most in all; there are fewer rollouts where that is not enough.
inline constexpr double simulated_requests_max = 300e6;

struct SimulateOptions {
  double base = 0.005, jump = 0.05;  // shares of requests, of clients where they are the unit
  double slower = 1;                 // factor of the canary's times, beside the jump
  double requests_per_second = 20;
  std::size_t rollouts = 200, clients = 2'000;
  std::uint64_t seed = 1;
};

/// A report for people, or with `as_json` one object:
/// {"route","rollouts","equal":{"rolled_back","upper_99","limit","finished","held","seconds":{"p50","p90"}},
///  "worse":{"rolled_back","finished","held","within_200","canary_requests":{"p50","p90","p95"},
///           "seconds":{"p50","p90","p95"}}}
std::string simulate_rollouts(const rollout::Settings& settings, const rollout::Names& names,
                              const SimulateOptions& options, bool as_json);

}  // namespace weir::control
