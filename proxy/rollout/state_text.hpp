// The text form of a rollout's state: whole numbers and words, a line each, readable, and checked as a whole. A Weir
// that restarts reads it and goes on with the same evidence. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "core/error.hpp"
#include "rollout/state.hpp"

namespace weir::rollout {

/// Above what clients_max clients and periods_max periods take.
inline constexpr std::size_t state_bytes_max = 16 * 1024 * 1024;

//   weir-rollout-state 1
//   phase running                     running | finished | rolled_back
//   held shared_cause                 or: suspicious, low_traffic, none
//   flags operator noted seen         those that hold; `flags` alone: none
//   weights 3 1 2500                  publication, step, canary's share in basis points
//   step 2 0 1 4                      quarter, prolongations, extra periods, index of the step's first period
//   clocks 812500 212250 212250 0 0 0 milliseconds: rollout, step, hold, warm-up left, canary down, calm
//   bounds 61 38                      buckets of slow95 and slow50, or: none
//   totals 9312 41 0 3104 17 0        of the step: requests, failed, 4xx of the comparison, then of the canary
//   latency step comparison 31:4 32:9 bucket:count; step | period, comparison | canary; absent: none
//   period 0 0                        place, when it began; then its lines:
//   counted 9312 41 0 3104 17 0
//   tally failures 500 10000 full 17 4   signal, chance, badness, events, of these on the canary
//   sampled 0                         bits; then a line a client, by hash:
//   client 5c1fd6a0b1e3fc42 500 10000 0 10000 0 10000 comparison 3 1 1 seen failed
//   check 5c1fd6a0b1e3fc42            SipHash-2-4 with key 0 of everything before: the text is whole
std::string write_state(const State& state);
/// Exactly what write_state wrote, or an error (internal) that names the line.
Result<State> parse_state(std::string_view text);

}  // namespace weir::rollout
