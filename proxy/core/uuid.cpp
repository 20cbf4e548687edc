#include "core/uuid.hpp"

#include <array>
#include <cstring>

namespace weir {
namespace {

constexpr std::uint64_t low_bits(unsigned bits) {
  return (std::uint64_t{1} << bits) - 1;
}

constexpr auto hex_pairs = [] {
  std::array<char, 512> pairs{};
  constexpr std::string_view digits = "0123456789abcdef";
  for (std::size_t byte = 0; byte < 256; ++byte) {
    pairs[2 * byte] = digits[byte >> 4];
    pairs[2 * byte + 1] = digits[byte & 0xf];
  }
  return pairs;
}();

/// Writes the low `bytes` bytes of `value` as lower-case hex, most significant first; returns the end.
template <unsigned bytes>
char* write_hex(char* out, std::uint64_t value) {
  for (unsigned i = 0; i < bytes; ++i) {
    const std::uint64_t byte = (value >> (8 * (bytes - 1 - i))) & 0xff;
    std::memcpy(out + 2 * i, &hex_pairs[2 * byte], 2);
  }
  return out + 2 * bytes;
}

std::uint64_t non_zero(Rng& rng) {
  std::uint64_t value = rng();
  while (value == 0) value = rng();
  return value;
}

}  // namespace

void write_uuid_v7(std::uint64_t unix_ms, Rng& rng, char* out) {
  constexpr std::uint64_t version = 0x7000;        // bits 48-51 of the UUID
  constexpr std::uint64_t variant = 0x2ull << 62;  // bits 64-65: 10
  const std::uint64_t random = rng();
  const std::uint64_t high = (unix_ms << 16) | version | (random & low_bits(12));
  const std::uint64_t low = variant | (rng() & low_bits(62));
  out = write_hex<4>(out, high >> 32);
  *out++ = '-';
  out = write_hex<2>(out, high >> 16);
  *out++ = '-';
  out = write_hex<2>(out, high);
  *out++ = '-';
  out = write_hex<2>(out, low >> 48);
  *out++ = '-';
  write_hex<6>(out, low);
}

void write_traceparent(Rng& rng, char* out) {
  std::memcpy(out, "00-", 3);
  out = write_hex<8>(out + 3, non_zero(rng));
  out = write_hex<8>(out, rng());
  *out++ = '-';
  out = write_hex<8>(out, non_zero(rng));
  std::memcpy(out, "-01", 3);
}

}  // namespace weir
