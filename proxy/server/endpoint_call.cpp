#include "server/endpoint_call.hpp"

#include <algorithm>
#include <utility>

#include "http/body.hpp"
#include "http/parse.hpp"
#include "io/connect.hpp"
#include "relay/relay_body.hpp"

namespace weir::server {

void EndpointCall::begin(const CallTarget& target, const CallBounds& bounds) {
  target_ = target;
  bounds_ = bounds;
  started_ = reactor_.now();
}

void EndpointCall::reset() {
  body_.reset();
  sink_.reset();
  connection_.reset();
  in_.drop();
  response_.clear();
  connecting_ = nullptr;
  aborted_ = io::IoStatus::ok;
  phase_ = Phase::connecting;
  reused_ = lacks_descriptor_ = whole_ = false;
  interim_ = 0;
  scanned_ = 0;
  first_byte_at_ = head_at_ = TimePoint{};
  handed_over_ = response_deadline_ = TimePoint::max();
}

void EndpointCall::abort(io::IoStatus reason) {
  if (aborted_ == io::IoStatus::ok) aborted_ = reason;
  if (connecting_ != nullptr) connecting_->abort(reason);
  if (connection_) connection_->stream().channel().abort(reason);
}

bool EndpointCall::lease(bool can_be_sent_again) {
  connection_ = target_.pool->take(started_, can_be_sent_again);
  reused_ = connection_ != nullptr;
  if (!reused_) return false;
  phase_ = Phase::exchange;
  ++connection_->requests;
  if (aborted_ != io::IoStatus::ok) stream().channel().abort(aborted_);
  return true;
}

Task<io::IoStatus> EndpointCall::connect() {
  phase_ = Phase::connecting;
  lacks_descriptor_ = false;
  if (aborted_ != io::IoStatus::ok) co_return aborted_;
  const TimePoint deadline = std::min(started_ + bounds_.connect, bounds_.deadline);
  const SocketAddress& address = target_.pool->endpoint().address;
  io::Connect connecting(reactor_, address, deadline);
  connecting_ = connecting.channel();
  io::ConnectResult connected = co_await connecting;
  connecting_ = nullptr;
  lacks_descriptor_ = connected.no_descriptor;
  if (connected.status != io::IoStatus::ok) co_return connected.status;
  phase_ = Phase::handshake;
  connection_ =
      std::make_unique<UpstreamConnection>(target_.pool->shared_from_this(), std::move(connected.stream));
  if (aborted_ != io::IoStatus::ok) stream().channel().abort(aborted_);
  if (target_.tls != nullptr) {
    tls::SslPtr ssl = target_.tls->new_session(*target_.host, address.port);
    if (!ssl) co_return io::IoStatus::exhausted;
    stream().start_tls(std::move(ssl), false);
    const io::IoResult shaken = co_await stream().handshake(deadline);
    if (!shaken.ok()) co_return shaken.status;
  }
  phase_ = Phase::exchange;
  ++connection_->requests;
  co_return io::IoStatus::ok;
}

std::string EndpointCall::tls_failure() const {
  return connection_ && connection_->stream().is_tls() ? connection_->stream().tls()->failure_text()
                                                       : std::string();
}

io::Stream::WriteAll EndpointCall::send(std::span<iovec> parts) {
  handed_over_ = reactor_.now();
  return stream().write_all(parts, bounds_.send, bounds_.deadline);
}

void EndpointCall::request_written() {
  const TimePoint now = reactor_.now();
  handed_over_ = std::min(handed_over_, now);
  response_deadline_ = now + bounds_.response;
  if (response_.status == 0) {  // its head may be waited for already, beside a body that was still sent
    stream().channel().extend_read_deadline(std::min(response_deadline_, bounds_.deadline));
  }
}

/// Reads without waiting, into a block that it takes only when there may be something.
bool EndpointCall::try_read(io::IoResult& received) {
  if (stream().is_quiet()) return false;
  if (!in_.has_block()) in_.reserve(BufferPool::small_bytes);
  if (in_.free_bytes() == 0) in_.reserve(in_.capacity() * 2);
  return stream().try_read(in_.free_begin(), in_.free_bytes(), received);
}

Task<CallEnd> EndpointCall::receive_head(http::Method method, bool upgrade) {
  static constexpr http::HeadLimits limits{head_bytes_max, field_count_max, 0};
  CallEnd end;
  for (;;) {
    if (!in_.empty()) {
      auto parsed = http::parse_response_head(in_.unread(), limits, method, upgrade, scanned_, response_);
      if (!parsed) {
        end.error = std::move(parsed).error();
        co_return end;
      }
      if (*parsed) {
        head_at_ = reactor_.now();
        if (!head_is_final() && ++interim_ > interim_responses_max) {
          end.error = upstream_error(ErrorKind::response_malformed, "too many interim responses");
        }
        co_return end;
      }
    }
    io::IoResult received;
    if (!try_read(received)) {
      if (in_.empty()) in_.drop();  // a slow endpoint holds no buffer
      received = co_await stream().readable(std::min(response_deadline_, bounds_.deadline));
      if (received.ok()) continue;
    }
    if (!received.ok()) {
      end.status = received.status;
      co_return end;
    }
    if (!response_bytes_seen()) first_byte_at_ = reactor_.now();
    in_.produced(received.bytes);
  }
}

void EndpointCall::drop_head() {
  in_.consume(response_.bytes);
  in_.compact();
  response_.clear();
  scanned_ = 0;
}

Task<CallEnd> EndpointCall::receive_final_head(http::Method method) {
  for (;;) {
    CallEnd end = co_await receive_head(method, false);
    if (!end.ok() || head_is_final()) co_return end;
    drop_head();
  }
}

relay::BodySource& EndpointCall::begin_body(std::size_t block_max) {
  in_.consume(response_.bytes);
  in_.pin(0);
  return body_.emplace(stream(), in_, response_.body, Origin::upstream, block_max);
}

relay::TunnelSide EndpointCall::tunnel() {
  in_.consume(response_.bytes);
  in_.pin(0);
  body_.emplace(stream(), in_, relay::tunnel_framing, Origin::upstream, BufferPool::small_bytes);
  sink_.emplace(stream(), http::BodyKind::until_close, nullptr);
  return {*body_, *sink_};
}

bool EndpointCall::drop_buffered_body() {
  in_.consume(response_.bytes);
  http::BodyDecoder body(response_.body, Origin::upstream);
  while (!body.finished() && !in_.empty()) {
    const auto step = body.decode(in_.unread());
    if (!step || step->consumed == 0) return false;
    in_.consume(step->consumed);
  }
  whole_ = body.finished() && in_.empty();
  return whole_;
}

Task<CallEnd> EndpointCall::discard_body(const DiscardBounds& bounds) {
  http::BodyDecoder decoder(response_.body, Origin::upstream);
  const TimePoint give_up_at = std::min(bounds.until, bounds_.deadline);
  std::size_t discarded = 0;
  CallEnd end;
  in_.consume(response_.bytes);
  for (unsigned rounds = 1;; ++rounds) {
    while (!in_.empty() && !decoder.finished()) {
      const auto step = decoder.decode(in_.unread());
      if (!step) {
        end.error = step.error();
        co_return end;
      }
      in_.consume(step->consumed);
      discarded += step->consumed;
    }
    if (decoder.finished()) break;
    if (discarded > bounds.bytes || reactor_.now() >= give_up_at) co_return end;
    if (rounds % relay::rounds_per_turn == 0) co_await io::Yield(reactor_);
    const io::IoResult received = co_await read_more(std::min(reactor_.now() + bounds.idle, give_up_at));
    if (received.ok()) continue;
    if (received.status == io::IoStatus::timeout && reactor_.now() >= give_up_at) co_return end;
    if (received.status == io::IoStatus::eof) {
      if (const auto ended = decoder.end_of_stream(); !ended) end.error = ended.error();
      co_return end;
    }
    end.status = received.status;
    co_return end;
  }
  whole_ = in_.empty();
  co_return end;
}

/// Waits for bytes of a body; what was decoded needs no room any more.
Task<io::IoResult> EndpointCall::read_more(TimePoint deadline) {
  io::IoResult received;
  do {
    in_.rewind();
    if (try_read(received)) {
      if (received.ok()) in_.produced(received.bytes);
      co_return received;
    }
    if (in_.empty()) in_.drop();
    received = co_await stream().readable(deadline);
  } while (received.ok());
  co_return received;
}

void EndpointCall::end(bool reusable, const config::Keepalive& keepalive) {
  const TimePoint now = reactor_.now();
  auto& counters = target_.pool->counters();
  const int status_class = response_.status / 100;
  ++counters.responses[status_class >= 1 && status_class <= 5 ? static_cast<std::size_t>(status_class) : 0];
  counters.duration.observe(std::chrono::duration<double>(now - started_).count());
  if (connection_ && reusable) {
    target_.pool->put(std::move(connection_), keepalive, now, head_at_, response_.keep_alive_timeout);
  }
  connection_.reset();
}

}  // namespace weir::server
