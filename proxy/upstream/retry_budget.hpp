// How many retries an upstream may have: what keeps retries from turning a brown-out into an outage. Each request of
// the last ten seconds deposits a share of a retry, time deposits a floor, and each retry withdraws one, counted over
// all workers. A worker counts its requests in a ring that only it writes; the rings are added up when a retry asks,
// so a request without retries shares no write with other workers. Pure; time is passed in.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "config/model.hpp"
#include "core/clock.hpp"

namespace weir::upstream {

/// So long a request, or a retry, counts: in whole seconds of the clock, the present one included.
inline constexpr std::size_t budget_window_s = 10;

/// Retries that so many requests pay for, within the window.
inline std::uint64_t retries_allowed(const config::RetryBudget& settings, std::uint64_t requests) {
  return requests * settings.percent / 100 + std::uint64_t{settings.min_per_second} * budget_window_s;
}

/// A count of the last budget_window_s seconds. One thread writes; any thread reads.
class RecentCount {
 public:
  void add(TimePoint now) {
    const std::uint32_t second = second_of(now);
    std::atomic<std::uint64_t>& part = parts_[second % budget_window_s];
    const std::uint64_t before = part.load(std::memory_order_relaxed);
    const std::uint64_t count = before >> 32 == second ? before & UINT32_MAX : 0;
    part.store(std::uint64_t{second} << 32 | (count + 1), std::memory_order_relaxed);
  }
  std::uint64_t sum(TimePoint now) const;

 private:
  static std::uint32_t second_of(TimePoint now) {
    return static_cast<std::uint32_t>(
        std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count());
  }

  std::array<std::atomic<std::uint64_t>, budget_window_s> parts_{};  // second: 32 bits | count: 32
};

/// Of one upstream. Keeps its identity over reloads. Any thread; the lock is taken where a retry asks, a person looks,
/// or a worker takes a new configuration.
class RetryBudget {
 public:
  /// Where that worker counts its requests: once each, whatever becomes of it. Good for as long as the budget lives.
  RecentCount& requests_of(std::size_t worker);

  /// A retry that follows is within the budget, and counted; false: there is none left.
  bool withdraw(const config::RetryBudget& settings, TimePoint now);

  struct Use {
    std::uint64_t retries = 0;  // of the last ten seconds
    std::uint64_t allowed = 0;  // of these
  };
  Use use(const config::RetryBudget& settings, TimePoint now) const;

 private:
  struct alignas(64) Ring : RecentCount {};

  std::uint64_t requests(TimePoint now) const;

  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Ring>> requests_;  // by worker
  RecentCount retries_;                          // written with the lock held
};

}  // namespace weir::upstream
