#include "config/statuses.hpp"

#include <algorithm>
#include <charconv>

#include "http/text.hpp"

namespace weir::config {
namespace {

constexpr std::size_t status_digits = 3;

std::optional<int> parse_status(std::string_view text) {
  int status = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, ec] = std::from_chars(text.data(), end, status);
  if (text.size() != status_digits || ec != std::errc{} || stop != end) return std::nullopt;
  if (status < status_min || status > status_max) return std::nullopt;
  return status;
}

std::optional<StatusRange> parse_range(std::string_view text) {
  const auto dash = std::min(text.find('-'), text.size());
  const auto first = parse_status(http::trim_ows(text.substr(0, dash)));
  if (!first) return std::nullopt;
  if (dash == text.size()) return StatusRange{*first, *first};
  const auto last = parse_status(http::trim_ows(text.substr(dash + 1)));
  if (!last || *last < *first) return std::nullopt;
  return StatusRange{*first, *last};
}

}  // namespace

std::optional<std::vector<StatusRange>> parse_statuses(std::string_view text) {
  std::vector<StatusRange> ranges;
  for (std::size_t at = 0; at <= text.size();) {
    const auto comma = std::min(text.find(',', at), text.size());
    const auto range = parse_range(http::trim_ows(text.substr(at, comma - at)));
    if (!range) return std::nullopt;
    ranges.push_back(*range);
    at = comma + 1;
  }
  return ranges;
}

std::string format_statuses(const std::vector<StatusRange>& ranges) {
  std::string text;
  for (const StatusRange& range : ranges) {
    if (!text.empty()) text += ',';
    text += std::to_string(range.first);
    if (range.last != range.first) text += '-' + std::to_string(range.last);
  }
  return text;
}

}  // namespace weir::config
