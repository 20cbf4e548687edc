// The prior of the test: over how many times as often a worse canary has an event, over when it became worse, and over
// what it is that became worse. Each sums to 1, so that the mixed evidence has expectation 1, too. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "rollout/tally.hpp"

namespace weir::rollout {

struct Ratio {
  double ratio, prior;
};
inline constexpr std::size_t ratio_count = 4;
/// Failures range from twice to a hundred times as often; slow units are common, and never that much more so.
inline constexpr std::array<Ratio, ratio_count> failure_ratios{{{2, .20}, {6, .35}, {20, .25}, {100, .20}}};
inline constexpr std::array<Ratio, ratio_count> latency_ratios{{{1.3, .25}, {2, .35}, {4, .25}, {10, .15}}};
std::span<const Ratio, ratio_count> ratios(Signal signal);

/// 0 for what is not watched; the others sum to 1.
double family_share(const Settings& settings, Family family);

/// The family of latency is two signals, mixed.
inline constexpr double slow95_share = .7, slow50_share = .3;

/// A period is a quarter of a step's hold; each starts evidence anew, beside that of the earlier ones, which goes on:
/// so a canary that breaks late is not drowned by its good past. The prior of the period with number `place`:
///   0                                   the first of the rollout: .40
///   1 .. 4 K - 1                        the other quarters of the K steps that have a comparison: .55, shared evenly
///   4 K + j, j = 0 .. extra_periods_max - 1   what came in addition (prolonged or repeated steps): .05 * 2^-(j+1)
inline constexpr std::size_t quarters = 4;
inline constexpr std::size_t extra_periods_max = 64;
double period_prior(std::size_t compared_steps, std::size_t place);

/// What evidence is divided by, so that the stated rate holds although turns are dealt in permuted cycles. Within a
/// cycle the sides of requests are drawn without replacement: a canary that has not come up yet is likelier to come
/// next, so stopping in the middle of a cycle can gain up to 1.025 times, with split::target_turns_min turns of the
/// canary in a cycle and every request an event. Clients are drawn one by one, and need no allowance.
double allowance(const Settings& settings);

}  // namespace weir::rollout
