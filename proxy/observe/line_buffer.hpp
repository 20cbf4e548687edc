// Builds one log line: a window on the stack that is spilled into a string, so that a line costs one append
// and no allocation once the string has its capacity; without memory, the string keeps no part of a line. Knows JSON
// string escaping and RFC 3339 time. Pure; any thread (the time text is cached per thread and second).
#pragma once

#include <charconv>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace weir::observe {

class LineBuffer {
 public:
  /// `out` has the line once this is gone: as a whole, or without memory nothing of it.
  explicit LineBuffer(std::string& out) : out_(out), before_(out.size()) {}
  ~LineBuffer();
  LineBuffer(const LineBuffer&) = delete;
  LineBuffer& operator=(const LineBuffer&) = delete;

  void byte(char c) {
    if (at_ == window_ + sizeof window_) spill();
    *at_++ = c;
  }

  void raw(std::string_view text) {
    if (text.size() > room()) {
      spill();
      if (text.size() > room()) {
        append(text);
        return;
      }
    }
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }

  template <std::integral Number>
  void number(Number value) {
    if (room() < number_bytes_max) spill();
    at_ = std::to_chars(at_, at_ + number_bytes_max, value).ptr;
  }

  /// Milliseconds with three decimals; what is negative or not a number is written as 0.000.
  void milliseconds(double value);

  /// The inside of a JSON string (RFC 8259 7). Valid UTF-8 passes; control characters (C0, DEL, C1) are
  /// written as escapes. A byte that is no part of valid UTF-8 is written as \u00XX with its own value, which
  /// reads as ISO-8859-1, what HTTP fields once were.
  void json_text(std::string_view text) { escape(text, true); }

  /// The same for plain text lines: quotes and backslashes pass.
  void plain_text(std::string_view text) { escape(text, false); }

  /// 2026-01-31T23:59:59.123Z. Years outside 0..9999 are written as the nearest of these.
  void timestamp(std::chrono::system_clock::time_point time);

 private:
  static constexpr std::size_t number_bytes_max = 24;

  std::size_t room() const { return static_cast<std::size_t>(window_ + sizeof window_ - at_); }
  void spill() {
    append({window_, static_cast<std::size_t>(at_ - window_)});
    at_ = window_;
  }
  void append(std::string_view text) {
    failed_ = true;
    out_.append(text);
    failed_ = false;
  }
  void escape(std::string_view text, bool json);
  void escape_byte(unsigned char value, bool json);

  std::string& out_;
  const std::size_t before_;  // bytes of out_ that are not of this line
  bool failed_ = false;       // there was no memory for a part of it
  char window_[2048];         // most lines fit; uninitialised on purpose
  char* at_ = window_;
};

}  // namespace weir::observe
