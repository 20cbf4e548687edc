// What a step would have noticed: how small a jump of the canary's failures, from the step's beginning, would have led
// to a rollback in 95 of 100 rollouts like it. What is said at every step up, so that "no evidence" is not read as "no
// difference". Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>

#include "rollout/settings.hpp"

namespace weir::rollout {

struct Exposure {
  Share share = 0;                 // of the canary among the compared
  std::uint64_t canary_units = 0;  // in the step
  double base_rate = 0;            // failures per unit of the comparison
  std::size_t place = 0;           // of the step's first period
};

/// In basis points, rounded up; nothing where not even failing always would have been noticed.
///
/// Events are taken as Poisson. In n canary units with rate p1 there, and p0 on the other side with (1-w)/w times as
/// many units, the logarithm of the evidence for a ratio has mean n m and variance n v,
///   m = p1 ln(q/w) + p0 (1-w)/w ln((1-q)/(1-w)),  v the same with squared logarithms,
/// and reaches the limit in 95 % when n m - 1.645 sqrt(n v) >= ln(limit / priors). The smallest p1 of all ratios.
std::optional<Share> smallest_jump(const Settings& settings, const Exposure& exposure);

}  // namespace weir::rollout
