// Requests of one worker that wait because their route is paused (route/pause_gate.hpp). Each waits in its coroutine's
// frame; its body is not read meanwhile. When a gate opens they go on in the order in which they came, a few a tick:
// what has just started behind Weir does not get all of them at once. Where the gate is closed again meanwhile, those
// that have not gone on wait on.
//
// No wake-up is lost: a gate is opened before its workers are sent to look_again(), and a worker looks at the gate and
// enters the wait in one step.
#pragma once

#include <boost/intrusive/list.hpp>
#include <coroutine>
#include <cstddef>
#include <cstdint>

#include "core/timer_wheel.hpp"
#include "io/reactor.hpp"
#include "route/pause_gate.hpp"

namespace weir::server {

class PausedRequests;

enum class PauseEnd : std::uint8_t { let_go, timeout, client_left, shutdown };

/// One request's wait: enter(), then co_await. Worker thread.
class PauseWait
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  /// `gate` and `paused` outlive the wait.
  PauseWait(PausedRequests& paused, const route::PauseGate& gate) : paused_(paused), gate_(gate) {}

  /// Until the gate opens, and not past `deadline`.
  void enter(TimePoint deadline);
  /// The client left, or the worker stops.
  void give_up(PauseEnd why) {
    if (!ended_) finish(why);
  }

  bool await_ready() const { return ended_; }
  void await_suspend(std::coroutine_handle<> waiting) { waiting_ = waiting; }
  PauseEnd await_resume() const { return end_; }

 private:
  friend class PausedRequests;
  void finish(PauseEnd end);
  static void deadline_passed(void* wait);

  PausedRequests& paused_;
  const route::PauseGate& gate_;
  Timer timer_{&PauseWait::deadline_passed, this};
  std::coroutine_handle<> waiting_;
  bool ended_ = false;
  PauseEnd end_ = PauseEnd::timeout;
};

class PausedRequests {
 public:
  static constexpr Milliseconds tick{10};            // between two lots that go on
  static constexpr std::size_t lot_min = 8;          // of one tick ...
  static constexpr std::size_t release_ticks = 200;  // ... or more, so that all are gone after two seconds

  explicit PausedRequests(io::Reactor& reactor) : reactor_(reactor) {}

  /// Some gate was opened: what waits there goes on, the first lot at once.
  void look_again();
  /// How many wait at that gate, or leave it.
  std::size_t waiting_at(const route::PauseGate& gate) const;

 private:
  friend class PauseWait;
  using Waits = boost::intrusive::list<PauseWait, boost::intrusive::constant_time_size<false>>;

  void release_lot();
  void take_back();
  static void lot_due(void* paused);

  io::Reactor& reactor_;
  Waits waits_;    // at closed gates, the oldest first
  Waits leaving_;  // at gates that were opened, until their lot's turn
  std::size_t lot_ = 0;
  Timer timer_{&PausedRequests::lot_due, this};
};

}  // namespace weir::server
