#include "health/active.hpp"

#include <algorithm>
#include <limits>

namespace weir::health {

std::string_view to_string(CheckState state) {
  switch (state) {
    case CheckState::pending:
      return "pending";
    case CheckState::passing:
      return "passing";
    case CheckState::failing:
      return "failing";
  }
  return {};
}

CheckChange ActiveHealth::report(bool passed, const config::HealthCheck& settings) {
  if (passed != last_passed_) in_a_row_ = 0;
  last_passed_ = passed;
  if (in_a_row_ < std::numeric_limits<std::uint32_t>::max()) ++in_a_row_;
  if (!passed) {
    if (state_ == CheckState::failing || in_a_row_ < settings.unhealthy_threshold) return CheckChange::none;
    state_ = CheckState::failing;
    return CheckChange::out;
  }
  if (state_ == CheckState::pending) {
    state_ = CheckState::passing;
    return CheckChange::first_pass;
  }
  if (state_ == CheckState::passing || in_a_row_ < settings.healthy_threshold) return CheckChange::none;
  state_ = CheckState::passing;
  return CheckChange::back;
}

bool is_expected(const std::vector<config::StatusRange>& expect, int status) {
  return std::ranges::any_of(expect, [status](const config::StatusRange& range) {
    return range.first <= status && status <= range.last;
  });
}

Milliseconds jittered(Milliseconds interval, std::uint64_t random) {
  const auto spread = interval.count() * check_jitter_percent / 100;
  const auto places = static_cast<std::uint64_t>(2 * spread + 1);
  return interval - Milliseconds(spread) + Milliseconds(static_cast<Milliseconds::rep>(random % places));
}

}  // namespace weir::health
