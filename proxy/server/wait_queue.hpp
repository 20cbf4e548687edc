// Requests that wait for an endpoint below its max_connections. One WaitQueue an upstream, shared by the workers and
// kept over reloads, knows who waits where, the oldest first; one WaitLine a worker holds its own waits in order.
//
// No wake-up is lost: a wait is entered before it looks once more for a place, and a place is given back before
// place_freed() looks for waits, with a full fence between the two steps on both sides. So one of them sees the
// other. Each request that gets its place from the queue calls the next one, so that several free places wake as
// many. All waits of a queue can use the same endpoints, so that one that finds no place answers for those behind it.
// What frees a place without saying so (an endpoint that recovers, a reload) is found by look_again().
//
// Nothing is locked while nobody waits.
#pragma once

#include <atomic>
#include <boost/intrusive/list.hpp>
#include <coroutine>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>

#include "core/timer_wheel.hpp"
#include "io/reactor.hpp"

namespace weir::server {

class Wait;
class WaitLine;

/// Any thread.
class WaitQueue {
 public:
  /// Requests that wait now, over all workers.
  std::uint32_t waiting() const { return waiting_.load(std::memory_order_relaxed); }
  /// After in_flight of one of the upstream's endpoints went down.
  void place_freed() {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (waiting_.load(std::memory_order_relaxed) != 0) call();
  }

 private:
  friend class Wait;
  friend class WaitLine;
  struct Entry {
    std::uint64_t ticket;
    std::shared_ptr<WaitLine> line;
  };

  /// False: `max` wait already. `alone`: nobody else does.
  bool enter(std::uint32_t max, std::shared_ptr<WaitLine> line, std::uint64_t& ticket, bool& alone);
  void leave(std::uint64_t ticket);
  /// The line of the oldest wait tries again, on its worker.
  void call();
  void call_arrived();

  std::mutex mutex_;  // guards what follows
  std::deque<Entry> entries_;
  std::uint64_t next_ticket_ = 0;
  bool called_ = false;                    // a call is on its way
  std::atomic<std::uint32_t> waiting_{0};  // entries_.size(), to be read without the lock
};

enum class WaitEnd : std::uint8_t { served, timeout, client_left, shutdown };

/// One request's wait: enter(), then co_await. Lives in its coroutine's frame. Worker thread.
class Wait : public boost::intrusive::list_base_hook<> {
 public:
  /// Takes a place for the request; false: there is none.
  using TakePlace = bool (*)(void* owner);

  Wait(std::shared_ptr<WaitLine> line, TakePlace take_place, void* owner);
  ~Wait();

  /// False: as many as `max` wait already. May end the wait at once.
  bool enter(std::uint32_t max, TimePoint deadline);
  /// The client left, or the worker stops.
  void give_up(WaitEnd why);

  bool await_ready() const { return ended_; }
  void await_suspend(std::coroutine_handle<> waiting) { waiting_ = waiting; }
  WaitEnd await_resume() const { return end_; }

 private:
  friend class WaitLine;
  bool try_place();
  void finish(WaitEnd end);
  static void deadline_passed(void* wait);

  std::shared_ptr<WaitLine> line_;
  TakePlace take_place_;
  void* owner_;
  Timer timer_{&Wait::deadline_passed, this};
  std::uint64_t ticket_ = 0;
  std::coroutine_handle<> waiting_;
  bool ended_ = false;
  WaitEnd end_ = WaitEnd::timeout;
};

/// The waits of one worker in one upstream, the oldest first. Worker thread.
class WaitLine : public std::enable_shared_from_this<WaitLine> {
 public:
  WaitLine(io::Reactor& reactor, std::shared_ptr<WaitQueue> queue)
      : reactor_(reactor), queue_(std::move(queue)) {}

  WaitQueue& queue() { return *queue_; }
  /// The oldest wait tries for a place that nobody told about.
  void look_again();

 private:
  friend class Wait;
  friend class WaitQueue;
  void called();

  io::Reactor& reactor_;
  const std::shared_ptr<WaitQueue> queue_;
  boost::intrusive::list<Wait> waits_;
};

}  // namespace weir::server
