// Writes many short pieces to the end of a string: they are collected on a page of the stack, where each is a bare
// copy, and appended together. Private to the writers of heads (write.cpp, own_response.cpp). One thread; lives for
// one head.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace weir::http1 {

class Pen {
 public:
  /// `out` has everything that was put once the pen is gone.
  explicit Pen(std::string& out) : out_(out) { make_room(); }
  ~Pen() { out_.append(page_, used()); }  // there is room: nothing is thrown
  Pen(const Pen&) = delete;
  Pen& operator=(const Pen&) = delete;

  Pen& put(std::string_view text) {
    if (text.size() > room()) [[unlikely]] {
      spill();
      if (text.size() > room()) {
        out_ += text;
        make_room();
        return *this;
      }
    }
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
    return *this;
  }
  /// A literal: its length is known, so the copy is a few stores.
  template <std::size_t size>
  Pen& put(const char (&literal)[size]) {
    constexpr std::size_t length = size - 1;
    static_assert(length <= sizeof page_);
    if (length > room()) [[unlikely]]
      spill();
    std::memcpy(at_, literal, length);
    at_ += length;
    return *this;
  }
  Pen& put(std::uint64_t number) {
    constexpr std::size_t digits_max = 20;
    if (digits_max > room()) [[unlikely]]
      spill();
    at_ = std::to_chars(at_, at_ + digits_max, number).ptr;
    return *this;
  }
  Pen& field(std::string_view name, std::string_view value) {
    return put(name).put(": ").put(value).put("\r\n");
  }

 private:
  std::size_t room() const { return static_cast<std::size_t>(page_ + sizeof page_ - at_); }
  std::size_t used() const { return static_cast<std::size_t>(at_ - page_); }
  void make_room() { out_.reserve(out_.size() + sizeof page_); }
  void spill() {
    out_.append(page_, used());
    at_ = page_;
    make_room();
  }

  std::string& out_;
  char page_[1536];  // nearly every head fits; not filled with zeros first, as a growing string would be
  char* at_ = page_;
};

}  // namespace weir::http1
