#include "balance/latency.hpp"

#include <algorithm>
#include <cmath>

namespace weir::balance {
namespace {

constexpr std::uint64_t microseconds_max = 0xffff'ffff;

std::int64_t milliseconds_of(TimePoint time) {
  return std::chrono::floor<Milliseconds>(time.time_since_epoch()).count();
}

std::uint32_t stamp_of(TimePoint time) {
  return static_cast<std::uint32_t>(milliseconds_of(time));
}

/// What is left of a value that was true at `stamp`. Workers' clocks differ by a turn: a stamp may lie ahead.
double left(std::uint32_t stamp, std::uint32_t now) {
  const auto age = static_cast<std::int32_t>(now - stamp);
  return age <= 0 ? 1.0 : std::exp(-static_cast<double>(age) / static_cast<double>(Latency::memory.count()));
}

}  // namespace

void Latency::observe(Duration took, bool failed, TimePoint now) {
  const Duration counted = failed ? std::max<Duration>(took, failure) : took;
  const auto whole = std::chrono::duration_cast<std::chrono::microseconds>(counted).count();
  const auto measured = std::clamp<std::uint64_t>(
      static_cast<std::uint64_t>(std::max<std::int64_t>(whole, 1)), 1, microseconds_max);
  const std::uint32_t stamp = stamp_of(now);
  std::uint64_t word = word_.load(std::memory_order_relaxed);
  std::uint64_t next = 0;
  do {
    const std::uint64_t before = word >> 32;
    std::uint64_t average = measured;
    if (measured < before) {
      const double share = left(static_cast<std::uint32_t>(word), stamp);
      average = static_cast<std::uint64_t>(static_cast<double>(before) * share +
                                           static_cast<double>(measured) * (1.0 - share));
    }
    next = std::max<std::uint64_t>(average, 1) << 32 | stamp;
  } while (!word_.compare_exchange_weak(word, next, std::memory_order_relaxed));
}

double Latency::microseconds(TimePoint now) const {
  const std::uint64_t word = word_.load(std::memory_order_relaxed);
  if (word == 0) return 0;
  const double faded =
      static_cast<double>(word >> 32) * left(static_cast<std::uint32_t>(word), stamp_of(now));
  return faded < 1.0 ? 0 : faded;
}

void Latency::avoid_for(Duration pause, TimePoint now) {
  avoid_until_.store(milliseconds_of(now + std::min<Duration>(pause, avoid_max)), std::memory_order_relaxed);
}

bool Latency::avoided(TimePoint now) const {
  const std::int64_t until = avoid_until_.load(std::memory_order_relaxed);
  return until != 0 && milliseconds_of(now) < until;
}

}  // namespace weir::balance
