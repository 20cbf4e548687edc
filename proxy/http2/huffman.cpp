#include "http2/huffman.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace weir::http2 {
namespace {

constexpr unsigned symbols = 256;
constexpr unsigned short_bits =
    8;  // codes up to here, which texts of fields mostly have, are found by one look
constexpr unsigned code_bits_max = 30;

/// Bits of the code of each byte. The codes follow from it: within a length they ascend with the byte.
constexpr std::array<std::uint8_t, symbols> code_bits = {
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28,
    28, 28, 28, 28, 28, 28, 6,  10, 10, 12, 13, 6,  8,  11, 10, 10, 8,  11, 8,  6,  6,  6,  5,  5,  5,  6,
    6,  6,  6,  6,  6,  6,  7,  8,  15, 6,  12, 10, 13, 6,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,
    7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  8,  7,  8,  13, 19, 13, 14, 6,  15, 5,  6,  5,  6,  5,  6,  6,
    6,  5,  7,  7,  6,  6,  6,  5,  6,  7,  6,  5,  5,  6,  7,  7,  7,  7,  7,  15, 11, 14, 13, 28, 20, 22,
    20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23,
    22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22,
    23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22,
    25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
};

struct ShortCode {
  std::uint8_t byte = 0;
  std::uint8_t bits = 0;  // 0: the code is longer
};

struct Codes {
  std::array<ShortCode, 1u << short_bits> by_prefix{};
  // Of each length: its first code, and where its bytes begin in `bytes`.
  std::array<std::uint32_t, code_bits_max + 1> first{};
  std::array<std::uint16_t, code_bits_max + 2> begin{};
  std::array<std::uint8_t, symbols> bytes{};
};

constexpr Codes codes = [] {
  Codes made;
  std::uint32_t code = 0;
  std::uint16_t count = 0;
  for (unsigned bits = 1; bits <= code_bits_max; ++bits) {
    code <<= 1;
    made.first[bits] = code;
    made.begin[bits] = count;
    for (unsigned byte = 0; byte < symbols; ++byte) {
      if (code_bits[byte] != bits) continue;
      made.bytes[count++] = static_cast<std::uint8_t>(byte);
      if (bits <= short_bits) {
        const std::uint32_t prefixes = 1u << (short_bits - bits);
        for (std::uint32_t i = 0; i < prefixes; ++i) {
          made.by_prefix[code * prefixes + i] = {static_cast<std::uint8_t>(byte),
                                                 static_cast<std::uint8_t>(bits)};
        }
      }
      ++code;
    }
  }
  made.begin[code_bits_max + 1] = count;
  return made;
}();
static_assert(codes.begin[code_bits_max + 1] == symbols);

std::uint64_t read_u64(const unsigned char* bytes) {
  std::uint64_t word = 0;
  for (unsigned i = 0; i < sizeof word; ++i) word = word << 8 | bytes[i];
  return word;
}

/// The bits that were taken in and not used yet: the next one is the highest of the word. Those behind the ones that
/// are counted may be there already; taken in again they are the same.
class Bits {
 public:
  explicit Bits(std::string_view coded)
      : next_(reinterpret_cast<const unsigned char*>(coded.data())), bytes_left_(coded.size()) {}

  /// As many as the word has room for, in whole bytes.
  void refill() {
    if (bytes_left_ >= sizeof word_) {
      word_ |= read_u64(next_) >> count_;
      const unsigned bytes = (word_bits - 1 - count_) / 8;
      next_ += bytes;
      bytes_left_ -= bytes;
      count_ += bytes * 8;
      return;
    }
    for (; count_ <= word_bits - 8 && bytes_left_ > 0; --bytes_left_, count_ += 8) {
      word_ |= std::uint64_t{*next_++} << (word_bits - 8 - count_);
    }
  }
  unsigned count() const { return count_; }
  /// The next `bits`, at least one; what is beyond the end are zeros.
  std::uint32_t peek(unsigned bits) const { return static_cast<std::uint32_t>(word_ >> (word_bits - bits)); }
  /// Not more than there are.
  void take(unsigned bits) {
    word_ <<= bits;
    count_ -= bits;
  }

 private:
  static constexpr unsigned word_bits = 64;

  const unsigned char* next_;
  std::size_t bytes_left_;
  std::uint64_t word_ = 0;
  unsigned count_ = 0;
};

/// A code of more than short_bits. Nothing: there is none, or not all of it.
ShortCode find_long(const Bits& bits) {
  const unsigned there = std::min(bits.count(), code_bits_max);
  for (unsigned length = short_bits + 1; length <= there; ++length) {
    const std::uint32_t offset = bits.peek(length) - codes.first[length];
    if (offset >= static_cast<std::uint32_t>(codes.begin[length + 1] - codes.begin[length])) continue;
    return {codes.bytes[codes.begin[length] + offset], static_cast<std::uint8_t>(length)};
  }
  return {};
}

}  // namespace

std::optional<std::size_t> huffman_decode(std::string_view coded, char* out) {
  Bits bits(coded);
  const char* const begin = out;
  for (;;) {
    bits.refill();
    if (bits.count() == 0) break;
    ShortCode code = codes.by_prefix[bits.peek(short_bits)];
    if (code.bits == 0) code = find_long(bits);
    if (code.bits == 0 || code.bits > bits.count()) break;
    do {  // without another look at the input while a short code is all there
      *out++ = static_cast<char>(code.byte);
      bits.take(code.bits);
      code = codes.by_prefix[bits.peek(short_bits)];
    } while (code.bits != 0 && bits.count() >= short_bits);
  }
  // Padding is shorter than a byte, and the beginning of the end of string: ones.
  const unsigned left = bits.count();
  if (left >= 8 || (left > 0 && bits.peek(left) != (1u << left) - 1)) return std::nullopt;
  return static_cast<std::size_t>(out - begin);
}

}  // namespace weir::http2
