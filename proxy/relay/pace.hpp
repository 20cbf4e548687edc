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
/// is no room, so that what a write could place is no measure: what counts is what left our kernel for the other side,
/// looked at from time to time. A side that takes nothing at all is a matter of WriteBounds::timeout: so the verdict
/// on a window waits for a byte, and after a silence as long as a window a new one begins.
class TakenPace {
 public:
  /// `bytes_per_second` averaged over `window` of waiting; 0: any pace will do.
  TakenPace(std::uint64_t bytes_per_second, Duration window) : rate_(bytes_per_second), window_(window) {}

  std::uint64_t bytes_per_second() const { return rate_; }
  /// How often to look at what was taken, at least; Duration::max() where any pace will do.
  Duration look_interval() const { return rate_ == 0 ? Duration::max() : window_ / looks_a_window; }

  /// A wait begins; `taken` bytes were taken on this connection so far.
  void begin_wait(std::uint64_t taken) {
    if (waited_ == Duration{}) window_began_at_ = taken;
    if (taken != taken_) silent_ = {};
    taken_ = taken;
  }

  /// A wait of `waited` is over, with `taken` bytes taken so far. False: so is a window, and it brought too little.
  bool end_wait(std::uint64_t taken, Duration waited) {
    if (rate_ == 0) return true;
    waited_ += waited;
    if (taken == taken_) {
      silent_ += waited;
      return true;
    }
    if (silent_ >= window_) {
      waited_ = waited;
      window_began_at_ = taken_;
    }
    silent_ = {};
    if (waited_ < window_) return true;
    const double seconds = std::chrono::duration<double>(waited_).count();
    waited_ = {};
    return static_cast<double>(taken - window_began_at_) >= static_cast<double>(rate_) * seconds;
  }

 private:
  static constexpr int looks_a_window = 8;

  std::uint64_t rate_;
  Duration window_;
  std::uint64_t taken_ = 0, window_began_at_ = 0;
  Duration waited_{};
  Duration silent_{};  // of waited_, since the last byte
};

}  // namespace weir::relay
