// The beginning of a text that has to fit a bound. Pure; any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace weir {

/// A byte of UTF-8 that goes on with a character.
constexpr bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

/// The first `bytes_max` bytes of `text`, fewer where those would end within a UTF-8 character.
std::string_view cut_text(std::string_view text, std::size_t bytes_max);

}  // namespace weir
