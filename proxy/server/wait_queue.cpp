#include "server/wait_queue.hpp"

#include <algorithm>
#include <utility>

namespace weir::server {

bool WaitQueue::enter(std::uint32_t max, std::shared_ptr<WaitLine> line, std::uint64_t& ticket, bool& alone) {
  {
    const std::scoped_lock lock(mutex_);
    if (entries_.size() >= max) return false;
    alone = entries_.empty();
    ticket = next_ticket_++;
    entries_.push_back({ticket, std::move(line)});
    waiting_.store(static_cast<std::uint32_t>(entries_.size()), std::memory_order_relaxed);
  }
  std::atomic_thread_fence(std::memory_order_seq_cst);
  return true;
}

void WaitQueue::leave(std::uint64_t ticket) {
  const std::scoped_lock lock(mutex_);
  const auto found = std::ranges::find(entries_, ticket, &Entry::ticket);
  if (found != entries_.end()) entries_.erase(found);
  waiting_.store(static_cast<std::uint32_t>(entries_.size()), std::memory_order_relaxed);
}

void WaitQueue::call() {
  const std::scoped_lock lock(mutex_);
  if (called_ || entries_.empty()) return;
  called_ = true;
  const std::shared_ptr<WaitLine>& line = entries_.front().line;
  line->reactor_.post([line] { line->called(); });
}

/// From here on a place that comes free needs a call of its own.
void WaitQueue::call_arrived() {
  {
    const std::scoped_lock lock(mutex_);
    called_ = false;
  }
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

void WaitLine::called() {
  queue_->call_arrived();
  if (waits_.empty()) {
    queue_->call();  // whom the call was for has left: others may wait elsewhere
  } else {
    waits_.front().try_place();
  }
}

void WaitLine::look_again() {
  if (!waits_.empty()) waits_.front().try_place();
}

Wait::Wait(std::shared_ptr<WaitLine> line, TakePlace take_place, void* owner)
    : line_(std::move(line)), take_place_(take_place), owner_(owner) {}

Wait::~Wait() {
  if (!is_linked()) return;
  line_->waits_.erase(line_->waits_.iterator_to(*this));
  line_->queue_->leave(ticket_);
}

bool Wait::enter(std::uint32_t max, TimePoint deadline) {
  bool alone = false;
  if (!line_->queue_->enter(max, line_, ticket_, alone)) return false;
  line_->waits_.push_back(*this);
  line_->reactor_.arm(timer_, deadline);
  // Those who came first are called first; only who is alone may have missed a call.
  if (alone) try_place();
  return true;
}

bool Wait::try_place() {
  if (!take_place_(owner_)) return false;
  finish(WaitEnd::served);
  line_->queue_->call();  // there may be more room
  return true;
}

void Wait::give_up(WaitEnd why) {
  if (!ended_) finish(why);
}

void Wait::finish(WaitEnd end) {
  line_->waits_.erase(line_->waits_.iterator_to(*this));
  line_->queue_->leave(ticket_);
  timer_.disarm();
  ended_ = true;
  end_ = end;
  if (waiting_) line_->reactor_.schedule(std::exchange(waiting_, nullptr));
}

void Wait::deadline_passed(void* wait) {
  static_cast<Wait*>(wait)->finish(WaitEnd::timeout);
}

}  // namespace weir::server
