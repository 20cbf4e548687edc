// One worker's event loop: edge-triggered epoll, a timer wheel, and work posted from other threads. Each
// socket is registered once; what the kernel says is kept as flags in its Channel, so a read that got less
// than it asked for needs no second system call to learn that the socket is empty. Everything here belongs to
// the loop's thread, except post() and stop().
#pragma once

#include <boost/intrusive/list.hpp>
#include <coroutine>
#include <functional>
#include <limits>
#include <mutex>
#include <vector>

#include "core/clock.hpp"
#include "core/timer_wheel.hpp"
#include "io/file_descriptor.hpp"

struct epoll_event;

namespace weir::io {

class Channel;

/// What ended an operation on a socket.
enum class IoStatus : std::uint8_t {
  ok,
  eof,              // the peer finished its direction
  reset,            // the connection is broken
  timeout,          // the operation's deadline passed
  cancelled,        // the operation was taken back by its owner
  peer_gone,        // aborted: the other side of the exchange went away
  shutdown,         // aborted: the worker is stopping
  refused,          // connect only
  unreachable,      // connect only
  exhausted,        // connect only: this machine is out of descriptors, ports or memory
  tls_failed,       // TLS protocol violation or alert
  tls_certificate,  // the peer's certificate is not trusted
  unprocessed,      // HTTP/2: the endpoint did not and will not look at the request
};

struct IoResult {
  std::size_t bytes = 0;
  IoStatus status = IoStatus::ok;
  bool ok() const { return status == IoStatus::ok; }
};

/// Work that is done once for a whole turn of the loop, like sending what many streams of one connection have written.
class TurnEnd
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  TurnEnd() = default;
  TurnEnd(const TurnEnd&) = delete;
  TurnEnd& operator=(const TurnEnd&) = delete;
  /// Must not throw.
  virtual void at_turn_end() noexcept = 0;

 protected:
  ~TurnEnd() = default;
};

class Reactor {
 public:
  static constexpr int events_per_turn = 256;
  /// Coroutines that may be ready at once: those of a socket's two directions and of what runs for it, and others.
  static constexpr std::size_t waiting_per_channel = 4, waiting_more = 1024;

  Reactor();
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  /// Runs until stop(); returns after the turn in which it was seen.
  void run();
  /// One look at the kernel's events without waiting, and everything that follows from it.
  void run_turn() { turn(0); }
  /// Any thread.
  void stop();
  /// Runs `work` on the loop's thread in one of its next turns. Any thread.
  void post(std::function<void()> work);

  /// The time as of this turn of the loop.
  TimePoint now() const { return now_; }
  /// The wall clock at the beginning of this turn.
  std::chrono::system_clock::time_point wall_now() const { return wall_now_; }
  /// Descriptors from this number on are not this loop's: the kernel gives the lowest free number, so what lies above
  /// stays for the control thread when connections have taken all others.
  void set_descriptors_max(int max) { descriptors_max_ = max; }
  bool may_keep(const FileDescriptor& fd) const { return fd.get() < descriptors_max_; }
  void arm(Timer& timer, TimePoint deadline) { wheel_.arm(timer, deadline); }
  /// Resumes `handle` in this turn, after the event that is being handled.
  void schedule(std::coroutine_handle<> handle) { ready_.push_back(handle); }
  /// Calls `work` at the end of this turn, when all that became ready has run; at the end of the next one when asked
  /// for by such work itself, so that every connection has its turn in between. Once, however often it is asked for.
  void at_turn_end(TurnEnd& work) {
    if (!work.is_linked()) turn_ends_.push_back(work);
  }
  /// `coroutines` more (or fewer) may become ready at once than the number of sockets says. Nothing has changed when it
  /// throws for want of memory, and it does not throw for fewer.
  void expect_waiting(std::ptrdiff_t coroutines) {
    const std::size_t expected = expected_ + static_cast<std::size_t>(coroutines);
    if (coroutines > 0) make_room_for_waiting(channels_, expected);
    expected_ = expected;
  }
  /// Resumes `handle` after the next look at the kernel's events.
  void schedule_next_turn(std::coroutine_handle<> handle) { next_turn_.push_back(handle); }

 private:
  friend class Channel;
  void add(Channel& channel);
  void remove(Channel& channel);
  void forget(Channel& channel);
  void turn(int wait_ms);
  int wait_timeout_ms() const;
  void run_ready();
  void run_posted();
  void run_turn_ends();
  void make_room_for_waiting(std::size_t channels, std::size_t expected);

  FileDescriptor epoll_;
  FileDescriptor wakeup_;  // eventfd
  TimePoint now_;
  std::chrono::system_clock::time_point wall_now_;
  TimerWheel wheel_;
  std::vector<epoll_event> events_;
  int event_index_ = 0, event_count_ = 0;  // the batch that is being handled
  std::vector<std::coroutine_handle<>> ready_, next_turn_;
  boost::intrusive::list<TurnEnd, boost::intrusive::constant_time_size<false>> turn_ends_;
  std::size_t channels_ = 0;
  std::size_t expected_ = 0;  // coroutines beside those of channels
  bool stopping_ = false;
  int descriptors_max_ = std::numeric_limits<int>::max();

  std::mutex mutex_;  // guards posted_
  std::vector<std::function<void()>> posted_;
};

/// co_await Sleep(reactor, time): resumes at `until` or up to one tick later.
class Sleep {
 public:
  Sleep(Reactor& reactor, TimePoint until) : reactor_(reactor), until_(until) {}
  Sleep(const Sleep&) = delete;
  Sleep& operator=(const Sleep&) = delete;
  bool await_ready() const { return until_ <= reactor_.now(); }
  void await_suspend(std::coroutine_handle<> waiting) {
    waiting_ = waiting;
    reactor_.arm(timer_, until_);
  }
  void await_resume() const {}

 private:
  Timer timer_{[](void* owner) {
                 auto& self = *static_cast<Sleep*>(owner);
                 self.reactor_.schedule(self.waiting_);
               },
               this};
  Reactor& reactor_;
  TimePoint until_;
  std::coroutine_handle<> waiting_;
};

/// co_await Yield(reactor): lets every other ready connection run first.
class Yield {
 public:
  explicit Yield(Reactor& reactor) : reactor_(reactor) {}
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiting) { reactor_.schedule_next_turn(waiting); }
  void await_resume() const {}

 private:
  Reactor& reactor_;
};

/// A one-shot event for one waiter on the same thread. Not copyable, as nothing that is awaited may be: GCC 12 awaits a
/// copy of what an expression like `*pointer` names, which is never woken.
class Signal {
 public:
  explicit Signal(Reactor& reactor) : reactor_(reactor) {}
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;
  void set() {
    set_ = true;
    if (waiting_) reactor_.schedule(std::exchange(waiting_, nullptr));
  }
  bool is_set() const { return set_; }
  bool await_ready() const { return set_; }
  void await_suspend(std::coroutine_handle<> waiting) { waiting_ = waiting; }
  void await_resume() const {}

 private:
  Reactor& reactor_;
  std::coroutine_handle<> waiting_;
  bool set_ = false;
};

}  // namespace weir::io
