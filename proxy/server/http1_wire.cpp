#include "server/http1_wire.hpp"

#include <algorithm>
#include <utility>

#include "http1/parse.hpp"
#include "io/connect.hpp"

namespace weir::server {

namespace {

constexpr std::size_t head_usual = 1024;  // what is read for a head of which nothing is known

}  // namespace

void Http1Wire::reset() {
  body_.reset();
  sink_.reset();
  connection_.reset();
  in_.drop();
  connecting_ = nullptr;
  aborted_ = io::IoStatus::ok;
  phase_ = CallPhase::connecting;
  kept_ = lacks_descriptor_ = false;
  interim_ = 0;
  scanned_ = 0;
  first_byte_at_ = head_at_ = TimePoint{};
  head_deadline_ = TimePoint::max();
}

void Http1Wire::abort(io::IoStatus reason) {
  if (aborted_ == io::IoStatus::ok) aborted_ = reason;
  if (connecting_ != nullptr) connecting_->abort(reason);
  if (connection_) stream().channel().abort(reason);
}

bool Http1Wire::lease(EndpointPool& pool, TimePoint now, bool can_be_sent_again) {
  auto kept = pool.take(now, can_be_sent_again);
  if (!kept) return false;
  adopt(std::move(kept));
  kept_ = true;
  return true;
}

void Http1Wire::adopt(std::unique_ptr<UpstreamConnection> connection) {
  connection_ = std::move(connection);
  phase_ = CallPhase::exchange;
  ++connection_->requests;
  if (aborted_ != io::IoStatus::ok) stream().channel().abort(aborted_);
}

Task<io::IoStatus> Http1Wire::connect(CallTarget target, TimePoint deadline) {
  phase_ = CallPhase::connecting;
  kept_ = lacks_descriptor_ = false;
  if (aborted_ != io::IoStatus::ok) co_return aborted_;
  const SocketAddress& address = target.pool->endpoint().address;
  io::Connect connecting(reactor_, address, deadline);
  connecting_ = connecting.channel();
  io::ConnectResult connected = co_await connecting;
  connecting_ = nullptr;
  lacks_descriptor_ = connected.no_descriptor;
  if (connected.status != io::IoStatus::ok) co_return connected.status;
  phase_ = CallPhase::handshake;
  connection_ =
      std::make_unique<UpstreamConnection>(target.pool->shared_from_this(), std::move(connected.stream));
  if (aborted_ != io::IoStatus::ok) stream().channel().abort(aborted_);
  if (target.tls != nullptr) {
    tls::SslPtr ssl = target.tls->new_session(*target.host, address.port, target.offered);
    if (!ssl) co_return io::IoStatus::exhausted;
    stream().start_tls(std::move(ssl), false);
    const io::IoResult shaken = co_await stream().handshake(deadline);
    if (!shaken.ok()) co_return shaken.status;
  }
  phase_ = CallPhase::exchange;
  ++connection_->requests;
  co_return io::IoStatus::ok;
}

std::string Http1Wire::tls_failure() const {
  return connection_ && connection_->stream().is_tls() ? connection_->stream().tls()->failure_text()
                                                       : std::string();
}

/// Reads without waiting, into a block that it takes only when there may be something.
bool Http1Wire::try_read(io::IoResult& received) {
  if (stream().is_quiet()) return false;
  if (!in_.has_block()) in_.reserve(BufferPool::small_bytes);
  if (in_.free_bytes() == 0) in_.reserve(in_.capacity() * 2);
  const std::size_t most = body_max_ < BufferPool::small_bytes ? head_usual + body_max_ : in_.free_bytes();
  return stream().try_read(in_.free_begin(), std::min(most, in_.free_bytes()), received);
}

Task<CallEnd> Http1Wire::receive_head(HeadWanted wanted, http::ResponseHead& head) {
  static constexpr http1::HeadLimits limits{head_bytes_max, field_count_max, 0};
  head_deadline_ = wanted.deadline;
  body_max_ = wanted.body_max;
  CallEnd end;
  for (;;) {
    if (!in_.empty()) {
      auto parsed =
          http1::parse_response_head(in_.unread(), limits, wanted.method, wanted.upgrade, scanned_, head);
      if (!parsed) {
        end.error = std::move(parsed).error();
        co_return end;
      }
      if (*parsed) {
        head_at_ = reactor_.now();
        const bool interim = head.status < 200 && head.status != 101;
        if (interim && ++interim_ > interim_responses_max) {
          end.error = upstream_error(ErrorKind::response_malformed, "too many interim responses");
        }
        co_return end;
      }
    }
    io::IoResult received;
    if (!try_read(received)) {
      if (in_.empty()) in_.drop();  // a slow endpoint holds no buffer
      received = co_await stream().readable(head_deadline_);
      if (received.ok()) continue;
    }
    if (!received.ok()) {
      end.status = received.status;
      co_return end;
    }
    if (first_byte_at_ == TimePoint{}) first_byte_at_ = reactor_.now();
    in_.produced(received.bytes);
  }
}

void Http1Wire::extend_head_wait(TimePoint deadline) {
  head_deadline_ = deadline;
  stream().channel().extend_read_deadline(deadline);
}

void Http1Wire::drop_head(http::ResponseHead& head) {
  in_.consume(head.bytes);
  in_.compact();
  head.clear();
  scanned_ = 0;
}

relay::BodySource& Http1Wire::body(const http::ResponseHead& head, std::size_t block_max) {
  in_.consume(head.bytes);
  in_.pin(0);
  // The client does not take what a whole block has, and may never do.
  if (body_max_ < BufferPool::small_bytes) in_.fit();
  return body_.emplace(stream(), in_, head.body, Origin::upstream, block_max);
}

relay::TunnelSide Http1Wire::tunnel(const http::ResponseHead& head) {
  in_.consume(head.bytes);
  in_.pin(0);
  body_.emplace(stream(), in_, relay::tunnel_framing, Origin::upstream, BufferPool::small_bytes);
  sink_.emplace(stream(), http::BodyKind::until_close, nullptr);
  return {*body_, *sink_};
}

void Http1Wire::finish(const http::ResponseHead& head, bool reusable, const config::Keepalive& keepalive) {
  if (connection_ && reusable) {
    EndpointPool& pool = connection_->pool();
    pool.put(std::move(connection_), keepalive, reactor_.now(), head_at_, head.keep_alive_timeout);
  }
  connection_.reset();
}

}  // namespace weir::server
