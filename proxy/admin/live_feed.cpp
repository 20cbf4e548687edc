#include "admin/live_feed.hpp"

#include <algorithm>
#include <utility>

#include "observe/log.hpp"

namespace weir::control {
namespace {

/// What a worker copies one by one.
std::size_t entries_of(const observe::WorkerMetrics& merged) {
  return merged.requests.size() + merged.request_duration.size() + merged.in_flight.size() +
         merged.listeners.size() + merged.endpoints.size() + merged.upstreams.size() + merged.splits.size() +
         merged.mirrors.size() + merged.limits.size() + merged.refusals.size() + merged.grpc_calls.size();
}

}  // namespace

LiveFeed::LiveFeed(boost::asio::io_context& io, const AdminBackend& backend, std::function<void()> news)
    : backend_(backend), news_(std::move(news)), timer_(io) {}

LiveFeed::~LiveFeed() {
  stop();
}

void LiveFeed::start() {
  self_ = std::make_shared<LiveFeed*>(this);
  due_ = Clock::now();
  sample();
  wait();
}

void LiveFeed::stop() {
  self_.reset();
  timer_.cancel();
}

void LiveFeed::watch() {
  const bool is_first = ++watchers_ == 1;
  is_resting_ = false;
  if (is_first && Clock::now() - last_look_ >= interval) sample();
}

void LiveFeed::unwatch() {
  if (--watchers_ == 0) moment_.reset();
}

void LiveFeed::wait() {
  due_ = std::max(due_ + interval, Clock::now());  // what was missed is missed
  timer_.expires_at(due_);
  timer_.async_wait([weak = std::weak_ptr<LiveFeed*>(self_)](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (error || !self) return;
    if (!(*self)->is_resting_) (*self)->sample();
    (*self)->wait();
  });
}

void LiveFeed::sample() {
  if (is_sampling_ || !self_) return;
  is_sampling_ = true;
  backend_.counters([weak = std::weak_ptr<LiveFeed*>(self_)](const observe::WorkerMetrics& merged,
                                                             const observe::NameTable& names) {
    if (const auto self = weak.lock()) (*self)->sampled(merged, names);
  });
}

void LiveFeed::sampled(const observe::WorkerMetrics& merged, const observe::NameTable& names) {
  is_sampling_ = false;
  const TimePoint now = Clock::now();
  history_.add(merged, names, backend_.shown_names(), now);
  if (watchers_ > 0) {
    look(merged, names, now);
  } else {
    rest_or_work(entries_of(merged));
  }
}

void LiveFeed::look(const observe::WorkerMetrics& merged, const observe::NameTable& names, TimePoint now) {
  LiveFacts facts = backend_.live();
  add_counters(facts.status, merged, names);
  add_counters(facts.upstreams, merged, names);
  limits_.add(merged, names, facts.limits, now);
  facts.workers = workers_.add(merged, now);
  auto moment = std::make_shared<LiveMoment>();
  moment->number = ++number_;
  moment->view = live_view(facts, history_, limits_, std::chrono::system_clock::now());
  moment_ = std::move(moment);
  last_look_ = now;
  news_();
}

void LiveFeed::rest_or_work(std::size_t entries) {
  is_resting_ = entries > unwatched_entries_max;
  if (!is_resting_) return;
  observe::log(config::LogLevel::info,
               "{} counters: the history of the admin page is kept only while a stream is open", entries);
}

}  // namespace weir::control
