// Strings of objects that are used again: emptied they keep their memory, so that the next use allocates nothing, but
// one large request must not hold memory for good. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>

namespace weir {

inline constexpr std::size_t kept_text_bytes_max = 16 * 1024;  // capacity that a string keeps

/// Empties `text` and gives its memory back, which an assignment of an empty string would not. Allocates nothing.
inline void free_text(std::string& text) noexcept {
  std::string().swap(text);
}

inline void empty_text(std::string& text) noexcept {
  text.clear();
  if (text.capacity() > kept_text_bytes_max) free_text(text);
}

}  // namespace weir
