// Windows of flow control, one object each direction of a stream or of a connection (RFC 9113 5.2 and 6.9). Pure; one
// thread; depends on the standard library only.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>

#include "http2/frame.hpp"

namespace weir::http2 {

/// How much DATA the peer still takes. Negative when it made its initial window smaller while DATA was on the way.
class SendWindow {
 public:
  explicit SendWindow(std::uint32_t bytes = window_bytes_at_start) : left_(bytes) {}

  std::int64_t left() const { return left_; }
  std::size_t sendable() const { return left_ > 0 ? static_cast<std::size_t>(left_) : 0; }
  void take(std::size_t bytes) {
    assert(bytes <= sendable());
    left_ -= static_cast<std::int64_t>(bytes);
  }
  /// By a WINDOW_UPDATE, or the difference of two initial windows; false: beyond 2^31-1, nothing changed.
  [[nodiscard]] bool widen(std::int64_t bytes) {
    if (left_ + bytes > window_max) return false;
    left_ += bytes;
    return true;
  }

 private:
  std::int64_t left_;
};

/// How much DATA the peer may still send, and what was used up and not given back yet.
class ReceiveWindow {
 public:
  explicit ReceiveWindow(std::uint32_t bytes = window_bytes_at_start) : left_(bytes) {}

  std::int64_t left() const { return left_; }
  /// A frame of `bytes`, padding included, is on its way; false: the peer may not send as much.
  [[nodiscard]] bool receive(std::uint32_t bytes) {
    if (bytes > 0 && bytes > left_) return false;
    left_ -= bytes;
    return true;
  }
  /// `bytes` were used up. Returns what a WINDOW_UPDATE has to say now: 0 until `at_least` are due.
  std::uint32_t credit(std::size_t bytes, std::uint32_t at_least) {
    due_ += static_cast<std::uint32_t>(bytes);
    if (due_ == 0 || due_ < at_least) return 0;
    const std::uint32_t announced = due_;
    left_ += announced;
    due_ = 0;
    return announced;
  }
  /// The peer is about to hear of so much more.
  void widen(std::uint32_t bytes) { left_ += bytes; }
  /// The peer counts by a smaller window now than the one it started with.
  void narrow(std::uint32_t bytes) { left_ -= bytes; }

 private:
  std::int64_t left_;
  std::uint32_t due_ = 0;
};

}  // namespace weir::http2
