// One simulated rollout: the policy and the turns that Weir goes by, over simulated traffic. Seeded; one thread for
// each.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "rollout/rollout.hpp"
#include "simulate/traffic.hpp"

namespace weir::sim {

struct Scenario {
  World world;
  rollout::Settings settings;
  double requests_per_second = 20;
  std::size_t clients = 0;        // of the population; 0: requests have no client
  double seconds_max = 4 * 3600;  // then the trial ends as it is
  std::uint64_t canary_requests_max =
      0;  // the same, and it goes on after a rollback until then; 0: no such end
};

/// What both sides had so far.
struct Seen {
  std::uint64_t canary = 0, canary_failed = 0, other = 0, other_failed = 0;
};
/// What there is to see after each tick, for other rules on the same traffic.
struct Look {
  double seconds = 0, step_seconds = 0;
  const Seen &all, &step;  // of the rollout; of the step
  bool is_new_step = false;
};

struct Trial {
  bool rolled_back = false, finished = false;
  std::uint64_t canary_requests = 0;  // until then
  std::uint64_t canary_clients = 0;   // of the step
  bool held_shared_cause = false, resumed = false, held_low_traffic = false;
  double seconds = 0;    // until its end
  std::string sentence;  // of the last decision
};

Trial run_trial(const Scenario& scenario, std::uint64_t seed,
                const std::function<void(const Look&)>& watcher = {});

/// `work(i)` for each i below `count`, over all processors.
void for_each_trial(std::size_t count, const std::function<void(std::size_t)>& work);
/// The seed of trial `i` of a row of them.
std::uint64_t seed_of(std::uint64_t seed, std::size_t i);
/// `count` of them with seeds from `seed` on, over all processors; the same result with any number of them.
std::vector<Trial> run_trials(const Scenario& scenario, std::size_t count, std::uint64_t seed);

}  // namespace weir::sim
