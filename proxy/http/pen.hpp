// Writes many short pieces to the end of a string: room is made once, then each piece is a bare copy. Private
// to the writers of heads (write.cpp, own_response.cpp). One thread; lives for one head.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace weir::http {

class Pen {
 public:
  /// `room_bytes` is a guess: a wrong one costs a reallocation, never correctness.
  Pen(std::string& out, std::size_t room_bytes) : out_(out) {
    const std::size_t before = out.size();
    out.resize(before + room_bytes);
    at_ = out.data() + before;
    end_ = out.data() + out.size();
  }
  ~Pen() { out_.resize(static_cast<std::size_t>(at_ - out_.data())); }
  Pen(const Pen&) = delete;
  Pen& operator=(const Pen&) = delete;

  Pen& put(std::string_view text) {
    if (text.size() > static_cast<std::size_t>(end_ - at_)) [[unlikely]]
      grow(text.size());
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
    return *this;
  }
  /// A literal: its length is known, so the copy is a few stores.
  template <std::size_t size>
  Pen& put(const char (&literal)[size]) {
    constexpr std::size_t length = size - 1;
    if (length > static_cast<std::size_t>(end_ - at_)) [[unlikely]]
      grow(length);
    std::memcpy(at_, literal, length);
    at_ += length;
    return *this;
  }
  Pen& put(std::uint64_t number) {
    constexpr std::size_t digits_max = 20;
    if (digits_max > static_cast<std::size_t>(end_ - at_)) [[unlikely]]
      grow(digits_max);
    at_ = std::to_chars(at_, end_, number).ptr;
    return *this;
  }
  Pen& field(std::string_view name, std::string_view value) {
    return put(name).put(": ").put(value).put("\r\n");
  }

 private:
  void grow(std::size_t needed) {
    const auto used = static_cast<std::size_t>(at_ - out_.data());
    out_.resize(2 * out_.size() + needed);
    at_ = out_.data() + used;
    end_ = out_.data() + out_.size();
  }

  std::string& out_;
  char* at_;
  char* end_;
};

}  // namespace weir::http
