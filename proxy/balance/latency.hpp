// How fast one endpoint answers: a peak-sensitive moving average. A response that is slower than the average
// replaces it at once, faster ones pull it down with time, and without any it fades, so that an endpoint that was
// slow is tried again. Shared by the workers as one atomic word. Pure; any thread; no locks.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/clock.hpp"

namespace weir::balance {

class Latency {
 public:
  static constexpr Milliseconds memory{10'000};     // after this, a third of what was is left
  static constexpr Milliseconds failure{1'000};     // a failed request counts as no faster than this
  static constexpr Milliseconds avoid_max{10'000};  // a Retry-After keeps requests away no longer

  /// Becomes what `other` is at the moment.
  void copy(const Latency& other) {
    word_.store(other.word_.load(std::memory_order_relaxed), std::memory_order_relaxed);
    avoid_until_.store(other.avoid_until_.load(std::memory_order_relaxed), std::memory_order_relaxed);
  }

  /// A response, or a failure, after `took`.
  void observe(Duration took, bool failed, TimePoint now);
  /// Microseconds as of `now`; 0: nothing is known, or no longer.
  double microseconds(TimePoint now) const;

  /// The endpoint asked for a pause (Retry-After); at most avoid_max.
  void avoid_for(Duration pause, TimePoint now);
  bool avoided(TimePoint now) const;

 private:
  std::atomic<std::uint64_t> word_{0};        // microseconds << 32 | milliseconds of its time, cut to 32 bits
  std::atomic<std::int64_t> avoid_until_{0};  // milliseconds of TimePoint's epoch
};

}  // namespace weir::balance
