// One worker's connections to one endpoint under the same settings: idle ones of HTTP/1 wait here for the next request
// and close themselves when the endpoint does; those of HTTP/2 are in a pool of their own. Worker thread.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "core/buffer.hpp"
#include "io/stream.hpp"
#include "observe/worker_metrics.hpp"
#include "upstream/endpoint.hpp"
#include "upstream/idle_pool.hpp"

namespace weir::server {

class EndpointPool;
class Http2Pool;
struct Http2Settings;

/// A connection to an endpoint. While idle it watches for the endpoint's close.
class UpstreamConnection final : public io::ChannelObserver {
 public:
  UpstreamConnection(std::shared_ptr<EndpointPool> pool, std::unique_ptr<io::Stream> stream);
  ~UpstreamConnection();

  io::Stream& stream() { return *stream_; }
  EndpointPool& pool() { return *pool_; }
  std::uint32_t requests = 0;  // sent so far
  void mark_idle(bool idle);
  /// When it takes no further requests; TimePoint::max() where `max_age` is 0.
  TimePoint ages_at(Milliseconds max_age) const;

  void on_unread_event(io::Channel& channel) override;

 private:
  std::shared_ptr<EndpointPool> pool_;
  std::unique_ptr<io::Stream> stream_;
  const TimePoint opened_at_;
  const std::uint32_t turn_;  // of its pool's connections
  bool idle_ = false;
};

class EndpointPool : public std::enable_shared_from_this<EndpointPool> {
 public:
  /// Of requests, which an endpoint that an operator took out gets no more of, or of checks, which go on.
  enum class Use : std::uint8_t { requests, checks };

  /// `first_turn`: a random one, so that the connections that all pools make after a start do not grow old together.
  EndpointPool(std::shared_ptr<upstream::ConnectionScope> scope, observe::EndpointCounters& counters,
               Use use = Use::requests, std::uint32_t first_turn = 0);
  ~EndpointPool();

  /// What is spoken to the endpoint: the protocol is the same each time, the rest may change. Not called: HTTP/1.
  void configure(const Http2Settings& settings, io::Reactor& reactor, BufferPool& buffers);
  /// Null where nothing but HTTP/1 is spoken.
  Http2Pool* http2() const { return http2_.get(); }

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

  /// No operator took the endpoint out, as far as that concerns this pool.
  bool takes_requests() const { return use_ == Use::checks || !scope_->endpoint->taken_out(); }
  /// No connection without a request is left, nor one that is being made for many.
  bool is_empty() const;
  upstream::EndpointState& endpoint() { return *scope_->endpoint; }
  observe::EndpointCounters& counters() { return counters_; }
  /// The number of a connection that is new.
  std::uint32_t next_turn() { return turns_++; }

 private:
  std::shared_ptr<upstream::ConnectionScope> scope_;
  observe::EndpointCounters& counters_;
  const Use use_;
  upstream::IdlePool<std::unique_ptr<UpstreamConnection>> idle_;
  std::unique_ptr<Http2Pool> http2_;
  std::uint32_t turns_;
  bool retired_ = false;
};

}  // namespace weir::server
