#include "io/reactor.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "io/channel.hpp"
#include "io/spawn.hpp"
#include "io/system_calls.hpp"

namespace weir::io {
namespace {

[[noreturn]] void throw_errno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

Reactor::Reactor()
    : epoll_(epoll_create1(EPOLL_CLOEXEC)),
      wakeup_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      now_(Clock::now()),
      wall_now_(std::chrono::system_clock::now()),
      wheel_(now_),
      events_(events_per_turn) {
  make_room_for_waiting(0, 0);
  if (!epoll_.valid() || !wakeup_.valid()) throw_errno("event loop");
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wakeup_.get(), &event) != 0) throw_errno("event loop");
}

Reactor::~Reactor() = default;

void Reactor::add(Channel& channel) {
  make_room_for_waiting(channels_ + 1, expected_);
  ++channels_;
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &channel;
  // Fails only for lack of kernel memory or watches: then nothing ever becomes ready and the deadline ends
  // it.
  (void)epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, channel.fd(), &event);
}

void Reactor::remove(Channel& channel) {
  --channels_;
  // Closing the descriptor takes it out of epoll. Events of this batch must not find the dead channel.
  for (int i = event_index_; i < event_count_; ++i) {
    auto& event = events_[static_cast<std::size_t>(i)];
    if (event.data.ptr == &channel) event.events = 0;
  }
}

/// For a descriptor that stays open elsewhere: the kernel would name the channel for as long as it does.
void Reactor::forget(Channel& channel) {
  (void)epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, channel.fd(), nullptr);
}

int Reactor::wait_timeout_ms() const {
  if (!next_turn_.empty() || !ready_.empty() || !turn_ends_.empty()) return 0;
  const TimePoint due = wheel_.next_due();
  if (due == TimePoint::max()) return -1;
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(due - now_).count();
  return static_cast<int>(std::clamp<std::int64_t>(wait, 0, 60'000));
}

void Reactor::run_ready() {
  // Resumed coroutines may schedule others: by index, as the vector may grow.
  for (std::size_t i = 0; i < ready_.size(); ++i) ready_[i].resume();
  ready_.clear();
}

void Reactor::run_posted() {
  std::uint64_t count = 0;
  (void)!::read(wakeup_.get(), &count, sizeof count);
  std::vector<std::function<void()>> work;
  {
    const std::lock_guard lock(mutex_);
    work.swap(posted_);
  }
  for (const auto& item : work) {
    try {
      item();
    } catch (...) {
      log_failure("event loop", std::current_exception());
    }
    run_ready();
  }
}

/// Room for every coroutine that may become ready in one turn, so that waking one needs no memory.
void Reactor::make_room_for_waiting(std::size_t channels, std::size_t expected) {
  const std::size_t waiting = channels * waiting_per_channel + expected;
  if (next_turn_.capacity() >= waiting + waiting_more) return;
  const std::size_t room = waiting * 2 + waiting_more;
  ready_.reserve(room);
  next_turn_.reserve(room);
}

void Reactor::run() {
  stopping_ = false;
  now_ = Clock::now();
  while (!stopping_) turn(wait_timeout_ms());
}

void Reactor::turn(int wait_ms) {
  const auto yielded = static_cast<std::ptrdiff_t>(next_turn_.size());  // before this look at the events
  const int count = wait_for_events(epoll_.get(), events_.data(), events_per_turn, wait_ms);
  now_ = Clock::now();
  wall_now_ = std::chrono::system_clock::now();
  event_count_ = std::max(count, 0);
  for (event_index_ = 0; event_index_ < event_count_;) {
    const epoll_event event = events_[static_cast<std::size_t>(event_index_++)];
    if (event.events == 0) continue;
    if (event.data.ptr == nullptr) {
      run_posted();
    } else {
      static_cast<Channel*>(event.data.ptr)->on_events(event.events);
    }
    run_ready();
  }
  event_count_ = 0;
  ready_.insert(ready_.end(), next_turn_.begin(), next_turn_.begin() + yielded);
  next_turn_.erase(next_turn_.begin(), next_turn_.begin() + yielded);
  try {
    wheel_.advance(now_);
  } catch (...) {
    log_failure("timer", std::current_exception());
  }
  run_ready();
  if (!turn_ends_.empty()) run_turn_ends();
}

/// What such work asks for anew belongs to the next turn.
void Reactor::run_turn_ends() {
  boost::intrusive::list<TurnEnd, boost::intrusive::constant_time_size<false>> due;
  due.swap(turn_ends_);
  while (!due.empty()) {
    TurnEnd& work = due.front();
    due.pop_front();
    work.at_turn_end();
  }
  run_ready();
}

void Reactor::stop() {
  post([this] { stopping_ = true; });
}

void Reactor::post(std::function<void()> work) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    wake = posted_.empty();
    posted_.push_back(std::move(work));
  }
  if (!wake) return;
  const std::uint64_t one = 1;
  (void)!::write(wakeup_.get(), &one, sizeof one);
}

}  // namespace weir::io
