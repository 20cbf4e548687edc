#include "fault.hpp"

#include <array>
#include <utility>

#include "behaviour.hpp"
#include "request.hpp"

namespace weir::origin {
namespace {

constexpr std::uint64_t slow_ms_max = 3'600'000;

constexpr std::array<std::pair<std::string_view, FaultMode>, 6> plain_modes{{{"none", FaultMode::none},
                                                                             {"reset", FaultMode::reset},
                                                                             {"half", FaultMode::half},
                                                                             {"cut", FaultMode::cut},
                                                                             {"garbage", FaultMode::garbage},
                                                                             {"close", FaultMode::close}}};

/// The number behind `prefix`, from `least` to `most`.
bool number_after(std::string_view text, std::string_view prefix, std::uint64_t least, std::uint64_t most,
                  std::uint64_t& number) {
  return text.starts_with(prefix) && parse_decimal(text.substr(prefix.size()), number) && number >= least &&
         number <= most;
}

std::optional<Fault> parse_mode(std::string_view words) {
  std::uint64_t number = 0;
  if (number_after(words, "status/", 200, 599, number)) {
    return Fault{FaultMode::status, static_cast<std::uint32_t>(number)};
  }
  if (number_after(words, "slow/", 0, slow_ms_max, number)) {
    return Fault{FaultMode::slow, static_cast<std::uint32_t>(number)};
  }
  for (const auto& [name, mode] : plain_modes) {
    if (words == name) return Fault{mode};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Fault> parse_fault(std::string_view words, std::string_view query) {
  std::optional<Fault> fault = parse_mode(words);
  if (!fault || query.empty()) return fault;
  std::uint64_t percent = 0;
  if (!number_after(query, "percent=", 0, 100, percent)) return std::nullopt;
  fault->percent = static_cast<std::uint8_t>(percent);
  return fault;
}

Fault FaultSwitch::next() {
  const Fault fault = get();
  if (fault.mode == FaultMode::none || fault.percent == 100) return fault;
  const std::uint64_t number = asked_.fetch_add(1, std::memory_order_relaxed) + 1;
  return scatter(number) % 100 < fault.percent ? fault : Fault{};
}

}  // namespace weir::origin
