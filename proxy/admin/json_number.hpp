// A number for JSON: whole ones are written as people write them, 60 and not 6E1. Pure.
#pragma once

#include <boost/json/value.hpp>
#include <cmath>
#include <cstdint>

namespace weir::control {

inline boost::json::value json_number(double value) {
  constexpr double whole_max = 1e15;
  if (std::abs(value) < whole_max && value == std::trunc(value)) return static_cast<std::int64_t>(value);
  return value;
}

}  // namespace weir::control
