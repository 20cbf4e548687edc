// Whether requests fail more often since a moment than before it. The question is that of a rollout: given that a
// request failed, on which side was it? Here the sides are before and after, and the chance of after is its share of
// all requests, so that neither the rate of failures nor that of requests has to be known. If the moment changes
// nothing, and requests are exchangeable, the failures after it are drawn from all without replacement. The factor of
// likelihood.hpp has expectation 1 for draws with replacement; it is convex, so that for ours it has at most that
// (Hoeffding 1963, theorem 4). So at one look it reaches x in at most one of x cases.
//
// Time is no random choice, though: failures that come in bursts are not exchangeable. How much they did so before is
// measured, and evidence is divided by it. A burst of a kind that was not seen before looks like the moment's doing.
// Pure; any thread.
#pragma once

#include <cstdint>
#include <span>

namespace weir::rollout {

struct RequestCount {
  std::uint64_t requests = 0, failed = 0;  // failed <= requests
  RequestCount& operator+=(const RequestCount& other);
  bool operator==(const RequestCount&) const = default;
};

struct BeforeAfter {
  RequestCount before, after;
  double dispersion = 1;  // of `before`
};

/// The natural logarithm of the evidence that `after` fails more often; of no look at all, or without a past, 0.
double log_evidence(const BeforeAfter& comparison);

/// How much more failures vary over stretches of time than they would if each came by itself: Pearson's statistic over
/// its degrees of freedom, at least 1. Stretches without requests count as none.
double dispersion(std::span<const RequestCount> stretches);

}  // namespace weir::rollout
