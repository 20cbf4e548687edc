#include "server/endpoint_pool.hpp"

#include <utility>

#include "core/connection_age.hpp"
#include "server/http2_pool.hpp"

namespace weir::server {

UpstreamConnection::UpstreamConnection(std::shared_ptr<EndpointPool> pool, std::unique_ptr<io::Stream> stream)
    : pool_(std::move(pool)),
      stream_(std::move(stream)),
      opened_at_(stream_->reactor().now()),
      turn_(pool_->next_turn()) {
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

TimePoint UpstreamConnection::ages_at(Milliseconds max_age) const {
  return weir::ages_at(opened_at_, max_age, turn_);
}

void UpstreamConnection::on_unread_event(io::Channel&) {
  if (!stream_->is_silent()) pool_->remove(*this);  // destroys this
}

EndpointPool::EndpointPool(std::shared_ptr<upstream::ConnectionScope> scope,
                           observe::EndpointCounters& counters, Use use, std::uint32_t first_turn)
    : scope_(std::move(scope)), counters_(counters), use_(use), turns_(first_turn) {}

EndpointPool::~EndpointPool() = default;

void EndpointPool::configure(const Http2Settings& settings, io::Reactor& reactor, BufferPool& buffers) {
  if (settings.protocol == config::UpstreamProtocol::http1) return;
  if (!http2_) http2_ = std::make_unique<Http2Pool>(*this, reactor, buffers);
  http2_->configure(settings);
}

bool EndpointPool::is_empty() const {
  return idle_.size() == 0 && (!http2_ || http2_->empty());
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
  const upstream::IdleTime time = upstream::idle_time(head_at, now, settings.idle_timeout, hint)
                                      .until(connection->ages_at(settings.max_age));
  const bool worn_out = settings.max_requests != 0 && connection->requests >= settings.max_requests;
  if (retired_ || !takes_requests() || worn_out || settings.max_idle == 0 || time.expires_at <= now ||
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
  if (http2_) http2_->trim();
}

std::size_t EndpointPool::close_idle() {
  const std::size_t count = idle_.size();
  idle_.clear();
  return count + (http2_ ? http2_->close_idle() : 0);
}

void EndpointPool::retire() {
  retired_ = true;
  if (http2_) http2_->retire();
  close_idle();
}

}  // namespace weir::server
