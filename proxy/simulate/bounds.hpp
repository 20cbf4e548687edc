// What a share of successes in a simulation proves. Pure.
#pragma once

#include <cstddef>
#include <vector>

namespace weir::sim {

/// Clopper and Pearson's exact one-sided bounds at 99 %: the true rate is below the upper one, above the lower one.
double upper_99(std::size_t successes, std::size_t trials);
double lower_99(std::size_t successes, std::size_t trials);

/// The value that `share` (0 .. 1) of them do not exceed; 0 of none.
double quantile(std::vector<double> values, double share);

}  // namespace weir::sim
