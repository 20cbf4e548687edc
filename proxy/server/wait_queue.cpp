#include "server/wait_queue.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace weir::server {

std::list<WaitGroup>::iterator WaitQueue::group_of(const Reach& reach) {
  return std::ranges::find(groups_, reach, &WaitGroup::reach);
}

WaitQueue::Entered WaitQueue::enter(Wait& wait, std::uint32_t max) {
  Entered entered = Entered::behind;
  {
    const std::scoped_lock lock(mutex_);
    if (size_ >= max) return Entered::refused;
    auto group = group_of(wait.reach_);
    if (group == groups_.end()) {
      entered = size_ == 0 ? Entered::alone : Entered::first_of_group;
      if (spare_.empty()) spare_.emplace_back();
      groups_.splice(groups_.end(), spare_, spare_.begin());
      group = std::prev(groups_.end());
      group->reach = wait.reach_;
      group->found_full = false;
    }
    group->waits.push_back(wait);
    wait.group_ = &*group;
    wait.ticket_ = next_ticket_++;
    waiting_.store(++size_, std::memory_order_relaxed);
  }
  std::atomic_thread_fence(std::memory_order_seq_cst);
  return entered;
}

void WaitQueue::leave(Wait& wait) {
  const std::scoped_lock lock(mutex_);
  if (called_ == &wait) called_ = nullptr;
  WaitGroup& group = *std::exchange(wait.group_, nullptr);
  group.waits.erase(group.waits.iterator_to(wait));
  waiting_.store(--size_, std::memory_order_relaxed);
  if (!group.waits.empty()) return;
  const auto at = std::ranges::find(groups_, &group, [](const WaitGroup& each) { return &each; });
  if (spare_.size() < spare_max) {
    spare_.splice(spare_.end(), groups_, at);
  } else {
    groups_.erase(at);
  }
}

bool WaitQueue::goes_behind(const Reach& reach, std::uint32_t max) {
  const std::scoped_lock lock(mutex_);
  if (size_ == 0) return false;
  if (group_of(reach) != groups_.end()) return true;
  return round_runs_ && size_ < max;
}

void WaitQueue::call() {
  const std::scoped_lock lock(mutex_);
  if (round_runs_) {
    another_round_ = true;
    return;
  }
  if (size_ == 0) return;
  begin_round();
  called_ = oldest_uncalled();
  send_call();
}

void WaitQueue::begin_round() {
  round_runs_ = none_called_ = true;
  another_round_ = false;
  for (WaitGroup& group : groups_) group.found_full = false;
}

Wait* WaitQueue::oldest_uncalled() {
  Wait* oldest = nullptr;
  for (WaitGroup& group : groups_) {
    if (group.found_full) continue;
    Wait& first = group.waits.front();
    if (oldest == nullptr || first.ticket_ < oldest->ticket_) oldest = &first;
  }
  return oldest;
}

void WaitQueue::send_call() {
  const std::shared_ptr<WaitLine>& line = called_->line_;
  try {
    line->reactor_.post([line] { line->call_arrived(); });
  } catch (const std::exception&) {  // out of memory: the next look_again() begins anew
    round_runs_ = false;
    called_ = nullptr;
  }
}

/// What came free before any was called is for this round; from here on it is for another one.
Wait* WaitQueue::called() {
  const std::scoped_lock lock(mutex_);
  if (std::exchange(none_called_, false)) another_round_ = false;
  return called_;
}

Wait* WaitQueue::next(Wait* found_full, const std::shared_ptr<WaitLine>& here, bool may_stay) {
  const std::scoped_lock lock(mutex_);
  if (found_full != nullptr) found_full->group_->found_full = true;
  called_ = oldest_uncalled();
  if (called_ == nullptr && another_round_) {
    begin_round();
    called_ = oldest_uncalled();
  }
  if (called_ == nullptr) {
    round_runs_ = false;
    return nullptr;
  }
  if (may_stay && called_->line_ == here) {
    none_called_ = false;
    return called_;
  }
  send_call();
  return nullptr;
}

void WaitLine::call_arrived() {
  const std::shared_ptr<WaitLine> self = shared_from_this();
  Wait* wait = queue_->called();
  for (int calls = 1;; ++calls) {
    const bool found_full = wait != nullptr && !wait->try_place();
    wait = queue_->next(found_full ? wait : nullptr, self, calls < calls_a_turn);
    if (wait == nullptr) return;
  }
}

Wait::Wait(std::shared_ptr<WaitLine> line, const Reach& reach, TakePlace take_place, void* owner)
    : line_(std::move(line)), reach_(reach), take_place_(take_place), owner_(owner) {}

Wait::~Wait() {
  if (group_ != nullptr) line_->queue_->leave(*this);
}

bool Wait::enter(std::uint32_t max, TimePoint deadline) {
  using Entered = WaitQueue::Entered;
  WaitQueue& queue = *line_->queue_;
  const Entered entered = queue.enter(*this, max);
  if (entered == Entered::refused) return false;
  line_->reactor_.arm(timer_, deadline);
  // Those that came first are called first; only the first of its reach may have missed a call.
  const bool call = entered == Entered::first_of_group || (entered == Entered::alone && try_place());
  if (call) queue.call();
  return true;
}

/// False: it waits on.
bool Wait::try_place() {
  const Place place = take_place_(owner_);
  if (place == Place::full) return false;
  finish(place == Place::got ? WaitEnd::served : WaitEnd::no_endpoint);
  return true;
}

void Wait::give_up(WaitEnd why) {
  if (!ended_) finish(why);
}

void Wait::finish(WaitEnd end) {
  line_->queue_->leave(*this);
  timer_.disarm();
  ended_ = true;
  end_ = end;
  if (waiting_) line_->reactor_.schedule(std::exchange(waiting_, nullptr));
}

void Wait::deadline_passed(void* wait) {
  static_cast<Wait*>(wait)->finish(WaitEnd::timeout);
}

}  // namespace weir::server
