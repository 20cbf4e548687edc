#include "rollout/recent.hpp"

#include <algorithm>

namespace weir::rollout {
namespace {

constexpr std::int64_t ms_a_second = 1'000, seconds_a_minute = 60;
constexpr auto minute_count = static_cast<std::int64_t>(Recent::minutes);
constexpr auto second_count = static_cast<std::int64_t>(Recent::seconds);

std::size_t minute_slot(std::int64_t second) {
  return static_cast<std::size_t>(second / seconds_a_minute % minute_count);
}

}  // namespace

void Recent::advance(std::int64_t now_ms, bool is_usual) {
  const std::int64_t target = now_ms / ms_a_second;
  if (target - second_ > minute_count * seconds_a_minute + second_count) *this = {};
  second_ = std::max(second_, target - minute_count * seconds_a_minute - second_count);
  while (second_ < target) {
    ++second_;
    if (second_ % seconds_a_minute == 0) {
      by_minute_[minute_slot(second_)] = {};
      latency_[minute_slot(second_)] = {};
    }
    Outcomes& oldest = by_second_[static_cast<std::size_t>(second_ % second_count)];
    if (is_usual) by_minute_[minute_slot(second_)] += oldest;
    oldest = {};
  }
}

void Recent::add(const SideCounts& counts, bool is_usual) {
  by_second_[static_cast<std::size_t>(second_ % second_count)] += {counts.requests, counts.failed};
  if (is_usual) latency_[minute_slot(second_)] += counts.latency;
}

Outcomes Recent::last_seconds() const {
  Outcomes sum;
  for (const Outcomes& second : by_second_) sum += second;
  return sum;
}

Outcomes Recent::past() const {
  Outcomes sum;
  for (const Outcomes& minute : by_minute_) sum += minute;
  return sum;
}

Histogram Recent::latency() const {
  Histogram sum;
  for (const Histogram& minute : latency_) sum += minute;
  return sum;
}

void Recent::accept_present() {
  const Outcomes present = last_seconds();
  by_second_ = {};
  by_minute_ = {};
  by_minute_[minute_slot(second_)] = present;
}

}  // namespace weir::rollout
