#include "core/units.hpp"

#include <array>
#include <charconv>

namespace weir {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// Largest first: formatting takes the first unit that divides the value.
constexpr std::array<Unit, 5> duration_units{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::array<Unit, 4> size_units{
    {{"GiB", 1ULL << 30}, {"MiB", 1ULL << 20}, {"KiB", 1ULL << 10}, {"B", 1}}};

constexpr std::uint64_t duration_max_ms = 10ULL * 365 * 86'400'000;
constexpr std::uint64_t size_max_bytes = 1ULL << 53;  // every integer up to here is exact in a JSON number

struct NumberAndUnit {
  std::uint64_t number;
  std::string_view unit;
};

/// Digits without sign, then whatever follows.
std::optional<NumberAndUnit> split(std::string_view text) {
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  NumberAndUnit parts{};
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), parts.number);
  if (ec != std::errc{}) return std::nullopt;
  parts.unit = text.substr(static_cast<std::size_t>(end - text.data()));
  return parts;
}

template <std::size_t N>
std::optional<std::uint64_t> scale(const NumberAndUnit& parts, const std::array<Unit, N>& units,
                                   std::uint64_t max) {
  for (const Unit& unit : units) {
    if (unit.name != parts.unit) continue;
    if (parts.number > max / unit.factor) return std::nullopt;
    return parts.number * unit.factor;
  }
  return std::nullopt;
}

template <std::size_t N>
std::string format(std::uint64_t value, const std::array<Unit, N>& units) {
  for (const Unit& unit : units) {
    if (value % unit.factor == 0) return std::to_string(value / unit.factor) + std::string(unit.name);
  }
  return std::to_string(value);
}

}  // namespace

std::optional<Milliseconds> parse_duration(std::string_view text) {
  if (text == "0") return Milliseconds{0};
  const auto parts = split(text);
  if (!parts) return std::nullopt;
  const auto value = scale(*parts, duration_units, duration_max_ms);
  if (!value) return std::nullopt;
  return Milliseconds{static_cast<Milliseconds::rep>(*value)};
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  auto parts = split(text);
  if (!parts) return std::nullopt;
  if (parts->unit.empty()) parts->unit = "B";
  return scale(*parts, size_units, size_max_bytes);
}

std::string format_duration(Milliseconds duration) {
  if (duration.count() <= 0) return "0";
  return format(static_cast<std::uint64_t>(duration.count()), duration_units);
}

std::string format_size(std::uint64_t bytes) {
  if (bytes < 1024 || bytes % 1024 != 0) return std::to_string(bytes);
  return format(bytes, size_units);
}

}  // namespace weir
