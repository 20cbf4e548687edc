// How much of heads and trailers clients of HTTP/2 may make Weir hold at once, for as long as their requests run. Each
// connection has a bound on all of them together. Heads that are larger than most count against a bound of the worker,
// too: many connections with large ones would otherwise hold hundreds of MiB. Pure; the thread of one worker.
#pragma once

#include <algorithm>
#include <cstddef>

#include "server/held_bytes.hpp"

namespace weir::server {

/// Of one worker: what large heads have beyond usual_bytes.
class HeldHeads : public HeldBytes<8 * 1024 * 1024> {
 public:
  static constexpr std::size_t usual_bytes = 1024;  // of a head: these are free

  static std::size_t beyond_usual(std::size_t bytes) { return bytes - std::min(bytes, usual_bytes); }
};

/// Of one client connection.
class HeadRoom {
 public:
  /// Beyond the usual size, however much the worker holds.
  static constexpr std::size_t own_bytes = 32 * 1024;

  /// `bytes_max`: of all heads and trailers of the connection.
  HeadRoom(HeldHeads& worker, std::size_t bytes_max) : worker_(worker), bytes_max_(bytes_max) {}

  /// Whether there is room for a head, or trailers, of so many bytes.
  bool has_room(std::size_t bytes) const {
    const std::size_t large = HeldHeads::beyond_usual(bytes);
    if (bytes > bytes_max_ - std::min(held_, bytes_max_)) return false;
    return large == 0 || large_ + large <= own_bytes || worker_.has_room(large);
  }
  /// It is held; remove() is due, with the same number.
  void add(std::size_t bytes) {
    held_ += bytes;
    large_ += HeldHeads::beyond_usual(bytes);
    worker_.add(HeldHeads::beyond_usual(bytes));
  }
  void remove(std::size_t bytes) {
    held_ -= bytes;
    large_ -= HeldHeads::beyond_usual(bytes);
    worker_.remove(HeldHeads::beyond_usual(bytes));
  }
  std::size_t held() const { return held_; }

 private:
  HeldHeads& worker_;
  const std::size_t bytes_max_;
  std::size_t held_ = 0;
  std::size_t large_ = 0;  // of that, beyond the usual size of each
};

}  // namespace weir::server
