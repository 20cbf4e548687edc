#include "rollout/sensitivity.hpp"

#include <cmath>

#include "rollout/evidence.hpp"

namespace weir::rollout {
namespace {

constexpr double quantile_95 = 1.645;

bool is_noticed(const Settings& settings, const Exposure& exposure, double rate) {
  const double w = static_cast<double>(exposure.share) / whole;
  const auto units = static_cast<double>(exposure.canary_units);
  const double others = exposure.base_rate * (1 - w) / w;
  const double priors = family_share(settings, Family::failures) / allowance(settings) *
                        period_prior(compared_steps(settings), exposure.place);
  for (const Ratio& mixed : failure_ratios) {
    const double there = std::log(mixed.ratio) - std::log1p(w * (mixed.ratio - 1));
    const double elsewhere = -std::log1p(w * (mixed.ratio - 1));
    const double mean = units * (rate * there + others * elsewhere);
    const double variance = units * (rate * there * there + others * elsewhere * elsewhere);
    const double needed = std::log(evidence_limit(settings) / (priors * mixed.prior));
    if (mean - quantile_95 * std::sqrt(variance) >= needed) return true;
  }
  return false;
}

}  // namespace

std::optional<Share> smallest_jump(const Settings& settings, const Exposure& exposure) {
  if (exposure.share == 0 || exposure.share >= whole) return std::nullopt;
  const double most = 1 - exposure.base_rate;
  if (!is_noticed(settings, exposure, exposure.base_rate + most)) return std::nullopt;
  double low = 0, high = most;
  for (int i = 0; i < 40; ++i) {
    const double middle = (low + high) / 2;
    (is_noticed(settings, exposure, exposure.base_rate + middle) ? high : low) = middle;
  }
  return static_cast<Share>(std::ceil(high * whole - 1e-6));
}

}  // namespace weir::rollout
