// A socket as the reactor sees it: readiness flags, at most one operation waiting in each direction with its
// deadline, and an observer for what happens while nothing reads. Aborting records a reason and wakes
// all waiters: that is how timeouts, shutdown and a vanished client end whatever is in progress.
// Belongs to its reactor's thread; not movable.
#pragma once

#include <coroutine>
#include <cstdint>

#include "core/timer_wheel.hpp"
#include "io/file_descriptor.hpp"
#include "io/reactor.hpp"

namespace weir::io {

/// Something a coroutine waits for on a channel. Lives in the coroutine's frame while it waits.
class Operation {
 public:
  Operation() = default;
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;
  /// Tries once more; true when it is finished, well or badly. Must not resume anything.
  virtual bool perform() = 0;
  /// Ends it with `reason`.
  virtual void fail(IoStatus reason) = 0;

 protected:
  ~Operation() = default;

 private:
  friend class Channel;
  std::coroutine_handle<> waiting_;
};

/// Notified when a channel becomes readable or its peer leaves while no operation reads it, and when it is aborted.
class ChannelObserver {
 public:
  virtual void on_unread_event(Channel& channel) = 0;

 protected:
  ~ChannelObserver() = default;
};

class Channel {
 public:
  /// `fd` is non-blocking. Registers it with the reactor.
  Channel(Reactor& reactor, FileDescriptor fd);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  int fd() const { return fd_.get(); }
  Reactor& reactor() const { return reactor_; }

  bool readable() const { return readable_; }
  bool writable() const { return writable_; }
  /// The peer finished its direction, or the connection is broken (bytes may still be unread).
  bool peer_closed() const { return peer_closed_; }
  void drained() { readable_ = peer_closed_; }  // after a short read or EAGAIN; the end must still be read
  void filled() { writable_ = false; }          // after EAGAIN

  /// Suspends `waiting` until `operation` finishes or `deadline` passes.
  void wait_read(Operation& operation, std::coroutine_handle<> waiting, TimePoint deadline);
  void wait_write(Operation& operation, std::coroutine_handle<> waiting, TimePoint deadline);
  void extend_read_deadline(TimePoint deadline) {
    if (reader_ != nullptr) reactor_.arm(read_timer_, deadline);
  }
  void extend_write_deadline(TimePoint deadline) { reactor_.arm(write_timer_, deadline); }

  /// Ends what waits now and everything that is tried later with `reason`. The first reason stays.
  void abort(IoStatus reason);
  /// IoStatus::ok while not aborted.
  IoStatus aborted() const { return aborted_; }
  /// Ends only the read that waits now, with IoStatus::cancelled.
  void cancel_read() { finish(reader_, read_timer_, IoStatus::cancelled); }

  /// Hands the descriptor over, open: no event of it comes here any more, and nothing may be read or written.
  FileDescriptor release();

  void observe(ChannelObserver* observer) { observer_ = observer; }

 private:
  friend class Reactor;
  void on_events(std::uint32_t events);
  void try_operation(Operation*& operation, Timer& timer);
  void finish(Operation*& operation, Timer& timer, IoStatus reason);
  static void read_deadline_passed(void* channel);
  static void write_deadline_passed(void* channel);

  Timer read_timer_{&Channel::read_deadline_passed, this};
  Timer write_timer_{&Channel::write_deadline_passed, this};
  Reactor& reactor_;
  FileDescriptor fd_;
  Operation* reader_ = nullptr;
  Operation* writer_ = nullptr;
  ChannelObserver* observer_ = nullptr;
  bool readable_ = true;  // until a read says otherwise
  bool writable_ = true;
  bool peer_closed_ = false;
  IoStatus aborted_ = IoStatus::ok;
};

}  // namespace weir::io
