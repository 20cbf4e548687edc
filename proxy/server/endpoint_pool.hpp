// One worker's connections to one endpoint under the same settings: idle ones wait here for the next request and
// close themselves when the endpoint does. Worker thread.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "io/stream.hpp"
#include "observe/worker_metrics.hpp"
#include "upstream/endpoint.hpp"
#include "upstream/idle_pool.hpp"

namespace weir::server {

class EndpointPool;

/// A connection to an endpoint. While idle it watches for the endpoint's close.
class UpstreamConnection final : public io::ChannelObserver {
 public:
  UpstreamConnection(std::shared_ptr<EndpointPool> pool, std::unique_ptr<io::Stream> stream);
  ~UpstreamConnection();

  io::Stream& stream() { return *stream_; }
  EndpointPool& pool() { return *pool_; }
  std::uint32_t requests = 0;  // sent so far
  void mark_idle(bool idle);

  void on_unread_event(io::Channel& channel) override;

 private:
  std::shared_ptr<EndpointPool> pool_;
  std::unique_ptr<io::Stream> stream_;
  bool idle_ = false;
};

class EndpointPool : public std::enable_shared_from_this<EndpointPool> {
 public:
  /// Of requests, which an endpoint that an operator took out gets no more of, or of checks, which go on.
  enum class Use : std::uint8_t { requests, checks };

  EndpointPool(std::shared_ptr<upstream::ConnectionScope> scope, observe::EndpointCounters& counters,
               Use use = Use::requests)
      : scope_(std::move(scope)), counters_(counters), use_(use) {}

  /// A connection that still looks alive, or nullptr. None in its last moments for a request that cannot be sent again.
  std::unique_ptr<UpstreamConnection> take(TimePoint now, bool can_be_sent_again);
  /// Keeps it for the next request, or closes it. It answered at `head_at`; for so long, it said then, it stays open.
  void put(std::unique_ptr<UpstreamConnection> connection, const config::Keepalive& settings, TimePoint now,
           TimePoint head_at, std::optional<std::chrono::seconds> hint);
  void remove(const UpstreamConnection& connection);
  void expire(TimePoint now);
  /// Closes what is idle; returns how many. An operator took the endpoint out (put() keeps nothing as long as that
  /// holds), or their descriptors are needed elsewhere.
  std::size_t close_idle();
  /// The endpoint left the configuration, or the worker ends: closes what is idle, keeps nothing any more.
  /// Must be called before the last reference is dropped: idle connections refer to their pool.
  void retire();

  upstream::EndpointState& endpoint() { return *scope_->endpoint; }
  observe::EndpointCounters& counters() { return counters_; }

 private:
  std::shared_ptr<upstream::ConnectionScope> scope_;
  observe::EndpointCounters& counters_;
  const Use use_;
  upstream::IdlePool<std::unique_ptr<UpstreamConnection>> idle_;
  bool retired_ = false;
};

}  // namespace weir::server
