// A request and its response over an HTTP/1 connection that the call has to itself: a kept one or a new one, which is
// kept for the next call where both went through. Of one EndpointCall, reused; the thread of its reactor.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/buffer.hpp"
#include "io/stream.hpp"
#include "relay/http1_body.hpp"
#include "server/endpoint_pool.hpp"
#include "server/endpoint_wire.hpp"

namespace weir::server {

class Http1Wire final : public EndpointWire {
 public:
  Http1Wire(io::Reactor& reactor, BufferPool& buffers) : reactor_(reactor), in_(buffers) {}

  /// A kept connection; false when there is none to be had.
  bool lease(EndpointPool& pool, TimePoint now, bool can_be_sent_again);
  /// A new one, with TLS where `target` has it, until `deadline`. May be called again after it failed.
  Task<io::IoStatus> connect(CallTarget target, TimePoint deadline);
  /// One that another has made.
  void adopt(std::unique_ptr<UpstreamConnection> connection);
  CallPhase phase() const { return phase_; }
  /// connect() ended with `exhausted`, and another try may help once a descriptor was given back.
  bool lacks_descriptor() const { return lacks_descriptor_; }

  relay::BodySink& sink(http::BodyKind kind) override { return sink_.emplace(stream(), kind, nullptr); }
  Task<CallEnd> receive_head(HeadWanted wanted, http::ResponseHead& head) override;
  void extend_head_wait(TimePoint deadline) override;
  void drop_head(http::ResponseHead& head) override;
  relay::BodySource& body(const http::ResponseHead& head, std::size_t block_max) override;
  relay::TunnelSide tunnel(const http::ResponseHead& head) override;
  void finish(const http::ResponseHead& head, bool reusable, const config::Keepalive& keepalive) override;
  void abort(io::IoStatus reason) override;
  void reset() override;
  std::string tls_failure() const override;
  bool was_kept() const override { return kept_; }
  bool counts_failure() override { return true; }
  bool is_shared() const override { return false; }

 private:
  io::Stream& stream() { return connection_->stream(); }
  bool try_read(io::IoResult& received);

  io::Reactor& reactor_;
  ReadBuffer in_;
  std::unique_ptr<UpstreamConnection> connection_;
  io::Channel* connecting_ = nullptr;
  io::IoStatus aborted_ = io::IoStatus::ok;
  CallPhase phase_ = CallPhase::connecting;
  bool kept_ = false, lacks_descriptor_ = false;
  unsigned interim_ = 0;
  std::size_t scanned_ = 0;                       // of a head that is not whole yet
  std::size_t body_max_ = relay::read_unbounded;  // HeadWanted::body_max
  TimePoint head_deadline_ = TimePoint::max();
  TimePoint head_at_{};
  std::optional<relay::Http1Source> body_;
  std::optional<relay::Http1Sink> sink_;
};

}  // namespace weir::server
