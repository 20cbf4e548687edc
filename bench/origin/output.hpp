// Bytes on their way to one socket: an owned buffer, then at most one view of data that lives for ever (the
// pattern behind /bytes/N, sent without copying). Bounded by its users: they stop filling when full() is
// true. One thread only.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir::origin {

class Output {
 public:
  static constexpr std::size_t high_water_bytes = 256 * 1024;
  static constexpr std::size_t kept_capacity_bytes = 4 * 1024;  // an idle connection holds no more

  enum class Flush { drained, blocked, failed };

  void append(std::string_view text);
  void append(std::size_t number);
  /// `data` must stay valid for ever. Anything appended behind it makes a copy of it.
  void append_fixed(std::string_view data);

  bool empty() const { return size() == 0; }
  bool holds_fixed() const { return !fixed_.empty(); }
  bool full() const { return size() >= high_water_bytes; }
  std::size_t size() const { return buffer_.size() - sent_ + fixed_.size(); }

  /// What comes next, as far as it is in one piece; consume() says how much of it was taken elsewhere.
  std::string_view front() const {
    return sent_ < buffer_.size() ? std::string_view(buffer_).substr(sent_) : fixed_;
  }
  void consume(std::size_t count);

  /// Writes to `fd` until everything is sent or the socket takes no more.
  Flush flush(int fd);

 private:
  std::string buffer_;
  std::size_t sent_ = 0;  // of buffer_
  std::string_view fixed_;
};

}  // namespace weir::origin
