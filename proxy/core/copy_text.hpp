// Copies of texts that are mostly short, as names and values of fields are: without a call where they are. Pure; any
// thread; depends on the standard library only.
#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>

namespace weir {

namespace detail {

/// Of one to two words: the second one overlaps the first.
template <std::size_t word_bytes>
void copy_two_words(char* to, const char* from, std::size_t bytes) {
  char first[word_bytes];
  char last[word_bytes];
  std::memcpy(first, from, word_bytes);
  std::memcpy(last, from + bytes - word_bytes, word_bytes);
  std::memcpy(to, first, word_bytes);
  std::memcpy(to + bytes - word_bytes, last, word_bytes);
}

}  // namespace detail

/// Writes `text` to `to`, which has as many bytes and is no part of it; returns what is behind it. An empty text may
/// have no data.
inline char* copy_text(char* to, std::string_view text) {
  const std::size_t bytes = text.size();
  const char* const from = text.data();
  if (bytes > 32) {
    std::memcpy(to, from, bytes);
  } else if (bytes >= 16) {
    detail::copy_two_words<16>(to, from, bytes);
  } else if (bytes >= 8) {
    detail::copy_two_words<8>(to, from, bytes);
  } else if (bytes >= 4) {
    detail::copy_two_words<4>(to, from, bytes);
  } else if (bytes > 0) {
    to[0] = from[0];
    to[bytes / 2] = from[bytes / 2];
    to[bytes - 1] = from[bytes - 1];
  }
  return to + bytes;
}

}  // namespace weir
