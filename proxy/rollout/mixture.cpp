#include "rollout/mixture.hpp"

#include <cmath>

namespace weir::rollout {

std::span<const Ratio, ratio_count> ratios(Signal signal) {
  const bool slow = signal == Signal::slow95 || signal == Signal::slow50;
  return slow ? latency_ratios : failure_ratios;
}

double family_share(const Settings& settings, Family family) {
  constexpr double watched[2][2][family_count] = {
      // failures, latency, client errors
      {{1, 0, 0}, {.73, 0, .27}},
      {{.70, .30, 0}, {.55, .25, .20}},
  };
  return watched[settings.latency ? 1 : 0][settings.client_errors ? 1 : 0][static_cast<std::size_t>(family)];
}

double period_prior(std::size_t compared_steps, std::size_t place) {
  const std::size_t regular = quarters * compared_steps;
  if (place == 0) return .40;
  if (place < regular) return .55 / static_cast<double>(regular - 1);
  return .05 * std::ldexp(1.0, -static_cast<int>(place - regular + 1));
}

double allowance(const Settings& settings) {
  return settings.by_client ? 1.0 : 1.03;
}

}  // namespace weir::rollout
