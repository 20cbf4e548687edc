// Deadlines of one worker: a hashed wheel with coarse ticks. Arming is O(1) and usually only stores a number:
// a timer that is moved to a later deadline stays in its slot and is moved on when the slot comes round.
// Pure: the time is passed in. One thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

#include "core/clock.hpp"

namespace weir {

namespace detail {

/// Link of a circular list; a lone link points to itself.
struct TimerLink {
  TimerLink* next = this;
  TimerLink* previous = this;

  TimerLink() = default;
  ~TimerLink() { unlink(); }
  TimerLink(const TimerLink&) = delete;
  TimerLink& operator=(const TimerLink&) = delete;

  bool linked() const { return next != this; }
  void unlink() {
    previous->next = next;
    next->previous = previous;
    next = previous = this;
  }
  void insert_before(TimerLink& other) {
    previous = other.previous;
    next = &other;
    previous->next = this;
    other.previous = this;
  }
};

}  // namespace detail

/// An entry of the wheel, a member of what it times. Unlinks itself when destroyed. `fire(owner)` runs from
/// advance(), after the entry was disarmed; it may arm, disarm or destroy any timer, this one included.
class Timer : public detail::TimerLink {
 public:
  using Fire = void (*)(void* owner);
  Timer(Fire fire, void* owner) : fire_(fire), owner_(owner) {}

  bool armed() const { return deadline_ != TimePoint::max(); }
  TimePoint deadline() const { return deadline_; }
  /// Cheap: the entry leaves its slot when that comes round.
  void disarm() { deadline_ = TimePoint::max(); }

 private:
  friend class TimerWheel;
  TimePoint deadline_ = TimePoint::max();
  std::int64_t due_tick_ = 0;  // its slot is looked at no later than this
  Fire fire_;
  void* owner_;
};

class TimerWheel {
 public:
  static constexpr std::chrono::milliseconds tick{10};
  static constexpr std::size_t slots = 1024;  // one turn: 10.24 s

  explicit TimerWheel(TimePoint now) : start_(now) {}

  /// Fires at `deadline` or up to one tick later, never earlier.
  void arm(Timer& timer, TimePoint deadline);
  /// Fires everything that is due.
  void advance(TimePoint now);
  /// When advance() is worth calling next; TimePoint::max() when no slot is occupied.
  TimePoint next_due() const;

 private:
  std::int64_t due_tick(TimePoint deadline) const;
  void insert(Timer& timer, std::int64_t tick_number);
  void run_slot(std::int64_t tick_number);

  std::array<detail::TimerLink, slots> heads_;
  std::array<std::uint64_t, slots / 64> occupied_{};  // bit per slot: may hold entries
  TimePoint start_;
  std::int64_t current_ = 0;  // last tick that was run
};

}  // namespace weir
