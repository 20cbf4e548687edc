// A wait for something that is no socket: another coroutine ends it, or a rule of a protocol, or its deadline. One
// coroutine waits at a time. Its reactor's thread; not movable.
#pragma once

#include <coroutine>
#include <utility>

#include "core/timer_wheel.hpp"
#include "io/reactor.hpp"

namespace weir::io {

class Waiter {
 public:
  explicit Waiter(Reactor& reactor) : reactor_(reactor) {}
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  bool is_waiting() const { return waiting_ != nullptr; }
  /// Ends the wait that runs, if one does, with `why`. Resumes nothing within this call.
  void notify(IoStatus why = IoStatus::ok) {
    if (waiting_ == nullptr) return;
    timer_.disarm();
    status_ = why;
    reactor_.schedule(std::exchange(waiting_, nullptr));
  }

  class Wait;
  /// co_await gives why the wait ended: IoStatus::timeout at `deadline`, else what notify() was called with.
  Wait until(TimePoint deadline);

 private:
  static void deadline_passed(void* waiter) { static_cast<Waiter*>(waiter)->notify(IoStatus::timeout); }

  Reactor& reactor_;
  Timer timer_{&Waiter::deadline_passed, this};
  std::coroutine_handle<> waiting_;
  IoStatus status_ = IoStatus::ok;
};

class Waiter::Wait {
 public:
  Wait(Waiter& waiter, TimePoint deadline) : waiter_(waiter), deadline_(deadline) {}
  Wait(const Wait&) = delete;
  Wait& operator=(const Wait&) = delete;
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    waiter_.waiting_ = waiting;
    if (deadline_ != TimePoint::max()) waiter_.reactor_.arm(waiter_.timer_, deadline_);
  }
  IoStatus await_resume() const { return waiter_.status_; }

 private:
  Waiter& waiter_;
  TimePoint deadline_;
};

inline Waiter::Wait Waiter::until(TimePoint deadline) {
  return {*this, deadline};
}

}  // namespace weir::io
