// When ejecting an endpoint was due last, and for which kind of failure: this distinguishes a fault that all
// endpoints share from the fault of one. Any thread; one atomic word; pure.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/clock.hpp"

namespace weir::upstream {

/// A time and a config::Failure bit in one word.
class DueMark {
 public:
  void set(std::uint16_t failure, TimePoint at) { word_.store(pack(failure, at), std::memory_order_relaxed); }
  void clear() { word_.store(0, std::memory_order_relaxed); }
  /// Set for this kind of failure, at `since` or later.
  bool is_set(std::uint16_t failure, TimePoint since) const {
    const std::uint64_t word = word_.load(std::memory_order_relaxed);
    return failure != 0 && (word & 0xffff) == failure && word >= pack(failure, since);
  }
  /// Set for whatever failure, at `since` or later.
  bool is_set(TimePoint since) const {
    const std::uint64_t word = word_.load(std::memory_order_relaxed);
    return word != 0 && word >= pack(0, since);
  }

 private:
  static std::uint64_t pack(std::uint16_t failure, TimePoint at) {
    using Ticks = Milliseconds::rep;
    const Ticks ms = std::chrono::floor<Milliseconds>(at.time_since_epoch()).count();
    return static_cast<std::uint64_t>(std::max<Ticks>(ms, 0)) << 16 | failure;
  }

  std::atomic<std::uint64_t> word_{0};  // milliseconds | failure bit
};

/// THE rule: ejecting is due for more than half of an upstream's endpoints, at least two, for the same kind of
/// failure within one window. Then the cause is the request or something that they share, and taking endpoints out
/// mends nothing.
constexpr bool is_shared_cause(std::size_t alike, std::size_t endpoints) {
  return alike >= 2 && 2 * alike > endpoints;
}

/// All of them, at least two: then those that are out for it are no worse than the others.
constexpr bool is_fault_of_all(std::size_t alike, std::size_t endpoints) {
  return alike >= 2 && alike == endpoints;
}

}  // namespace weir::upstream
