// What one kind of event came to, counted: of the units that had it, how many were on the canary, beside the chance
// that each had to be there if the canary changed nothing. Only whole numbers: the evidence follows from them, now and
// after a restart. Pure values; any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "rollout/settings.hpp"

namespace weir::rollout {

/// What happened to a unit. A client's slowness has two grades.
enum class Signal : std::uint8_t { failures, slow95, slow50, client_errors };
inline constexpr std::size_t signal_count = 4;

/// Signals that are judged together. Each family has a share of the rate of false rollbacks, and takes back by itself.
enum class Family : std::uint8_t { failures, latency, client_errors };
inline constexpr std::size_t family_count = 3;

/// The chance `canary` of `of` that a unit is on the canary. 0 < canary < of <= whole: a unit whose side is known
/// beforehand says nothing.
struct Chance {
  Share canary = 0, of = whole;
  bool operator==(const Chance&) const = default;
  bool is_open() const { return canary > 0 && canary < of; }
};

/// How bad an event is. `half` is a client that was slow once, `full` everything else.
enum class Badness : std::uint8_t { half = 1, full = 2 };

struct Tally {
  Chance chance;
  Badness badness = Badness::full;
  std::uint64_t events = 0, on_canary = 0;  // on_canary <= events
  bool operator==(const Tally&) const = default;
};

/// One tally for each chance and badness that came up. Of requests that is one; of clients one for each pair of steps
/// that a client's side is known between, of two grades.
using Tallies = std::vector<Tally>;
inline constexpr std::size_t tallies_max = steps_max * (steps_max + 1);  // times two grades, pairs of steps

/// Adds `events`, `on_canary` of them on the canary. Closed chances are left out, and so is what would be one tally
/// too many (shares that an operator chose by hand, many times): leaving out by what is known before is no bias.
void add(Tallies& tallies, Chance chance, Badness badness, std::uint64_t events, std::uint64_t on_canary);

}  // namespace weir::rollout
