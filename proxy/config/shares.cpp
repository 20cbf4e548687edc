#include "config/shares.hpp"

#include <algorithm>

#include "config/model.hpp"
#include "http/text.hpp"

namespace weir::config {
namespace {

constexpr std::size_t whole_digits_max = 3;
constexpr std::size_t decimals = 4;
constexpr std::uint32_t per_percent = mirror_share_whole / 100;
static_assert(per_percent == 10'000, "one percent has as many parts as decimals can name");

bool are_digits(std::string_view text, std::size_t count_max) {
  return !text.empty() && text.size() <= count_max && http::all(text, http::char_class::digit);
}

std::uint32_t number_of(std::string_view digits) {
  std::uint32_t value = 0;
  for (const char digit : digits) value = value * 10 + static_cast<std::uint32_t>(digit - '0');
  return value;
}

}  // namespace

std::optional<std::uint32_t> parse_percent(std::string_view text) {
  const std::size_t point = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, point);
  if (!are_digits(whole, whole_digits_max)) return std::nullopt;
  std::uint32_t share = number_of(whole) * per_percent;
  if (point < text.size()) {
    std::string fraction(text.substr(point + 1));
    if (!are_digits(fraction, decimals)) return std::nullopt;
    fraction.resize(decimals, '0');
    share += number_of(fraction);
  }
  if (share > mirror_share_whole) return std::nullopt;
  return share;
}

std::string format_percent(std::uint32_t share) {
  std::string text = std::to_string(share / per_percent);
  const std::uint32_t rest = share % per_percent;
  if (rest == 0) return text;
  std::string fraction = std::to_string(rest);
  fraction.insert(0, decimals - fraction.size(), '0');
  fraction.resize(fraction.find_last_not_of('0') + 1);
  return text + '.' + fraction;
}

std::string format_share(std::uint32_t basis_points) {
  return format_percent(basis_points * (mirror_share_whole / rollout_whole));
}

}  // namespace weir::config
