// Lines of a stream of any length, one after the other, in bounded memory. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace weir::replay {

/// Longer than any that Weir writes: seven texts of 2 KiB, each byte escaped, and 32 attempts.
inline constexpr std::size_t line_bytes_max = 256 * 1024;

/// Reads up to `room` bytes to `into`; 0 at the end, less than 0 where it failed.
using ReadSome = std::function<std::int64_t(char* into, std::size_t room)>;

class Lines {
 public:
  explicit Lines(ReadSome read_some) : read_some_(std::move(read_some)) {}

  enum class Got : std::uint8_t {
    line,
    too_long,  // more than line_bytes_max; `line` has no meaning
    end,
    failed,
  };
  /// `line` is good until the next call.
  Got next(std::string_view& line);
  /// Of the line that came last; the first is 1.
  std::uint64_t number() const { return number_; }

 private:
  static constexpr std::size_t read_bytes = 256 * 1024;
  bool fill();

  ReadSome read_some_;
  std::string buffer_;  // at most line_bytes_max and one read
  std::size_t at_ = 0;  // where the next line begins
  std::uint64_t number_ = 0;
  bool ended_ = false, failed_ = false;
};

}  // namespace weir::replay
