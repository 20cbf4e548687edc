#include "upstream/retry_budget.hpp"

namespace weir::upstream {

std::uint64_t requests_in_flight(std::span<const Candidate> candidates) {
  std::uint64_t sum = 0;
  for (const Candidate& candidate : candidates) {
    sum += candidate.state->in_flight.load(std::memory_order_relaxed);
  }
  return sum;
}

bool RetryPlace::take(RunningRetries& in, const config::RetryBudget& settings, std::uint64_t requests) {
  give_back();
  std::uint32_t running = in.count.load(std::memory_order_relaxed);
  for (;;) {
    const std::uint64_t first_tries = requests > running ? requests - running : 0;
    if (running >= retries_allowed(settings, first_tries)) return false;
    if (in.count.compare_exchange_weak(running, running + 1, std::memory_order_relaxed)) break;
  }
  in_ = &in;
  return true;
}

void RetryPlace::give_back() {
  if (RunningRetries* const in = std::exchange(in_, nullptr)) {
    in->count.fetch_sub(1, std::memory_order_relaxed);
  }
}

}  // namespace weir::upstream
