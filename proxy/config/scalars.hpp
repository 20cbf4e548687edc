// Parse functions of single values: each reports what is wrong with an example of what would be right. Pure;
// the control thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/names.hpp"
#include "config/reader.hpp"
#include "core/ip.hpp"
#include "core/units.hpp"

namespace weir::config {

/// Any text without control characters (what goes to a file name, a token, a header).
std::optional<std::string> parse_text(const Field& field);
/// The same, and not empty.
std::optional<std::string> parse_filled_text(const Field& field);
/// `true` or `false`.
std::optional<bool> parse_truth(const Field& field);
/// May be 0.
std::optional<Milliseconds> parse_any_duration(const Field& field);
/// Above 0.
std::optional<Milliseconds> parse_positive_duration(const Field& field);
/// IP:PORT; port 0 lets the kernel choose.
std::optional<SocketAddress> parse_listen_address(const Field& field);
std::optional<Cidr> parse_cidr(const Field& field);
inline constexpr std::size_t header_name_bytes_max = 128;
bool is_header_name(std::string_view text);
std::optional<std::string> parse_header_name(const Field& field);
std::optional<std::string> parse_header_value(const Field& field);

/// 301, 302, 303, 307 or 308.
std::optional<int> parse_redirect_status(const Field& field);

/// The number itself, reported when it is none or outside min..max.
std::optional<std::uint64_t> parse_number_between(const Field& field, std::uint64_t min, std::uint64_t max);
/// The same for byte counts with units.
std::optional<std::uint64_t> parse_size_between(const Field& field, std::uint64_t min, std::uint64_t max);

/// Parser of a whole number in min..max.
template <class Number>
auto number_between(Number min, Number max) {
  return [min, max](const Field& field) -> std::optional<Number> {
    const auto value =
        parse_number_between(field, static_cast<std::uint64_t>(min), static_cast<std::uint64_t>(max));
    if (!value) return std::nullopt;
    return static_cast<Number>(*value);
  };
}

/// Parser of a byte count in min..max.
template <class Number>
auto size_between(Number min, Number max) {
  return [min, max](const Field& field) -> std::optional<Number> {
    const auto value = parse_size_between(field, min, max);
    if (!value) return std::nullopt;
    return static_cast<Number>(*value);
  };
}

/// `'x' is not one of them`, with the nearest or all of `names`.
void report_choice(const Field& field, const std::vector<std::string_view>& names);

/// Parser of one of the words in `choices` (names.hpp).
template <class T, std::size_t N>
auto one_of(const Choice<T> (&choices)[N]) {
  const std::span<const Choice<T>> all(choices);
  return [all](const Field& field) -> std::optional<T> {
    std::vector<std::string_view> names;
    for (const Choice<T>& choice : all) {
      if (field.node.is_scalar() && field.node.text == choice.name) return choice.value;
      names.push_back(choice.name);
    }
    report_choice(field, names);
    return std::nullopt;
  };
}

}  // namespace weir::config
