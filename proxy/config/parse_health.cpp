#include "config/parse_health.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "config/names.hpp"
#include "config/scalars.hpp"
#include "core/units.hpp"

namespace weir::config {
namespace {

constexpr std::uint32_t failures_max = 1'000'000'000;
constexpr std::uint32_t min_requests_max = 30'000;  // the window counts so many exactly (health/window.hpp)
constexpr Milliseconds window_min{1'000}, window_max{3'600'000};

/// `50%`, or 0 for off.
std::optional<unsigned> parse_failure_rate(const Field& field) {
  const std::string remedy = "write a percentage from 1% to 100%, or 0 for off";
  if (!field.node.is_scalar()) {
    field.report_kind("a single value", remedy);
    return std::nullopt;
  }
  std::string_view text = field.node.text;
  if (text == "0") return 0;
  const bool percent = text.ends_with('%');
  if (percent) text.remove_suffix(1);
  unsigned value = 0;
  const auto [stop, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool number = ec == std::errc{} && stop == text.data() + text.size();
  if (number && percent && value <= 100) return value;
  if (number && !percent && value <= 100) {
    field.report(quote(field.node.text) + " has no %",
                 "did you mean " + quote(std::string(text) + "%") + "?");
  } else {
    field.report(quote(field.node.text) + (number ? " is out of range" : " is not a percentage"), remedy);
  }
  return std::nullopt;
}

std::optional<Milliseconds> parse_window(const Field& field) {
  const auto window = parse_any_duration(field);
  if (!window || (*window >= window_min && *window <= window_max)) return window;
  field.report(quote(field.node.text) + " is out of range",
               "write a duration from " + format_duration(window_min) + " to " + format_duration(window_max));
  return std::nullopt;
}

std::uint16_t parse_failures(const Field& field) {
  unsigned bits = 0;
  for (const Failure bit : list_of(one_of(failures))(field)) bits |= bit;
  return static_cast<std::uint16_t>(bits);
}

}  // namespace

PassiveHealth parse_passive_health(const Field& field) {
  PassiveHealth health;
  MapReader reader(field);
  reader.optional("consecutive_failures", health.consecutive_failures,
                  number_between(std::uint32_t{0}, failures_max));
  reader.optional("failure_rate", health.failure_rate, parse_failure_rate);
  reader.optional("min_requests", health.min_requests, number_between(std::uint32_t{1}, min_requests_max));
  reader.optional("window", health.window, parse_window);
  reader.optional("failures", health.failures, parse_failures);
  reader.optional("ejection_time", health.ejection_time, parse_positive_duration);
  const bool bounded =
      reader.optional("max_ejection_time", health.max_ejection_time, parse_positive_duration);
  reader.optional("max_ejection_percent", health.max_ejection_percent, number_between(1U, 100U));
  if (bounded && health.max_ejection_time < health.ejection_time) {
    field.context.report(field.node.find("max_ejection_time")->mark,
                         join_path(field.path, "max_ejection_time"),
                         "is below ejection_time (" + format_duration(health.ejection_time) + ")",
                         "write at least that, or leave it out");
  }
  health.max_ejection_time = std::max(health.max_ejection_time, health.ejection_time);
  return health;
}

}  // namespace weir::config
