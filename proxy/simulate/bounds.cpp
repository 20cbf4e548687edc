#include "simulate/bounds.hpp"

#include <algorithm>
#include <cmath>

namespace weir::sim {
namespace {

constexpr double error = 0.01;

/// P(at most `successes` of `trials`) at that rate.
double at_most(std::size_t successes, std::size_t trials, double rate) {
  if (rate <= 0) return 1;
  if (rate >= 1) return successes >= trials ? 1 : 0;
  const auto n = static_cast<double>(trials);
  double sum = 0;
  for (std::size_t i = 0; i <= successes; ++i) {
    const auto k = static_cast<double>(i);
    sum += std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) + k * std::log(rate) +
                    (n - k) * std::log1p(-rate));
  }
  return std::min(sum, 1.0);
}

}  // namespace

double upper_99(std::size_t successes, std::size_t trials) {
  if (successes >= trials) return 1;
  double low = 0, high = 1;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (at_most(successes, trials, middle) > error ? low : high) = middle;
  }
  return high;
}

double lower_99(std::size_t successes, std::size_t trials) {
  return 1 - upper_99(trials - successes, trials);
}

double quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const auto at = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
  return values[std::clamp<std::size_t>(at, 1, values.size()) - 1];
}

}  // namespace weir::sim
