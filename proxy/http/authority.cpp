#include "http/authority.hpp"

#include <algorithm>
#include <limits>

#include "core/ip.hpp"
#include "http/text.hpp"

namespace weir::http {
namespace {

constexpr std::size_t port_digits_max = 5;

std::optional<std::uint16_t> parse_port(std::string_view text) {
  if (text.empty() || text.size() > port_digits_max) return std::nullopt;
  unsigned port = 0;
  for (const char c : text) {
    if (!is(c, char_class::digit)) return std::nullopt;
    port = port * 10 + static_cast<unsigned>(c - '0');
  }
  if (port > std::numeric_limits<std::uint16_t>::max()) return std::nullopt;
  return static_cast<std::uint16_t>(port);
}

/// `%` and two hex digits wherever a `%` is (RFC 3986 2.1).
bool percent_encoding_is_whole(std::string_view text) {
  for (std::size_t at = text.find('%'); at != text.npos; at = text.find('%', at + 3)) {
    if (text.size() - at < 3 || !all(text.substr(at + 1, 2), char_class::hex)) return false;
  }
  return true;
}

/// RFC 3986 3.2.2 reg-name, which an IPv4 address is too, but for the comma: a list is what two Host fields look like
/// once something has joined them, and readers disagree on which of them counts. A leading dot would be an empty name
/// for every rule that matches on a suffix.
bool is_registered_name(std::string_view text) {
  constexpr std::uint8_t plain = char_class::unreserved | char_class::sub_delim;
  if (text.empty() || text.front() == '.' || text.find(',') != text.npos) return false;
  if (all(text, plain)) return true;
  return percent_encoding_is_whole(text) &&
         std::ranges::all_of(text, [](char c) { return is(c, plain) || c == '%'; });
}

bool is_ip_literal(std::string_view bracketed) {
  const std::string_view inner = bracketed.substr(1, bracketed.size() - 2);
  return inner.find(':') != inner.npos && IpAddress::parse(inner).has_value();
}

}  // namespace

std::optional<Authority> parse_authority(std::string_view text) {
  if (text.empty()) return std::nullopt;
  Authority authority;
  std::string_view rest;
  if (text.front() == '[') {
    const std::size_t close = text.find(']');
    if (close == text.npos || !is_ip_literal(text.substr(0, close + 1))) return std::nullopt;
    authority.host = text.substr(0, close + 1);
    rest = text.substr(close + 1);
  } else {
    const std::size_t colon = text.find(':');
    authority.host = text.substr(0, colon);
    if (!is_registered_name(authority.host)) return std::nullopt;
    if (colon != text.npos) rest = text.substr(colon);
  }
  if (rest.empty()) return authority;
  if (rest.front() != ':') return std::nullopt;
  if (rest.size() == 1) return authority;
  authority.port = parse_port(rest.substr(1));
  if (!authority.port) return std::nullopt;
  return authority;
}

bool is_loopback_name(std::string_view name) {
  constexpr std::string_view top = "localhost";
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.size() < top.size() || !iequals(name.substr(name.size() - top.size()), top)) return false;
  const std::string_view below = name.substr(0, name.size() - top.size());
  return below.empty() || (below.size() > 1 && below.back() == '.');
}

}  // namespace weir::http
