#include "io/channel.hpp"

#include <sys/epoll.h>

#include <cstddef>
#include <utility>

namespace weir::io {

Channel::Channel(Reactor& reactor, FileDescriptor fd) : reactor_(reactor), fd_(std::move(fd)) {
  reactor_.add(*this);
}

Channel::~Channel() {
  reactor_.remove(*this);
}

void Channel::wait_read(Operation& operation, std::coroutine_handle<> waiting, TimePoint deadline) {
  operation.waiting_ = waiting;
  reader_ = &operation;
  reactor_.arm(read_timer_, deadline);
}

void Channel::wait_write(Operation& operation, std::coroutine_handle<> waiting, TimePoint deadline) {
  operation.waiting_ = waiting;
  writer_ = &operation;
  reactor_.arm(write_timer_, deadline);
}

void Channel::try_operation(Operation*& operation, Timer& timer) {
  if (operation == nullptr) return;
  bool finished = true;
  try {
    finished = operation->perform();
  } catch (...) {  // no memory for what the socket has
    operation->fail(IoStatus::exhausted);
  }
  if (!finished) return;
  timer.disarm();
  reactor_.schedule(std::exchange(operation, nullptr)->waiting_);
}

void Channel::finish(Operation*& operation, Timer& timer, IoStatus reason) {
  if (operation == nullptr) return;
  operation->fail(reason);
  timer.disarm();
  reactor_.schedule(std::exchange(operation, nullptr)->waiting_);
}

void Channel::on_events(std::uint32_t events) {
  if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) peer_closed_ = true;
  if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) readable_ = true;
  if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) writable_ = true;
  // A TLS read may wait for the socket to become writable and the other way round: try both.
  const bool unread =
      reader_ == nullptr && readable_ && (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR));
  try_operation(reader_, read_timer_);
  try_operation(writer_, write_timer_);
  if (unread && observer_ != nullptr) observer_->on_unread_event(*this);
}

void Channel::abort(IoStatus reason) {
  if (aborted_ != IoStatus::ok) return;
  aborted_ = reason;
  finish(reader_, read_timer_, reason);
  finish(writer_, write_timer_, reason);
  if (observer_ != nullptr) observer_->on_unread_event(*this);
}

FileDescriptor Channel::release() {
  reactor_.forget(*this);
  return std::move(fd_);
}

void Channel::read_deadline_passed(void* channel) {
  auto& self = *static_cast<Channel*>(channel);
  self.finish(self.reader_, self.read_timer_, IoStatus::timeout);
}

void Channel::write_deadline_passed(void* channel) {
  auto& self = *static_cast<Channel*>(channel);
  self.finish(self.writer_, self.write_timer_, IoStatus::timeout);
}

}  // namespace weir::io
