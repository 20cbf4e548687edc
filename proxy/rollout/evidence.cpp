#include "rollout/evidence.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "rollout/likelihood.hpp"

namespace weir::rollout {
namespace {

constexpr double nothing = -std::numeric_limits<double>::infinity();

/// ln(e^a + e^b).
double log_add(double a, double b) {
  const double high = std::max(a, b), low = std::min(a, b);
  return low == nothing ? high : high + std::log1p(std::exp(low - high));
}

/// ln of the sum of e^x over `logs`.
double log_sum(std::span<const double> logs) {
  const double high = *std::ranges::max_element(logs);
  if (high == nothing) return nothing;
  double sum = 0;
  for (const double log : logs) sum += std::exp(log - high);
  return high + std::log(sum);
}

double period_log(const Period& period, std::size_t signal, double ratio) {
  double sum = 0;
  for (const Tally& tally : period.tallies[signal]) sum += log_factor(tally, ratio);
  return sum;
}

struct Part {
  Signal signal;
  double share;
};

/// The signals of a family.
std::span<const Part> parts(Family family) {
  static constexpr std::array<Part, 1> failures{{{Signal::failures, 1}}};
  static constexpr std::array<Part, 2> latency{
      {{Signal::slow95, slow95_share}, {Signal::slow50, slow50_share}}};
  static constexpr std::array<Part, 1> client_errors{{{Signal::client_errors, 1}}};
  switch (family) {
    case Family::failures:
      return failures;
    case Family::latency:
      return latency;
    case Family::client_errors:
      return client_errors;
  }
  return {};
}

}  // namespace

double Evidence::value() const {
  return std::exp(std::min(logs[static_cast<std::size_t>(strongest)], 690.0));
}

double evidence_limit(const Settings& settings) {
  return static_cast<double>(whole) * settings.replicas / settings.false_rollback;
}

double suspicion_limit(const Settings& settings) {
  return evidence_limit(settings) / 10;
}

EvidenceSum::EvidenceSum(const Settings& settings, const std::vector<Period>& periods) {
  const std::size_t steps = compared_steps(settings);
  double begun = 0;
  for (const Period& period : periods) begun += period_prior(steps, period.place);
  const double unbegun = std::max(0.0, 1 - begun);
  unbegun_ = unbegun > 0 ? std::log(unbegun) : nothing;
  for (std::size_t signal = 0; signal < signal_count; ++signal) {
    const auto mixed = ratios(static_cast<Signal>(signal));
    for (std::size_t r = 0; r < ratio_count; ++r) {
      double sum = nothing;
      for (std::size_t i = 0; i < periods.size(); ++i) {
        sum = log_add(sum, std::log(period_prior(steps, periods[i].place)));
        if (i + 1 < periods.size()) sum += period_log(periods[i], signal, mixed[r].ratio);
      }
      before_[signal][r] = sum + std::log(mixed[r].prior);
    }
  }
}

double EvidenceSum::signal_log(Signal signal, const Period& last) const {
  const auto mixed = ratios(signal);
  const auto at = static_cast<std::size_t>(signal);
  std::array<double, ratio_count + 1> terms{};
  for (std::size_t r = 0; r < ratio_count; ++r)
    terms[r] = before_[at][r] + period_log(last, at, mixed[r].ratio);
  terms[ratio_count] = unbegun_;
  return log_sum(terms);
}

Evidence EvidenceSum::with(const Settings& settings, const Period& last) const {
  Evidence evidence;
  evidence.logs.fill(nothing);
  for (std::size_t i = 0; i < family_count; ++i) {
    const auto family = static_cast<Family>(i);
    const double share = family_share(settings, family) / allowance(settings);
    if (share == 0) continue;
    double sum = nothing;
    for (const Part& part : parts(family))
      sum = log_add(sum, std::log(part.share) + signal_log(part.signal, last));
    evidence.logs[i] = sum + std::log(share);
    if (evidence.logs[i] > evidence.logs[static_cast<std::size_t>(evidence.strongest)])
      evidence.strongest = family;
  }
  return evidence;
}

std::size_t leading_period(const std::vector<Period>& periods, Family family) {
  std::size_t leading = 0;
  double most = nothing;
  std::array<std::array<double, ratio_count>, signal_count> suffix{};
  for (std::size_t i = periods.size(); i-- > 0;) {
    double sum = nothing;
    for (const Part& part : parts(family)) {
      const auto signal = static_cast<std::size_t>(part.signal);
      const auto mixed = ratios(part.signal);
      for (std::size_t r = 0; r < ratio_count; ++r) {
        suffix[signal][r] += period_log(periods[i], signal, mixed[r].ratio);
        sum = log_add(sum, std::log(part.share * mixed[r].prior) + suffix[signal][r]);
      }
    }
    if (sum <= most) continue;
    most = sum;
    leading = i;
  }
  return leading;
}

}  // namespace weir::rollout
