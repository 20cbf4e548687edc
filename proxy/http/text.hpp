// The alphabet of HTTP: character classes by table, and the few text operations that every reader and writer
// of field lines needs (RFC 9110 5.5, 5.6). Pure, no allocation except where a string is handed in; any
// thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::http {

namespace char_class {
inline constexpr std::uint8_t token = 1;        // tchar
inline constexpr std::uint8_t field_value = 2;  // VCHAR, SP, HTAB, obs-text
inline constexpr std::uint8_t digit = 4;
inline constexpr std::uint8_t hex = 8;
inline constexpr std::uint8_t alpha = 16;
inline constexpr std::uint8_t unreserved = 32;  // RFC 3986 2.3
inline constexpr std::uint8_t sub_delim = 64;   // RFC 3986 2.2
inline constexpr std::uint8_t visible = 128;    // VCHAR: 0x21..0x7e
}  // namespace char_class

namespace detail {

constexpr bool contains(std::string_view set, char c) {
  return set.find(c) != std::string_view::npos;
}

constexpr std::array<std::uint8_t, 256> make_char_classes() {
  std::array<std::uint8_t, 256> table{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool is_digit = c >= '0' && c <= '9';
    const bool is_alpha = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    const bool is_hex = is_digit || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
    unsigned classes = 0;
    if (is_digit) classes |= char_class::digit;
    if (is_alpha) classes |= char_class::alpha;
    if (is_hex) classes |= char_class::hex;
    if (byte > 0x20 && byte < 0x7f) classes |= char_class::visible;
    if (byte == '\t' || (byte >= 0x20 && byte != 0x7f)) classes |= char_class::field_value;
    if (is_digit || is_alpha || contains("!#$%&'*+-.^_`|~", c)) classes |= char_class::token;
    if (is_digit || is_alpha || contains("-._~", c)) classes |= char_class::unreserved;
    if (contains("!$&'()*+,;=", c)) classes |= char_class::sub_delim;
    table[byte] = static_cast<std::uint8_t>(classes);
  }
  return table;
}

}  // namespace detail

inline constexpr std::array<std::uint8_t, 256> char_classes = detail::make_char_classes();

/// True when `c` belongs to one of `classes` (an or of char_class values).
constexpr bool is(char c, std::uint8_t classes) {
  return (char_classes[static_cast<unsigned char>(c)] & classes) != 0;
}

/// True when every byte belongs to one of `classes`; true for the empty text.
constexpr bool all(std::string_view text, std::uint8_t classes) {
  for (const char c : text) {
    if (!is(c, classes)) return false;
  }
  return true;
}

/// RFC 9110 5.6.2: one or more tchar.
constexpr bool is_token(std::string_view text) {
  return !text.empty() && all(text, char_class::token);
}

/// No control byte but HTAB (so no CR, LF, NUL); may be empty. Surrounding whitespace is not looked at.
constexpr bool is_field_value(std::string_view text) {
  return all(text, char_class::field_value);
}

/// ASCII only, whatever the locale.
constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

/// Equal but for ASCII case.
constexpr bool iequals(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i] && to_lower(a[i]) != to_lower(b[i])) return false;
  }
  return true;
}

/// Writes `text` in lower case to `out`, replacing what was there.
inline void assign_lower(std::string& out, std::string_view text) {
  out.resize(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) out[i] = to_lower(text[i]);
}

inline std::string lower(std::string_view text) {
  std::string out;
  assign_lower(out, text);
  return out;
}

/// Without SP and HTAB at both ends (RFC 9110 5.6.3).
constexpr std::string_view trim_ows(std::string_view text) {
  std::size_t begin = 0;
  std::size_t end = text.size();
  while (begin < end && (text[begin] == ' ' || text[begin] == '\t')) ++begin;
  while (end > begin && (text[end - 1] == ' ' || text[end - 1] == '\t')) --end;
  return text.substr(begin, end - begin);
}

/// Calls `visit(member)` for each non-empty member of a comma-separated list, trimmed, left to right (RFC
/// 9110 5.6.1.2). A comma inside a quoted-string does not separate; a quote that is never closed takes the
/// rest. Stops when `visit` returns false; returns whether all members were visited.
template <class Visit>
constexpr bool for_each_list_member(std::string_view list, Visit&& visit) {
  std::size_t begin = 0;
  bool quoted = false;
  for (std::size_t i = 0; i <= list.size(); ++i) {
    if (i < list.size()) {
      const char c = list[i];
      if (quoted) {
        if (c == '\\' && i + 1 < list.size()) ++i;
        if (c == '"') quoted = false;
        continue;
      }
      if (c == '"') quoted = true;
      if (c != ',') continue;
    }
    const std::string_view member = trim_ows(list.substr(begin, i - begin));
    if (!member.empty() && !visit(member)) return false;
    begin = i + 1;
  }
  return true;
}

}  // namespace weir::http
