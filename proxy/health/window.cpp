#include "health/window.hpp"

#include <algorithm>

namespace weir::health {

std::uint32_t OutcomeWindow::number_at(TimePoint now, Milliseconds window) {
  using Ticks = Milliseconds::rep;
  const Ticks part = std::max<Ticks>(window.count() / static_cast<Ticks>(parts), 1);
  const Ticks since = std::chrono::floor<Milliseconds>(now.time_since_epoch()).count();
  return static_cast<std::uint32_t>(std::max<Ticks>(since, 0) / part) & number_mask;
}

void OutcomeWindow::record(bool failed, std::uint16_t epoch, TimePoint now, Milliseconds window) {
  const std::uint32_t number = number_at(now, window);
  const std::uint32_t tag = tag_of(epoch, number);
  std::atomic<Word>& part = parts_[number % parts];
  Word before = part.load(std::memory_order_relaxed);
  Word after = 0;
  do {
    const bool anew = static_cast<std::uint32_t>(before >> 32) != tag;
    auto successes = anew ? 0 : static_cast<std::uint32_t>(before >> 16) & count_max;
    auto failures = anew ? 0 : static_cast<std::uint32_t>(before) & count_max;
    if (std::max(successes, failures) == count_max) {
      successes /= 2;
      failures /= 2;
    }
    ++(failed ? failures : successes);
    after = Word{tag} << 32 | successes << 16 | failures;
  } while (!part.compare_exchange_weak(before, after, std::memory_order_relaxed));
}

OutcomeWindow::Counts OutcomeWindow::counts(std::uint16_t epoch, TimePoint now, Milliseconds window) const {
  const std::uint32_t number = number_at(now, window);
  Counts sum;
  for (std::uint32_t age = 0; age < parts; ++age) {
    const std::uint32_t past = (number - age) & number_mask;
    const Word word = parts_[past % parts].load(std::memory_order_relaxed);
    if (static_cast<std::uint32_t>(word >> 32) != tag_of(epoch, past)) continue;
    const auto failures = static_cast<std::uint32_t>(word) & count_max;
    sum.failures += failures;
    sum.requests += failures + (static_cast<std::uint32_t>(word >> 16) & count_max);
  }
  return sum;
}

}  // namespace weir::health
