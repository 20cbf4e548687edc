#include "top/figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <string_view>
#include <utility>

namespace weir::top {
namespace {

/// 1204 -> 1,204.
std::string grouped(double value) {
  std::string digits = fmt::format("{:.0f}", value);
  for (std::size_t at = digits.size(); at > 3 && digits[at - 4] != '-';) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::optional<int> digits_at(std::string_view text, std::size_t at, std::size_t count) {
  if (text.size() < at + count) return std::nullopt;
  int value = 0;
  const char* const end = text.data() + at + count;
  const auto [stop, error] = std::from_chars(text.data() + at, end, value);
  return error == std::errc{} && stop == end ? std::optional(value) : std::nullopt;
}

/// Seconds since 1970.
std::optional<double> seconds_of(std::string_view time) {
  const auto year = digits_at(time, 0, 4), month = digits_at(time, 5, 2), day = digits_at(time, 8, 2),
             hour = digits_at(time, 11, 2), minute = digits_at(time, 14, 2), second = digits_at(time, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  return static_cast<double>(days) * 86'400 + *hour * 3'600 + *minute * 60 + *second;
}

}  // namespace

std::string rate_text(std::optional<double> per_second) {
  if (!per_second) return "-";
  if (*per_second == 0) return "0";
  return *per_second < 9.95 ? fmt::format("{:.1f}", std::max(*per_second, 0.1)) : grouped(*per_second);
}

std::string milliseconds_text(std::optional<double> value) {
  if (!value) return "-";
  if (*value < 9.95) return fmt::format("{:.1f} ms", *value);
  if (*value < 999.5) return fmt::format("{:.0f} ms", *value);
  return fmt::format("{:.1f} s", *value / 1000);
}

std::string percent_text(double share) {
  const double percent = 100 * share;
  const bool is_whole = std::abs(percent - std::round(percent)) < 0.05;
  return is_whole ? fmt::format("{:.0f} %", percent) : fmt::format("{:.1f} %", percent);
}

std::string count_text(std::optional<double> value) {
  return value ? grouped(*value) : "-";
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::max(seconds, 0.0));
  if (whole >= 86'400) return fmt::format("{}d {}h", whole / 86'400, whole % 86'400 / 3'600);
  if (whole >= 3'600) return fmt::format("{}h {}m", whole / 3'600, whole % 3'600 / 60);
  if (whole >= 60) return fmt::format("{}m {}s", whole / 60, whole % 60);
  return fmt::format("{}s", whole);
}

std::string clock_text(std::string_view time) {
  return std::string(seconds_of(time) ? time.substr(11, 8) : time);
}

std::optional<double> seconds_between(std::string_view from, std::string_view to) {
  const auto begin = seconds_of(from), end = seconds_of(to);
  return begin && end ? std::optional(*end - *begin) : std::nullopt;
}

std::string sparkline(const Points& points, std::size_t columns, bool unicode) {
  static constexpr std::array<std::string_view, 9> blocks{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  static constexpr std::array<std::string_view, 9> ascii{" ", "_", "_", ".", ".", "-", "=", "+", "#"};
  const std::size_t shown = std::min(columns, points.size());
  const auto begin = points.end() - static_cast<std::ptrdiff_t>(shown);
  double highest = 0;
  for (auto point = begin; point != points.end(); ++point) highest = std::max(highest, point->value_or(0));
  std::string line(columns - shown, ' ');
  for (auto point = begin; point != points.end(); ++point) {
    const double share = highest > 0 ? point->value_or(0) / highest : 0;
    const auto level = static_cast<std::size_t>(std::ceil(std::clamp(share, 0.0, 1.0) * 8));
    line += unicode ? blocks[level] : ascii[level];
  }
  return line;
}

std::string bar(double share, std::size_t columns, bool unicode) {
  const auto filled =
      static_cast<std::size_t>(std::lround(std::clamp(share, 0.0, 1.0) * static_cast<double>(columns)));
  std::string text;
  for (std::size_t i = 0; i < columns; ++i) {
    if (unicode) {
      text += i < filled ? "█" : "░";
    } else {
      text += i < filled ? '#' : '.';
    }
  }
  return text;
}

}  // namespace weir::top
