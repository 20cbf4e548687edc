// Simulated rollouts, and what two rival rules say on the same traffic. Seeded; over all processors.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "simulate/trial.hpp"

namespace weir::sim {

struct Compared : Trial {
  std::optional<std::uint64_t> flagger_after, z_after;  // canary requests when they took it back
};

/// `count` of them with seeds from `seed` on; the same result with any number of processors.
std::vector<Compared> run_compared(const Scenario& scenario, std::size_t count, std::uint64_t seed);

}  // namespace weir::sim
