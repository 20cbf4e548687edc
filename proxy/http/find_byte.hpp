// The next colon or line end of a head: texts there are short, and a call of memchr would take longer. Pure; any
// thread; depends on the standard library only.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace weir::http {

/// The first `wanted` in [at, end), or `end`.
inline const char* find_byte(const char* at, const char* end, char wanted) {
#if defined(__SSE2__)
  const __m128i sought = _mm_set1_epi8(wanted);
  while (end - at >= 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const int marks = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, sought));
    if (marks != 0) return at + std::countr_zero(static_cast<unsigned>(marks));
    at += 16;
  }
#endif
  if constexpr (std::endian::native == std::endian::little) {
    constexpr std::uint64_t each_byte = 0x0101010101010101u;
    const std::uint64_t pattern = each_byte * static_cast<unsigned char>(wanted);
    while (static_cast<std::size_t>(end - at) >= sizeof(std::uint64_t)) {
      std::uint64_t word;
      std::memcpy(&word, at, sizeof word);
      word ^= pattern;
      // The high bit of the lowest byte that is zero is set; higher bytes may carry false marks.
      if (const std::uint64_t marks = (word - each_byte) & ~word & (each_byte * 0x80u)) {
        return at + std::countr_zero(marks) / 8;
      }
      at += sizeof word;
    }
  }
  while (at != end && *at != wanted) ++at;
  return at;
}

}  // namespace weir::http
