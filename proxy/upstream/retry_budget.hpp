// How many retries of one upstream run at once, over all workers: what keeps retries from turning a brown-out into
// an outage. The count is exact; the requests that it is measured against are those in flight at the endpoints,
// read when a retry asks, so that a request without retries pays nothing. Any thread; no locks; pure.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <span>
#include <utility>

#include "config/model.hpp"
#include "upstream/endpoint.hpp"

namespace weir::upstream {

/// Retries that may run beside `first_tries` requests which are no retries themselves.
inline std::uint64_t retries_allowed(const config::RetryBudget& settings, std::uint64_t first_tries) {
  return std::max<std::uint64_t>(settings.min_concurrent, first_tries * settings.percent / 100);
}

/// Requests in flight at all of them, retries included.
std::uint64_t requests_in_flight(std::span<const Candidate> candidates);

/// Retries of one upstream that run now. Keeps its identity over reloads; on a cache line of its own.
struct alignas(64) RunningRetries {
  std::atomic<std::uint32_t> count{0};
};

/// The place of one running retry, given back whichever way it ends.
class RetryPlace {
 public:
  RetryPlace() = default;
  RetryPlace(RetryPlace&& other) noexcept : in_(std::exchange(other.in_, nullptr)) {}
  RetryPlace& operator=(RetryPlace&& other) noexcept {
    if (this != &other) {
      give_back();
      in_ = std::exchange(other.in_, nullptr);
    }
    return *this;
  }
  ~RetryPlace() { give_back(); }

  /// Takes a place beside `requests` requests in flight, running retries included; false when there is none.
  /// Each place is within what the count and `requests` allowed at that moment. `in` must outlive the place.
  bool take(RunningRetries& in, const config::RetryBudget& settings, std::uint64_t requests);
  void give_back();
  bool held() const { return in_ != nullptr; }

 private:
  RunningRetries* in_ = nullptr;
};

}  // namespace weir::upstream
