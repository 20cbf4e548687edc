#include "http/controls.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace weir::http {
namespace {

constexpr std::uint64_t each_byte = 0x0101010101010101u;
constexpr std::uint64_t high_bits = each_byte * 0x80u;

/// The high bit of the lowest byte that is below 0x20 or equals DEL is set; higher bytes may carry false
/// marks.
constexpr std::uint64_t mark_controls(std::uint64_t word) {
  const std::uint64_t below_space = (word - each_byte * 0x20u) & ~word;
  const std::uint64_t not_delete = word ^ each_byte * 0x7fu;
  const std::uint64_t is_delete = (not_delete - each_byte) & ~not_delete;
  return (below_space | is_delete) & high_bits;
}

constexpr bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

}  // namespace

const char* find_control(const char* at, const char* end) {
  const char* const begin = at;
#if defined(__SSE2__)
  const __m128i highest_control = _mm_set1_epi8(0x1f);
  const __m128i del = _mm_set1_epi8(0x7f);
  while (end - at >= 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, highest_control), bytes);
    const int marks = _mm_movemask_epi8(_mm_or_si128(low, _mm_cmpeq_epi8(bytes, del)));
    if (marks != 0) return at + std::countr_zero(static_cast<unsigned>(marks));
    at += 16;
  }
#endif
  if constexpr (std::endian::native == std::endian::little) {
    while (static_cast<std::size_t>(end - at) >= sizeof(std::uint64_t)) {
      std::uint64_t word;
      std::memcpy(&word, at, sizeof word);
      if (const std::uint64_t marks = mark_controls(word)) return at + std::countr_zero(marks) / 8;
      at += sizeof word;
    }
    if (static_cast<std::size_t>(end - begin) >=
        sizeof(std::uint64_t)) {  // the last word overlaps the one before it
      std::uint64_t word;
      std::memcpy(&word, end - sizeof word, sizeof word);
      const std::uint64_t marks = mark_controls(word);
      return marks == 0 ? end : end - sizeof word + std::countr_zero(marks) / 8;
    }
  }
  while (at != end && !is_control(*at)) ++at;
  return at;
}

}  // namespace weir::http
