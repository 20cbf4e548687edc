#include "http1/tokenizer.hpp"

#include <bit>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "http/field_names.hpp"
#include "http/text.hpp"

namespace weir::http1 {
namespace {

using http::Field;
using http::FieldId;

constexpr bool is_space(char c) {
  return c == ' ' || c == '\t';
}

std::string_view text(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

/// The first `wanted` in [at, end), or `end`. Names and values are short: a call of memchr would take longer.
const char* find(const char* at, const char* end, char wanted) {
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

}  // namespace

TokenizeOutcome tokenize_fields(std::string_view section, std::size_t count_max, std::vector<Field>& fields) {
  const char* at = section.data();
  const char* const end = at + section.size();
  const std::size_t count_end = fields.size() + count_max;
  while (at != end && *at != '\r') {
    const char* const colon = find(at, end, ':');
    const std::string_view name = text(at, colon);
    const std::optional<FieldId> common = http::find_common_field(name);
    if (!common && !http::is_token(name)) return TokenizeOutcome::malformed;
    const char* const cr = find(colon, end, '\r');
    if (end - cr < 2 || cr[1] != '\n') return TokenizeOutcome::malformed;
    const char* value = colon + 1;
    const char* value_end = cr;
    while (value != value_end && is_space(*value)) ++value;
    while (value_end != value && is_space(value_end[-1])) --value_end;
    if (fields.size() == count_end) return TokenizeOutcome::too_many_fields;
    const bool verbatim = value == colon + 2 && colon[1] == ' ' && value_end == cr;
    fields.push_back(
        {common ? *common : http::registered_field(name), name, text(value, value_end), verbatim});
    at = cr + 2;
  }
  return end - at == 2 ? TokenizeOutcome::split : TokenizeOutcome::malformed;
}

}  // namespace weir::http1
