#include "limit/overload.hpp"

#include <algorithm>

namespace weir::limit {

std::string_view to_string(Bound bound) {
  constexpr std::array<std::string_view, bound_count> names{"connections", "descriptors", "memory"};
  return names[static_cast<std::size_t>(bound)];
}

std::string_view to_string(Pressure pressure) {
  constexpr std::array<std::string_view, pressure_count> names{"normal", "tight", "shedding"};
  return names[static_cast<std::size_t>(pressure)];
}

Pressure next_pressure(Pressure before, const Use& use, const Thresholds& at) {
  if (use.max == 0) return Pressure::normal;
  const auto reached = [&use](unsigned percent) { return use.used * 100 >= use.max * percent; };
  if (before == Pressure::normal) return reached(at.tight_from) ? Pressure::tight : Pressure::normal;
  if (reached(before == Pressure::shedding ? at.shed_until : at.shed_from)) return Pressure::shedding;
  return reached(at.tight_until) ? Pressure::tight : Pressure::normal;
}

std::vector<Overload::Change> Overload::update(const Uses& uses) {
  std::vector<Change> changes;
  for (std::size_t i = 0; i < bound_count; ++i) {
    const Bound bound = static_cast<Bound>(i);
    const Pressure before = pressures_[i];
    pressures_[i] = next_pressure(before, uses[i], thresholds(bound, start_percent_));
    if (pressures_[i] != before) changes.push_back({bound, before, pressures_[i], uses[i]});
  }
  uses_ = uses;
  return changes;
}

Bound Overload::tightest() const {
  const auto highest = std::max_element(pressures_.begin(), pressures_.end());
  return static_cast<Bound>(highest - pressures_.begin());
}

std::uint32_t admitted_connections(const Overload& overload, std::uint32_t connections_max) {
  const bool short_of_something = overload.of(Bound::descriptors) == Pressure::shedding ||
                                  overload.of(Bound::memory) == Pressure::shedding;
  return short_of_something ? std::max<std::uint32_t>(connections_max / floor_share, 1) : connections_max;
}

}  // namespace weir::limit
