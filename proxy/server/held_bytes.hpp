// A count of bytes that a worker holds for clients, and its bound. Pure; the thread of one worker.
#pragma once

#include <algorithm>
#include <cstddef>

namespace weir::server {

template <std::size_t Max>
class HeldBytes {
 public:
  static constexpr std::size_t bytes_max = Max;

  bool has_room(std::size_t bytes) const { return bytes <= bytes_max - std::min(bytes_, bytes_max); }
  void add(std::size_t bytes) { bytes_ += bytes; }
  void remove(std::size_t bytes) { bytes_ -= bytes; }
  std::size_t bytes() const { return bytes_; }

 private:
  std::size_t bytes_ = 0;
};

}  // namespace weir::server
