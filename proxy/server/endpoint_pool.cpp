#include "server/endpoint_pool.hpp"

#include <utility>

namespace weir::server {

UpstreamConnection::UpstreamConnection(std::shared_ptr<EndpointPool> pool, std::unique_ptr<io::Stream> stream)
    : pool_(std::move(pool)), stream_(std::move(stream)) {
  ++pool_->counters().active;
}

UpstreamConnection::~UpstreamConnection() {
  auto& counters = pool_->counters();
  --(idle_ ? counters.idle : counters.active);
}

void UpstreamConnection::mark_idle(bool idle) {
  if (idle == idle_) return;
  idle_ = idle;
  stream_->channel().observe(idle ? this : nullptr);
  auto& counters = pool_->counters();
  counters.idle += idle ? 1 : -1;
  counters.active += idle ? -1 : 1;
}

void UpstreamConnection::on_unread_event(io::Channel&) {
  if (!stream_->is_silent()) pool_->remove(*this);  // destroys this
}

std::unique_ptr<UpstreamConnection> EndpointPool::take(TimePoint now, bool can_be_sent_again) {
  while (auto connection = idle_.take(now, can_be_sent_again)) {
    (*connection)->mark_idle(false);
    if ((*connection)->stream().is_silent()) return std::move(*connection);
  }
  return nullptr;
}

void EndpointPool::put(std::unique_ptr<UpstreamConnection> connection, const config::Keepalive& settings,
                       TimePoint now, TimePoint head_at, std::optional<std::chrono::seconds> hint) {
  const upstream::IdleTime time = upstream::idle_time(head_at, now, settings.idle_timeout, hint);
  const bool worn_out = settings.max_requests != 0 && connection->requests >= settings.max_requests;
  const bool no_more_come = use_ == Use::requests && endpoint().taken_out();
  if (retired_ || no_more_come || worn_out || settings.max_idle == 0 || time.expires_at <= now ||
      !connection->stream().is_silent())
    return;
  connection->mark_idle(true);
  idle_.put(std::move(connection), time, settings.max_idle);
}

void EndpointPool::remove(const UpstreamConnection& connection) {
  const bool removed =
      idle_.remove([&connection](const auto& candidate) { return candidate.get() == &connection; });
  (void)removed;
}

void EndpointPool::expire(TimePoint now) {
  idle_.expire(now);
}

std::size_t EndpointPool::close_idle() {
  const std::size_t count = idle_.size();
  idle_.clear();
  return count;
}

void EndpointPool::retire() {
  retired_ = true;
  close_idle();
}

}  // namespace weir::server
