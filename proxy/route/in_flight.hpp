// The bound on concurrent requests of one route (max_in_flight): a count that all workers share, and a place in it
// that is given back whichever way its request ends. Any thread; no locks; depends on nothing.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace weir::route {

/// Requests of one route that hold a place. Keeps its identity over reloads; on a cache line of its own.
struct alignas(64) InFlight {
  std::atomic<std::uint32_t> count{0};
};

class InFlightPlace {
 public:
  InFlightPlace() = default;
  InFlightPlace(InFlightPlace&& other) noexcept : in_(std::exchange(other.in_, nullptr)) {}
  InFlightPlace& operator=(InFlightPlace&& other) noexcept {
    if (this != &other) {
      give_back();
      in_ = std::exchange(other.in_, nullptr);
    }
    return *this;
  }
  ~InFlightPlace() { give_back(); }

  /// Takes a place; false when `max` are taken. Exact: never more than `max`, and none is refused while one is
  /// free. `in` must outlive the place.
  bool take(InFlight& in, std::uint32_t max) {
    give_back();
    std::uint32_t count = in.count.load(std::memory_order_relaxed);
    while (count < max) {
      if (!in.count.compare_exchange_weak(count, count + 1, std::memory_order_relaxed)) continue;
      in_ = &in;
      return true;
    }
    return false;
  }

  void give_back() {
    if (InFlight* const in = std::exchange(in_, nullptr)) in->count.fetch_sub(1, std::memory_order_relaxed);
  }

  bool held() const { return in_ != nullptr; }

 private:
  InFlight* in_ = nullptr;
};

}  // namespace weir::route
