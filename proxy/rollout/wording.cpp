#include "rollout/wording.hpp"

#include <fmt/format.h>

namespace weir::rollout {

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, 1, ',');
  return text;
}

std::string percent(std::uint32_t basis_points) {
  if (basis_points % 100 == 0) return fmt::format("{} %", basis_points / 100);
  if (basis_points % 10 == 0) return fmt::format("{}.{} %", basis_points / 100, basis_points % 100 / 10);
  return fmt::format("{}.{:02} %", basis_points / 100, basis_points % 100);
}

std::string percent_of(std::uint64_t part, std::uint64_t total) {
  const double value = total == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(total);
  return value > 0 && value < 0.1 ? fmt::format("{:.2f} %", value) : fmt::format("{:.1f} %", value);
}

std::string how_long(Milliseconds time) {
  const auto ms = time.count();
  const auto seconds = ms / 1'000, minutes = seconds / 60, hours = minutes / 60;
  if (seconds < 10) return fmt::format("{}.{} s", seconds, ms % 1'000 / 100);
  if (minutes < 2) return fmt::format("{} s", seconds);
  if (hours < 2) {
    const auto rest = seconds % 60;
    return rest == 0 ? fmt::format("{} min", minutes) : fmt::format("{} min {} s", minutes, rest);
  }
  return minutes % 60 == 0 ? fmt::format("{} h", hours) : fmt::format("{} h {} min", hours, minutes % 60);
}

}  // namespace weir::rollout
