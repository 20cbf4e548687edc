// Whether an operator paused a route, what waits there, and what became of it. One a route that proxies, shared by the
// workers and kept over reloads. While it is open a request costs one load of `closed`. Any thread, but for what says
// otherwise; no locks; depends on nothing else.
#pragma once

#include <atomic>
#include <cstdint>

#include "route/in_flight.hpp"

namespace weir::route {

class PauseGate {
 public:
  /// How requests that came to a closed gate ended, since the process began. Only ever added to.
  struct Counts {
    std::atomic<std::uint64_t> let_go{0};   // went on to an endpoint
    std::atomic<std::uint64_t> timeout{0};  // timeouts.total, or the deadline of a call, was over
    std::atomic<std::uint64_t> left{0};     // the client left, or the process ended
    std::atomic<std::uint64_t> refused{0};  // as many waited as may
  };

  bool closed() const { return closed_.load(std::memory_order_relaxed); }
  /// Control thread. At most `places` requests wait.
  void close(std::uint32_t places) {
    places_.store(places, std::memory_order_relaxed);
    closed_.store(true, std::memory_order_relaxed);
    used_ = true;
  }
  /// Control thread. Those that wait go on when their workers look (server/paused_requests.hpp).
  void open() { closed_.store(false, std::memory_order_relaxed); }
  /// Control thread: it was closed at least once.
  bool used() const { return used_; }

  std::uint32_t places() const { return places_.load(std::memory_order_relaxed); }
  std::uint32_t waiting() const { return waiting_.count.load(std::memory_order_relaxed); }
  /// False: as many wait as may.
  bool enter(InFlightPlace& place) { return place.take(waiting_, places()); }

  alignas(64) Counts counts;  // off the cache line of `closed`, which every request reads

 private:
  alignas(64) std::atomic<bool> closed_{false};
  bool used_ = false;
  std::atomic<std::uint32_t> places_{0};
  InFlight waiting_;  // on a cache line of its own, too
};

}  // namespace weir::route
