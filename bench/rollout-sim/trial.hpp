// One simulated rollout: the product's own policy and turns over simulated traffic, the rival rules beside it. Seeded;
// one thread for each.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rollout/rollout.hpp"
#include "traffic.hpp"

namespace weir::sim {

struct Scenario {
  World world;
  rollout::Settings settings;
  double requests_per_second = 20;
  std::size_t clients = 0;                // of the population; 0: requests have no client
  double seconds_max = 4 * 3600;          // then the trial ends as it is
  std::uint64_t canary_requests_max = 0;  // the same, in the first step, for the rivals' sake; 0: no such end
};

struct Trial {
  bool rolled_back = false, finished = false;
  std::uint64_t canary_requests = 0;  // until then
  std::uint64_t canary_clients = 0;   // of the step
  bool held_shared_cause = false, resumed = false, held_low_traffic = false;
  std::optional<std::uint64_t> flagger_after, z_after;  // canary requests when they took it back
  std::string sentence;                                 // of the last decision
};

Trial run_trial(const Scenario& scenario, std::uint64_t seed);
/// `count` of them with seeds from `seed` on, over all processors; the same result with any number of them.
std::vector<Trial> run_trials(const Scenario& scenario, std::size_t count, std::uint64_t seed);

}  // namespace weir::sim
