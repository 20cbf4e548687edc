#include "observe/line_buffer.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <new>

#include "core/cut_text.hpp"

namespace weir::observe {
namespace {

constexpr std::uint64_t every_byte(std::uint64_t byte) {
  return 0x0101010101010101u * byte;
}

/// Non-zero when one of the eight bytes is zero.
constexpr std::uint64_t zero_bytes(std::uint64_t word) {
  return (word - every_byte(1)) & ~word & every_byte(0x80);
}

/// Non-zero when one of the eight bytes needs a closer look: control, quote, backslash, DEL, not ASCII.
constexpr std::uint64_t special_bytes(std::uint64_t word) {
  const std::uint64_t control = (word - every_byte(0x20)) & ~word & every_byte(0x80);
  return control | (word & every_byte(0x80)) | zero_bytes(word ^ every_byte('"')) |
         zero_bytes(word ^ every_byte('\\')) | zero_bytes(word ^ every_byte(0x7f));
}

bool is_special(unsigned char byte) {
  return byte < 0x20 || byte >= 0x7f || byte == '"' || byte == '\\';
}

/// How many bytes at the front of `text` can be copied as they are.
std::size_t clean_prefix(std::string_view text) {
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + at, sizeof word);
    if (special_bytes(word) != 0) break;
  }
  while (at < text.size() && !is_special(static_cast<unsigned char>(text[at]))) ++at;
  return at;
}

/// Length of the UTF-8 character (RFC 3629 4) that `text` starts with, of two bytes or more; 0 when there is
/// none.
std::size_t character_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t length = lead >= 0xc2 && lead <= 0xdf   ? 2
                             : lead >= 0xe0 && lead <= 0xef ? 3
                             : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                            : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_continuation(text[i])) return 0;
  }
  const auto second = static_cast<unsigned char>(text[1]);
  if (lead == 0xe0 && second < 0xa0) return 0;  // overlong
  if (lead == 0xed && second > 0x9f) return 0;  // surrogate
  if (lead == 0xf0 && second < 0x90) return 0;  // overlong
  if (lead == 0xf4 && second > 0x8f) return 0;  // past U+10FFFF
  return length;
}

/// U+0080..U+009F: valid UTF-8, but a terminal takes some of them as commands.
bool is_c1_control(std::string_view character) {
  return character.size() == 2 && character[0] == '\xc2' && static_cast<unsigned char>(character[1]) < 0xa0;
}

void write_digits(char* out, unsigned value, int digits) {
  for (int i = digits - 1; i >= 0; --i) {
    out[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

/// "2026-01-31T23:59:59" of the second that was asked for last.
struct SecondText {
  std::chrono::sys_seconds second = std::chrono::sys_seconds::min();
  std::array<char, 19> text{};

  void update(std::chrono::sys_seconds now) {
    using namespace std::chrono;
    constexpr sys_seconds first = sys_days{year{0} / January / 1};
    constexpr sys_seconds last = sys_days{year{9999} / December / 31} + hours{24} - seconds{1};
    second = now;
    now = std::clamp(now, first, last);
    const auto day = floor<days>(now);
    const year_month_day date{day};
    const hh_mm_ss clock{now - day};
    constexpr std::string_view shape = "0000-00-00T00:00:00";
    std::copy(shape.begin(), shape.end(), text.begin());
    write_digits(text.data(), static_cast<unsigned>(static_cast<int>(date.year())), 4);
    write_digits(text.data() + 5, static_cast<unsigned>(date.month()), 2);
    write_digits(text.data() + 8, static_cast<unsigned>(date.day()), 2);
    write_digits(text.data() + 11, static_cast<unsigned>(clock.hours().count()), 2);
    write_digits(text.data() + 14, static_cast<unsigned>(clock.minutes().count()), 2);
    write_digits(text.data() + 17, static_cast<unsigned>(clock.seconds().count()), 2);
  }
};

}  // namespace

LineBuffer::~LineBuffer() {
  try {
    if (!failed_) spill();
  } catch (const std::bad_alloc&) {  // failed_ says so
  }
  if (failed_) out_.resize(before_);
}

void LineBuffer::escape(std::string_view text, bool json) {
  while (!text.empty()) {
    const std::size_t clean = clean_prefix(text);
    raw(text.substr(0, clean));
    text.remove_prefix(clean);
    if (text.empty()) return;
    const std::size_t length = character_length(text);
    if (length == 0) {
      escape_byte(static_cast<unsigned char>(text.front()), json);
      text.remove_prefix(1);
      continue;
    }
    const std::string_view character = text.substr(0, length);
    if (is_c1_control(character)) {
      escape_byte(static_cast<unsigned char>(character[1]), json);
    } else {
      raw(character);
    }
    text.remove_prefix(length);
  }
}

void LineBuffer::escape_byte(unsigned char value, bool json) {
  constexpr char hex[] = "0123456789abcdef";
  switch (value) {
    case '"':
      return raw(json ? "\\\"" : "\"");
    case '\\':
      return raw(json ? "\\\\" : "\\");
    case '\n':
      return raw("\\n");
    case '\r':
      return raw("\\r");
    case '\t':
      return raw("\\t");
    default:
      raw("\\u00");
      byte(hex[value >> 4]);
      byte(hex[value & 15]);
  }
}

void LineBuffer::milliseconds(double value) {
  constexpr double value_max = 1e15;  // past 30,000 years; the microseconds still fit 64 bits
  if (!(value > 0)) value = 0;
  const double thousandths = std::min(value, value_max) * 1000;
  const auto microseconds = static_cast<std::uint64_t>(thousandths + 0.5);  // NOLINT: it is not negative
  number(microseconds / 1000);
  char fraction[4] = {'.'};
  write_digits(fraction + 1, static_cast<unsigned>(microseconds % 1000), 3);
  raw({fraction, sizeof fraction});
}

void LineBuffer::timestamp(std::chrono::system_clock::time_point time) {
  using namespace std::chrono;
  thread_local SecondText cached;
  const auto second = floor<seconds>(time);
  if (second != cached.second) cached.update(second);
  raw({cached.text.data(), cached.text.size()});
  char fraction[5] = {'.', '0', '0', '0', 'Z'};
  write_digits(fraction + 1, static_cast<unsigned>(floor<std::chrono::milliseconds>(time - second).count()),
               3);
  raw({fraction, sizeof fraction});
}

}  // namespace weir::observe
