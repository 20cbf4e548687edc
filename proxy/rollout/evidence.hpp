// The evidence that the canary is worse: a number that, if it is not, has expectation 1 at any time, so that it ever
// reaches x in at most one of x rollouts (Ville). It may be looked at as often as one likes.
//
// Each period starts a process of its own, which goes on to the end of the rollout; they are mixed by their priors,
// what has not begun counting 1, and so are the ratios. Families (failures, latency, client errors) are not mixed:
// each may reach its share of the limit by itself, and the union bound holds. For clients a mixture would not be
// exact, since a failure tells the side that slowness is yet to be counted for. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "rollout/period.hpp"

namespace weir::rollout {

/// Evidence, its share of the limit and the allowance applied: reached when value >= 1 / false_rollback * replicas.
struct Evidence {
  std::array<double, family_count> logs{};  // natural logarithms; 0 share: minus infinity
  Family strongest = Family::failures;
  /// Of the strongest family; up to 10^300.
  double value() const;
};

/// What `Evidence::value` must reach. Each of N Weirs that decide for themselves has an Nth of the rate.
double evidence_limit(const Settings& settings);
/// From here on the canary is suspicious: a tenth of the limit.
double suspicion_limit(const Settings& settings);

/// Evidence of many periods, of which only the last one changes: the others are summed up once. The definition is that
/// for each signal, with L(e, r) the log factor of period e for ratio r,
///   E = (1 - sum of priors of begun periods) + sum over r, i of prior(r) * prior(i) * exp(sum of L(e, r) over e >= i).
class EvidenceSum {
 public:
  /// `periods`: at least one. What is in the last one now does not matter.
  EvidenceSum(const Settings& settings, const std::vector<Period>& periods);
  /// `last`: the last of these periods, with what it has by now.
  Evidence with(const Settings& settings, const Period& last) const;

 private:
  double signal_log(Signal signal, const Period& last) const;

  /// ln of prior(r) times the sum over i of prior(i) * exp(sum of L over the periods from i to the last but one).
  std::array<std::array<double, ratio_count>, signal_count> before_{};
  double unbegun_ = 0;  // ln of the prior of the periods that have not begun
};

/// The period whose process has most of that family's evidence, its prior left aside; of several the latest. Since when
/// the canary seems to be worse.
std::size_t leading_period(const std::vector<Period>& periods, Family family);

}  // namespace weir::rollout
