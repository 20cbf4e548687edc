#include "core/timer_wheel.hpp"

#include <algorithm>
#include <bit>

namespace weir {

std::int64_t TimerWheel::due_tick(TimePoint deadline) const {
  const Duration after_start = deadline - start_;
  if (after_start <= Duration::zero()) return current_ + 1;
  const std::int64_t rounded_up = (after_start + Duration(tick) - Duration(1)) / Duration(tick);
  return std::max(rounded_up, current_ + 1);
}

void TimerWheel::insert(Timer& timer, std::int64_t tick_number) {
  // A deadline beyond one turn is parked in the farthest slot and moved on from there.
  timer.due_tick_ = std::min(tick_number, current_ + static_cast<std::int64_t>(slots) - 1);
  const std::size_t slot = static_cast<std::size_t>(timer.due_tick_) % slots;
  timer.unlink();
  timer.insert_before(heads_[slot]);
  occupied_[slot / 64] |= std::uint64_t{1} << (slot % 64);
}

void TimerWheel::arm(Timer& timer, TimePoint deadline) {
  timer.deadline_ = deadline;
  if (deadline == TimePoint::max()) return;
  const std::int64_t tick_number = due_tick(deadline);
  if (timer.linked() && timer.due_tick_ <= tick_number) return;
  insert(timer, tick_number);
}

void TimerWheel::run_slot(std::int64_t tick_number) {
  const std::size_t slot = static_cast<std::size_t>(tick_number) % slots;
  occupied_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
  detail::TimerLink& head = heads_[slot];
  if (!head.linked()) return;
  // The list is moved aside: what fires may arm timers into this very slot, one turn ahead.
  detail::TimerLink due;
  due.insert_before(head);
  head.unlink();
  while (due.linked()) {
    auto& timer = static_cast<Timer&>(*due.next);
    timer.unlink();
    if (!timer.armed()) continue;
    const std::int64_t due_at = due_tick(timer.deadline_);
    if (due_at > tick_number && timer.deadline_ > start_ + tick_number * Duration(tick)) {
      insert(timer, due_at);
      continue;
    }
    timer.disarm();
    try {
      timer.fire_(timer.owner_);
    } catch (...) {  // no memory: the others are due with the next tick
      while (due.linked()) insert(static_cast<Timer&>(*due.next), tick_number + 1);
      throw;
    }
  }
}

void TimerWheel::advance(TimePoint now) {
  const std::int64_t target = (now - start_) / Duration(tick);
  if (target - current_ > static_cast<std::int64_t>(slots)) {
    // A long pause: one turn over all slots fires everything that became due meanwhile.
    current_ = target - static_cast<std::int64_t>(slots);
  }
  while (current_ < target) {
    ++current_;
    run_slot(current_);
  }
}

TimePoint TimerWheel::next_due() const {
  const std::size_t first = static_cast<std::size_t>(current_ + 1) % slots;
  for (std::size_t word = 0; word <= occupied_.size(); ++word) {
    const std::size_t index = (first / 64 + word) % occupied_.size();
    std::uint64_t bits = occupied_[index];
    if (word == 0) bits &= ~std::uint64_t{0} << (first % 64);
    if (word == occupied_.size()) bits &= ~(~std::uint64_t{0} << (first % 64));
    if (bits == 0) continue;
    const std::size_t slot = index * 64 + static_cast<std::size_t>(std::countr_zero(bits));
    const auto ahead = static_cast<std::int64_t>((slot + slots - first) % slots);
    return start_ + (current_ + 1 + ahead) * Duration(tick);
  }
  return TimePoint::max();
}

}  // namespace weir
