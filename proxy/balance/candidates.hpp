// What the balancing policies share: who may be picked. Any thread.
#pragma once

#include <cstddef>
#include <span>

#include "balance/balance.hpp"

namespace weir::balance {

inline constexpr std::size_t excludable_max = 64;  // bits of Excluded

inline bool is_excluded(Excluded excluded, std::size_t index) {
  return index < excludable_max && ((excluded >> index) & 1) != 0;
}

/// Not excluded, and no operator took it out: it may get a request where nobody better is left.
inline bool may_try(std::span<const upstream::Candidate> candidates, Excluded excluded, std::size_t index) {
  return !is_excluded(excluded, index) && !candidates[index].state->taken_out();
}

/// In use and not excluded.
inline bool may_pick(std::span<const upstream::Candidate> candidates, Excluded excluded, std::size_t index) {
  return !is_excluded(excluded, index) && candidates[index].state->usable();
}

/// A pick and the load that it was based on: the count is taken only if that load is still there.
struct LoadPick {
  std::size_t index = none;
  std::uint32_t in_flight = 0;
};

LoadPick pick_least_loaded(std::span<const upstream::Candidate> candidates, Excluded excluded,
                           std::uint64_t turn);

}  // namespace weir::balance
