// The test statistic: how much better "the canary has this event r times as often" explains a tally than "the canary
// changes nothing". Given that a unit had the event, it was on the canary with chance w in the second case, and with
//
//   q = w r / d,  d = 1 + w (r - 1)
//
// in the first. So an event multiplies by q/w = r/d where it was on the canary, and by (1-q)/(1-w) = 1/d where it was
// not; one of half badness by the mean of that and 1. The expected factor is w r/d + (1-w)/d = 1, exactly, whatever the
// rate of events is, or how it changes. Pure; any thread.
#pragma once

#include <cstdint>

#include "rollout/tally.hpp"

namespace weir::rollout {

/// The natural logarithm of the factor of all events of a tally. `ratio` > 1.
///
/// Error: |computed - exact| <= 6 * 2^-53 * (events * ln d + on_canary * ln r), with `log` and `log1p` right to a unit
/// in the last place. So evidence of a billion events is off by less than one part in a hundred thousand, and that of
/// a million by less than one in a hundred million.
double log_factor(const Tally& tally, double ratio);
/// The same of whole events, `on_canary` of them there, where each had that chance. 0 < chance < 1.
double log_factor(double chance, std::uint64_t events, std::uint64_t on_canary, double ratio);

}  // namespace weir::rollout
