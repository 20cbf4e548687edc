// The slowest pace that one side of a transfer may keep. Only the time in which that side is what is waited for counts:
// a client that waits for its endpoint is not slow, and neither is an endpoint that waits for its client. Pure, one
// thread; the caller measures.
#pragma once

#include <cstdint>

#include "core/clock.hpp"

namespace weir::relay {

class Pace {
 public:
  /// `bytes_per_second` averaged over `window` of waiting; 0: any pace will do.
  Pace(std::uint64_t bytes_per_second, Duration window) : rate_(bytes_per_second), window_(window) {}

  /// When a wait that begins at `now` has to be looked at; TimePoint::max() where any pace will do.
  TimePoint due(TimePoint now) const { return rate_ == 0 ? TimePoint::max() : now + (window_ - waited_); }

  /// `bytes` were moved, after a wait of `waited`. False: a window of waiting is over and brought too little.
  bool note(std::uint64_t bytes, Duration waited) {
    if (rate_ == 0) return true;
    bytes_ += bytes;
    waited_ += waited;
    if (waited_ < window_) return true;
    const double seconds = std::chrono::duration<double>(waited_).count();
    const bool enough = static_cast<double>(bytes_) >= static_cast<double>(rate_) * seconds;
    bytes_ = 0;
    waited_ = {};
    return enough;
  }

 private:
  std::uint64_t rate_;
  Duration window_;
  std::uint64_t bytes_ = 0;
  Duration waited_{};
};

/// The same of a side that is written to. Its kernel and ours take megabytes in advance and say for a minute that there
/// is no room, so that what a write could place tells nothing: what counts is what left our kernel for the other side.
/// A window begins with the first wait that brings a byte: a side that takes nothing at all is a matter of
/// WriteBounds::timeout.
class TakenPace {
 public:
  /// `bytes_per_second` averaged over `window` of waiting; 0: any pace will do.
  TakenPace(std::uint64_t bytes_per_second, Duration window) : rate_(bytes_per_second), window_(window) {}

  /// A wait begins; `taken` bytes were taken on this connection so far.
  void begin_wait(std::uint64_t taken) {
    if (waited_ == Duration{}) taken_before_ = taken;  // nothing was taken since the last look
  }
  /// When a wait that begins at `now` has to be looked at; TimePoint::max() where any pace will do.
  TimePoint due(TimePoint now) const { return rate_ == 0 ? TimePoint::max() : now + (window_ - waited_); }

  /// A wait of `waited` is over, with `taken` bytes taken so far. False: so is a window, and it brought too little.
  bool end_wait(std::uint64_t taken, Duration waited) {
    if (rate_ == 0 || (waited_ == Duration{} && taken == taken_before_)) return true;
    waited_ += waited;
    if (waited_ < window_) return true;
    const double seconds = std::chrono::duration<double>(waited_).count();
    waited_ = {};
    return static_cast<double>(taken - taken_before_) >= static_cast<double>(rate_) * seconds;
  }

 private:
  std::uint64_t rate_;
  Duration window_;
  std::uint64_t taken_before_ = 0;
  Duration waited_{};
};

}  // namespace weir::relay
