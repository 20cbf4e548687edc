#include "upstream/retry_budget.hpp"

namespace weir::upstream {

std::uint64_t RecentCount::sum(TimePoint now) const {
  const std::uint32_t second = second_of(now);
  std::uint64_t sum = 0;
  for (const std::atomic<std::uint64_t>& part : parts_) {
    const std::uint64_t word = part.load(std::memory_order_relaxed);
    // Another worker's clock may be a moment ahead: what it counted in the next second is of now.
    const auto age = static_cast<std::int32_t>(second - static_cast<std::uint32_t>(word >> 32));
    if (age < static_cast<std::int32_t>(budget_window_s)) sum += word & UINT32_MAX;
  }
  return sum;
}

RecentCount& RetryBudget::requests_of(std::size_t worker) {
  const std::scoped_lock lock(mutex_);
  if (requests_.size() <= worker) requests_.resize(worker + 1);
  if (!requests_[worker]) requests_[worker] = std::make_unique<Ring>();
  return *requests_[worker];
}

std::uint64_t RetryBudget::requests(TimePoint now) const {
  std::uint64_t sum = 0;
  for (const std::unique_ptr<Ring>& ring : requests_) sum += ring ? ring->sum(now) : 0;
  return sum;
}

bool RetryBudget::withdraw(const config::RetryBudget& settings, TimePoint now) {
  const std::scoped_lock lock(mutex_);
  if (retries_.sum(now) >= retries_allowed(settings, requests(now))) return false;
  retries_.add(now);
  return true;
}

RetryBudget::Use RetryBudget::use(const config::RetryBudget& settings, TimePoint now) const {
  const std::scoped_lock lock(mutex_);
  return {retries_.sum(now), retries_allowed(settings, requests(now))};
}

}  // namespace weir::upstream
