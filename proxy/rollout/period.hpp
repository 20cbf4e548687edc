// One period of a rollout: a quarter of a step's hold, or an addition to it. Holds what was counted in it. Pure values;
// any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "rollout/counts.hpp"
#include "rollout/mixture.hpp"
#include "rollout/tally.hpp"

namespace weir::rollout {

/// Requests, whatever the unit is: for rates that people read.
struct Totals {
  std::uint64_t requests = 0, failed = 0, client_errors = 0;
  Totals& operator+=(const Totals& other);
  bool operator==(const Totals&) const = default;
};
using SideTotals = std::array<Totals, side_count>;

struct Period {
  std::uint32_t place = 0;    // period_prior
  std::int64_t began_ms = 0;  // since the rollout began
  std::array<Tallies, signal_count> tallies;
  SideTotals totals;
  bool operator==(const Period&) const = default;
};
inline constexpr std::size_t periods_max = quarters * steps_max + extra_periods_max;

/// The sum of periods from `first` on.
SideTotals totals_since(const std::vector<Period>& periods, std::size_t first);

}  // namespace weir::rollout
