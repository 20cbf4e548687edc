#include "grpc/timeout.hpp"

#include <algorithm>
#include <cstdint>

#include "http/text.hpp"

namespace weir::grpc {
namespace {

constexpr std::size_t digits_max = 8;
constexpr std::int64_t number_max = 99'999'999;

/// Zero: there is no such unit.
Duration unit_of(char letter) {
  switch (letter) {
    case 'H':
      return std::chrono::hours(1);
    case 'M':
      return std::chrono::minutes(1);
    case 'S':
      return std::chrono::seconds(1);
    case 'm':
      return std::chrono::milliseconds(1);
    case 'u':
      return std::chrono::microseconds(1);
    case 'n':
      return std::chrono::nanoseconds(1);
    default:
      return Duration::zero();
  }
}

}  // namespace

std::optional<Duration> parse_timeout(std::string_view value) {
  if (value.size() < 2 || value.size() > digits_max + 1) return std::nullopt;
  const Duration unit = unit_of(value.back());
  value.remove_suffix(1);
  if (unit == Duration::zero() || !http::all(value, http::char_class::digit)) return std::nullopt;
  std::int64_t number = 0;
  for (const char c : value) number = number * 10 + (c - '0');
  return number > timeout_max / unit ? timeout_max : number * unit;
}

Duration silence_allowed(Duration bound, Duration timeout) {
  const bool is_over_first = timeout <= silence_max;  // the deadline ends the call then
  return is_over_first ? timeout_max : std::max(bound, silence_max);
}

TimeoutText format_timeout(Duration left) {
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(left).count();
  const bool fits = milliseconds <= number_max;
  std::int64_t number = std::clamp<std::int64_t>(fits ? milliseconds : milliseconds / 1000, 1, number_max);
  TimeoutText text;
  text[digits_max] = fits ? 'm' : 'S';
  for (std::size_t i = digits_max; i > 0; number /= 10) text[--i] = static_cast<char>('0' + number % 10);
  return text;
}

}  // namespace weir::grpc
