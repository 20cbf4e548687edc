// Weir's own cookie, `weir_split`: who the client is and which side it got, one cookie for all split routes of a
// host, so that they do not fight over it:
//
//   weir_split=0123456789abcdef.api:green.web:blue
//
// 16 hex digits are the client's key, drawn at random once; then up to `cookie_sides_max` pairs of route and side.
// The side of a client follows from its key and the weights (affinity.hpp); the pair says where it was, which only
// matters when that side's weight is 0 and it may stay (`drain_affinity: keep`). Parsing is strict and bounded.
// Pure; any thread; no allocation but growth of the string that is written to.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.hpp"

namespace weir::split {

inline constexpr std::string_view cookie_name = "weir_split";
inline constexpr std::size_t cookie_key_digits = 16;
inline constexpr std::size_t cookie_sides_max = 8;
inline constexpr std::size_t cookie_name_bytes_max = 64;  // of a route or an upstream
inline constexpr std::size_t cookie_bytes_max =
    cookie_key_digits + cookie_sides_max * 2 * (cookie_name_bytes_max + 1);

/// What a cookie says. Views into the text that was parsed.
struct Cookie {
  struct Side {
    std::string_view route, target;
  };
  std::string_view key;  // the digits: what affinity hashes
  std::array<Side, cookie_sides_max> sides;
  std::size_t count = 0;

  /// The side of that route; empty: none yet.
  std::string_view side_of(std::string_view route) const;
};

/// Nothing for anything that Weir would not have written.
std::optional<Cookie> parse_cookie(std::string_view value);

/// Writes the digits of a fresh key.
void write_key(std::uint64_t bits, char (&out)[cookie_key_digits]);

/// Writes the value of a Set-Cookie field to `out`: `before` with that route's side put in place, the oldest pair
/// left out when it would be one too many. `before` must not look into `out`.
void write_set_cookie(std::string& out, const Cookie& before, std::string_view route, std::string_view target,
                      Milliseconds ttl, bool secure);

}  // namespace weir::split
