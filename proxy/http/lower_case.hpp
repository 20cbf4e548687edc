// Texts in lower case, by words: names of fields on the way to HTTP/2, which has them in lower case only (RFC 9113
// 8.2.1). Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "http/text.hpp"

namespace weir::http {

namespace detail {

/// The bytes of a word in lower case: no carry passes from one byte to the next.
template <class Word>
constexpr Word lower_word(Word word) {
  constexpr Word each = static_cast<Word>(~Word{0}) / 0xff;  // 0x01 in every byte
  const Word low = word & (each * 0x7f);
  const Word from_a = low + each * (0x80 - 'A');   // their top bits: 'A' or above, and ...
  const Word above_z = low + each * (0x7f - 'Z');  // ... above 'Z'
  const Word upper = (from_a ^ above_z) & ~word & (each * 0x80);
  return word | (upper >> 2);  // 0x20: 'a' - 'A'
}

/// Texts of one word or more; the last word overlaps the one before it.
template <class Word>
void write_lower_in_words(char* out, std::string_view text) {
  const auto write = [&](std::size_t at) {
    Word word;
    std::memcpy(&word, text.data() + at, sizeof word);
    word = lower_word(word);
    std::memcpy(out + at, &word, sizeof word);
  };
  for (std::size_t at = 0; at + sizeof(Word) <= text.size(); at += sizeof(Word)) write(at);
  write(text.size() - sizeof(Word));
}

}  // namespace detail

/// Writes `text` in lower case to `out`, which has as many bytes and is no part of it.
inline void write_lower(char* out, std::string_view text) {
  if (text.size() >= sizeof(std::uint64_t)) return detail::write_lower_in_words<std::uint64_t>(out, text);
  if (text.size() >= sizeof(std::uint32_t)) return detail::write_lower_in_words<std::uint32_t>(out, text);
  for (std::size_t i = 0; i < text.size(); ++i) out[i] = to_lower(text[i]);
}

}  // namespace weir::http
