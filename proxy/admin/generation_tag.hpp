// A generation by a name that no other process uses: `1f0c9a3e-7`. Numbers begin at 1 in each process, so a client that
// read one before a restart would take another state for the one that it saw. Pure but for make_boot_mark; any thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "http/text.hpp"

namespace weir::control {

inline constexpr std::size_t generation_text_bytes_max = 40;

/// Eight hex digits, new for each process.
inline std::string make_boot_mark() {
  constexpr std::string_view digits = "0123456789abcdef";
  std::random_device entropy;
  std::string mark(8, '0');
  for (char& digit : mark) digit = digits[entropy() % digits.size()];
  return mark;
}

inline std::string generation_tag(std::string_view boot_mark, std::uint64_t generation) {
  return std::string(boot_mark) + '-' + std::to_string(generation);
}

/// A number, or a tag: what a request may name a generation by.
inline bool is_generation_text(std::string_view text) {
  const std::string_view number = text.substr(std::min(text.rfind('-') + 1, text.size()));
  const std::string_view mark = text.substr(0, text.size() - number.size());
  return text.size() <= generation_text_bytes_max && !number.empty() &&
         http::all(number, http::char_class::digit) &&
         (mark.empty() ||
          (mark.size() > 1 && http::all(mark.substr(0, mark.size() - 1), http::char_class::hex)));
}

/// `text` names that generation. A number alone does not say of which process.
inline bool names_generation(std::string_view text, std::string_view boot_mark, std::uint64_t generation) {
  return text == std::to_string(generation) || text == generation_tag(boot_mark, generation);
}

/// Why a request for generation `asked` changes nothing; `tag`: of the one in use.
inline std::string other_generation(std::string_view tag, std::string_view asked) {
  return "generation " + std::string(tag) + " is in use, not " + std::string(asked) +
         "; look again and decide anew";
}

}  // namespace weir::control
