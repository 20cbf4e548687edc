// Requests that wait for an endpoint below its max_connections. One WaitQueue an upstream, shared by the workers and
// kept over reloads, holds which request waits where; one WaitLine a worker is where its waits are called.
//
// A place that comes free is for the oldest wait that can use it. What frees one without saying so (an endpoint that
// recovers, a reload) is found by look_again(). A request that comes while others wait goes behind those of its like.
//
// Nothing is locked while no request waits.
#pragma once

#include <atomic>
#include <boost/intrusive/list.hpp>
#include <coroutine>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>

#include "balance/tried.hpp"
#include "core/timer_wheel.hpp"
#include "io/reactor.hpp"

namespace weir::server {

class WaitLine;
struct WaitGroup;

/// Which endpoints a request may use: those of one snapshot's upstream but for some. That one of two requests of the
/// same reach finds no place means that the other one finds none either.
struct Reach {
  const void* endpoints = nullptr;  // identity only; lives as long as the wait
  balance::Tried tried;
  bool operator==(const Reach&) const = default;
};

/// What a look for a place found.
enum class Place : std::uint8_t {
  got,
  full,         // there is none now
  no_endpoint,  // and there will be none: no endpoint is left that could have one
};

enum class WaitEnd : std::uint8_t { served, timeout, client_left, shutdown, no_endpoint };

/// One request's wait: enter(), then co_await. Lives in its coroutine's frame. Worker thread.
class Wait : public boost::intrusive::list_base_hook<> {
 public:
  /// Takes a place for the request.
  using TakePlace = Place (*)(void* owner);

  Wait(std::shared_ptr<WaitLine> line, const Reach& reach, TakePlace take_place, void* owner);
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
  friend class WaitQueue;
  bool try_place();
  void finish(WaitEnd end);
  static void deadline_passed(void* wait);

  const std::shared_ptr<WaitLine> line_;
  const Reach reach_;
  const TakePlace take_place_;
  void* const owner_;
  Timer timer_{&Wait::deadline_passed, this};
  WaitGroup* group_ = nullptr;  // null: not entered; this and the hook: under the queue's lock
  std::uint64_t ticket_ = 0;    // the smaller, the older
  std::coroutine_handle<> waiting_;
  bool ended_ = false;
  WaitEnd end_ = WaitEnd::timeout;
};

/// All waits of one reach, the oldest first; never empty.
struct WaitGroup {
  Reach reach;
  bool found_full = false;  // in this round
  boost::intrusive::list<Wait, boost::intrusive::constant_time_size<false>> waits;
};

/// Waits differ in which endpoints they may use: a reload brings others, and a retry leaves out those it tried. Waits
/// of one Reach stand in one group, so that one that finds no place answers for its whole group, and never for others.
/// A thread that frees a place starts a round: the oldest wait of all is called, on its worker, then the oldest of the
/// groups that found nothing yet, until none is left to call. A round serves as many as there is room for, and calls
/// once in vain for each group. What comes free meanwhile is for another round after it; only then may a wait be passed
/// over.
///
/// No wake-up is lost: a wait is entered before it looks once more for a place, and a place is given back before
/// place_freed() looks for waits, with a full fence between the two steps on both sides. So one of them sees the
/// other. A wait that ends while a call for it is under way leaves the call to the next one. Any thread.
class WaitQueue {
 public:
  /// Requests that wait now, over all workers.
  std::uint32_t waiting() const { return waiting_.load(std::memory_order_relaxed); }
  /// After in_flight of one of the upstream's endpoints went down.
  void place_freed() {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (waiting() != 0) call();
  }
  /// A request of that reach must not look for a place now, because one that waits could miss it. Where `max` wait,
  /// one that could only be refused looks all the same, unless others of its reach wait.
  bool goes_behind(const Reach& reach, std::uint32_t max);

 private:
  friend class Wait;
  friend class WaitLine;
  enum class Entered : std::uint8_t { refused, alone, first_of_group, behind };

  Entered enter(Wait& wait, std::uint32_t max);
  void leave(Wait& wait);
  /// Starts a round, or another one after that which runs.
  void call();
  /// The wait that the call that arrived is for; null: it has left.
  Wait* called();
  /// After that one was called; `found_full`: it is, and waits on. The next one, where that is on `here` and
  /// `may_stay`; otherwise it is called where it is.
  Wait* next(Wait* found_full, const std::shared_ptr<WaitLine>& here, bool may_stay);
  // Under the lock:
  void begin_round();
  Wait* oldest_uncalled();
  void send_call();
  std::list<WaitGroup>::iterator group_of(const Reach& reach);

  static constexpr std::size_t spare_max = 4;

  std::mutex mutex_;  // guards what follows
  std::list<WaitGroup> groups_;
  std::list<WaitGroup> spare_;  // empty ones, so that few waits allocate
  std::uint64_t next_ticket_ = 0;
  std::uint32_t size_ = 0;
  bool round_runs_ = false;
  bool none_called_ = false;               // in the round that runs, so far
  bool another_round_ = false;             // a place came free after one was called
  Wait* called_ = nullptr;                 // the wait that a call is under way to
  std::atomic<std::uint32_t> waiting_{0};  // size_, to be read without the lock
};

/// Where the waits of one worker in one upstream are called. Worker thread, but for what says otherwise.
class WaitLine : public std::enable_shared_from_this<WaitLine> {
 public:
  WaitLine(io::Reactor& reactor, std::shared_ptr<WaitQueue> queue)
      : reactor_(reactor), queue_(std::move(queue)) {}

  WaitQueue& queue() { return *queue_; }
  /// For places that came free without place_freed(), and endpoints that are gone. Any thread.
  void look_again() {
    if (queue_->waiting() != 0) queue_->call();
  }

 private:
  friend class Wait;
  friend class WaitQueue;
  static constexpr int calls_a_turn = 32;  // then the loop's other work comes first
  void call_arrived();

  io::Reactor& reactor_;
  const std::shared_ptr<WaitQueue> queue_;
};

}  // namespace weir::server
