// Bytes and fields as text, for tests of HPACK. Any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "http2/field_section.hpp"
#include "http2/hpack_decoder.hpp"

namespace weir::http2 {

/// The bytes of `82 86 841f`; spaces do not matter.
inline std::string from_hex(std::string_view text) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  int high = -1;
  for (const char c : text) {
    if (c == ' ') continue;
    if (high < 0) {
      high = digit(c);
    } else {
      bytes.push_back(static_cast<char>(high * 16 + digit(c)));
      high = -1;
    }
  }
  return bytes;
}

inline std::string to_hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    for (const int digit : {(c >> 4) & 15, c & 15}) text.push_back("0123456789abcdef"[digit]);
  }
  return text;
}

/// `name: value` lines.
inline std::string text_of(const FieldSection& section) {
  std::string text;
  for (std::size_t i = 0; i < section.size(); ++i) {
    text.append(section[i].name).append(": ").append(section[i].value).append("\n");
  }
  return text;
}

/// What a whole block says, as lines; `failed` where it cannot be decoded.
inline std::string decoded(HpackDecoder& decoder, std::string_view block) {
  FieldSection section;
  const auto outcome =
      decoder.decode(block, true, [&](const FieldLine& line) { section.add(line.name, line.value); });
  return outcome == HpackDecoder::Outcome::ok ? text_of(section) : "failed";
}

/// A string literal of HPACK without Huffman codes (RFC 7541 5.2), of any length.
inline std::string string_literal(std::string_view text) {
  std::string bytes;
  std::size_t length = text.size();
  if (length < 0x7f) {
    bytes.push_back(static_cast<char>(length));
  } else {
    bytes.push_back(0x7f);
    for (length -= 0x7f; length >= 0x80; length >>= 7)
      bytes.push_back(static_cast<char>(length % 0x80 + 0x80));
    bytes.push_back(static_cast<char>(length));
  }
  return bytes.append(text);
}

/// A field that goes into the dynamic table, with its name as text.
inline std::string indexed_literal(std::string_view name, std::string_view value) {
  return "\x40" + string_literal(name) + string_literal(value);
}

}  // namespace weir::http2
