// Field sections out of a fuzzer's bytes: each field is two lengths of a byte and two texts. Any thread.
#pragma once

#include <cstddef>
#include <string_view>

#include "http2/field_section.hpp"

namespace weir::fuzz {

inline constexpr std::size_t fields_max = 64;

/// The next text of `input`, behind the byte that says how long it is.
inline std::string_view take_text(std::string_view& input) {
  if (input.empty()) return {};
  const auto bytes = static_cast<unsigned char>(input.front());
  const std::string_view text = input.substr(1, bytes);
  input.remove_prefix(1 + text.size());
  return text;
}

inline http2::FieldSection take_section(std::string_view input) {
  http2::FieldSection section;
  while (!input.empty() && section.size() < fields_max) {
    const std::string_view name = take_text(input);
    section.add(name, take_text(input));
  }
  return section;
}

}  // namespace weir::fuzz
