#include "split/cookie.hpp"

#include <algorithm>
#include <charconv>

#include "http/text.hpp"

namespace weir::split {
namespace {

bool is_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= cookie_name_bytes_max && std::ranges::all_of(text, [](char c) {
    return http::is(c, http::char_class::alpha | http::char_class::digit) || c == '-' || c == '_';
  });
}

}  // namespace

std::string_view Cookie::side_of(std::string_view route) const {
  for (std::size_t i = 0; i < count; ++i) {
    if (sides[i].route == route) return sides[i].target;
  }
  return {};
}

std::optional<Cookie> parse_cookie(std::string_view value) {
  if (value.size() < cookie_key_digits || value.size() > cookie_bytes_max) return std::nullopt;
  Cookie cookie;
  cookie.key = value.substr(0, cookie_key_digits);
  if (!std::ranges::all_of(cookie.key, is_digit)) return std::nullopt;
  value.remove_prefix(cookie_key_digits);
  while (!value.empty()) {
    if (value.front() != '.' || cookie.count == cookie_sides_max) return std::nullopt;
    value.remove_prefix(1);
    const std::string_view pair = value.substr(0, value.find('.'));
    const std::size_t colon = std::min(pair.find(':'), pair.size());
    const Cookie::Side side{pair.substr(0, colon), pair.substr(std::min(colon + 1, pair.size()))};
    if (!is_name(side.route) || !is_name(side.target) || !cookie.side_of(side.route).empty())
      return std::nullopt;
    cookie.sides[cookie.count++] = side;
    value.remove_prefix(pair.size());
  }
  return cookie;
}

void write_key(std::uint64_t bits, char (&out)[cookie_key_digits]) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (std::size_t i = cookie_key_digits; i-- > 0; bits >>= 4) out[i] = digits[bits & 15];
}

void write_set_cookie(std::string& out, const Cookie& before, std::string_view route, std::string_view target,
                      Milliseconds ttl, bool secure) {
  out.append(cookie_name).append("=").append(before.key);
  const bool full = before.count == cookie_sides_max && before.side_of(route).empty();
  for (std::size_t i = full ? 1 : 0; i < before.count; ++i) {
    const Cookie::Side& side = before.sides[i];
    if (side.route == route) continue;
    out.append(".").append(side.route).append(":").append(side.target);
  }
  out.append(".").append(route).append(":").append(target);
  char seconds[20];
  const auto end = std::to_chars(seconds, seconds + sizeof seconds,
                                 std::chrono::duration_cast<std::chrono::seconds>(ttl).count());
  out.append("; Path=/; Max-Age=").append(seconds, end.ptr).append("; HttpOnly; SameSite=Lax");
  if (secure) out.append("; Secure");
}

}  // namespace weir::split
