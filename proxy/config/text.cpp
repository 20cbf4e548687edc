#include "config/text.hpp"

#include <algorithm>
#include <cstdint>

#include "http/text.hpp"

namespace weir::config {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

char upper_char(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

/// A key that a path can show as it is.
bool is_plain_key(std::string_view key) {
  return !key.empty() && key.size() <= quoted_bytes_max && std::all_of(key.begin(), key.end(), [](char c) {
    return http::is(c, http::char_class::alpha | http::char_class::digit) || c == '_' || c == '-';
  });
}

/// Length of the well-formed UTF-8 sequence at the start of `text`, or 0 (RFC 3629 4).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [text](std::size_t i) {
    return i < text.size() ? static_cast<std::uint8_t>(text[i]) : std::uint8_t{0};
  };
  const auto tail = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const std::uint8_t first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return tail(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool overlong = first == 0xe0 && byte(1) < 0xa0;
    const bool surrogate = first == 0xed && byte(1) > 0x9f;
    return !overlong && !surrogate && tail(1) && tail(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool overlong = first == 0xf0 && byte(1) < 0x90;
    const bool past_end = first == 0xf4 && byte(1) > 0x8f;
    return !overlong && !past_end && tail(1) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

/// `text` cut to at most `max` bytes without splitting a UTF-8 sequence.
std::string_view cut(std::string_view text, std::size_t max) {
  if (text.size() <= max) return text;
  while (max > 0 && (static_cast<unsigned char>(text[max]) & 0xc0) == 0x80) --max;
  return text.substr(0, max);
}

}  // namespace

std::string quote(std::string_view text) {
  std::string out = "'";
  const std::string_view shown = cut(text, quoted_bytes_max);
  for (const char c : shown) {
    if (is_control(c)) {
      const auto byte = static_cast<unsigned char>(c);
      out += "\\x";
      out += hex_digits[byte >> 4];
      out += hex_digits[byte & 0x0f];
    } else {
      out += c;
    }
  }
  if (shown.size() < text.size()) out += "...";
  return out + "'";
}

std::string join_path(std::string_view parent, std::string_view key) {
  std::string out(parent);
  if (!out.empty()) out += '.';
  return out + (is_plain_key(key) ? std::string(key) : quote(key));
}

std::string join_path(std::string_view parent, std::size_t index) {
  return std::string(parent) + "[" + std::to_string(index) + "]";
}

std::string upper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), upper_char);
  return out;
}

std::size_t find_unclean(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (is_control(c) && c != '\t' && c != '\n' && c != '\r') return at;
    const std::size_t length = utf8_length(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return std::string_view::npos;
}

}  // namespace weir::config
