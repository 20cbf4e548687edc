#include "server/endpoint_call.hpp"

#include <algorithm>
#include <utility>

#include "relay/relay_body.hpp"
#include "server/http2_pool.hpp"
#include "server/response_room.hpp"

namespace weir::server {

void EndpointCall::begin(const CallTarget& target, const CallBounds& bounds) {
  target_ = target;
  bounds_ = bounds;
  started_ = reactor_.now();
  const Http2Pool* shared = target.pool->http2();
  if (shared == nullptr || !shared->serves(target.upgrade)) return;
  if (!http2_) http2_ = std::make_unique<Http2Call>(reactor_, buffers_);
  http2_->begin(target.upgrade, target.taker);
  wire_ = http2_.get();
}

void EndpointCall::reset() {
  http1_.reset();
  if (http2_) http2_->reset();
  if (http2_ && !http2_->is_reusable()) http2_.reset();
  wire_ = &http1_;
  response_.clear();
  phase_ = Phase::connecting;
  lacks_descriptor_ = whole_ = false;
  dropped_trailers_ = {};
  handed_over_ = response_deadline_ = TimePoint::max();
}

bool EndpointCall::lease(bool can_be_sent_again, bool kept_too) {
  const bool leased = is_http2() ? target_.pool->http2()->lease(*http2_, target_, bounds_.connect, kept_too)
                                 : kept_too && http1_.lease(*target_.pool, started_, can_be_sent_again);
  if (leased) phase_ = Phase::exchange;
  return leased;
}

Task<CallEnd> EndpointCall::connect() {
  const TimePoint deadline = std::min(started_ + bounds_.connect, bounds_.deadline);
  CallEnd end;
  if (is_http2()) end = co_await connect_shared(deadline);
  if (is_http2() || !end.ok()) co_return end;
  if (phase_ == Phase::exchange) co_return end;  // over a connection that another has made
  end.status = co_await http1_.connect(target_, deadline);
  phase_ = http1_.phase();
  lacks_descriptor_ = http1_.lacks_descriptor();
  co_return end;
}

/// A place on a connection that calls share. An endpoint that chooses HTTP/1.1 instead gets the call that way.
Task<CallEnd> EndpointCall::connect_shared(TimePoint deadline) {
  CallEnd end;
  Http2Connected connected =
      co_await target_.pool->http2()->connect(*http2_, target_, bounds_.connect, deadline);
  phase_ = connected.status == io::IoStatus::ok ? Phase::exchange : connected.phase;
  lacks_descriptor_ = connected.no_descriptor;
  end.status = connected.status;
  if (connected.no_place) {
    end.error = self_error(ErrorKind::endpoint_busy, "every connection to the endpoint is full");
  }
  if (!connected.http1) co_return end;
  wire_ = &http1_;
  if (http2_->left() != io::IoStatus::ok) http1_.abort(http2_->left());
  phase_ = Phase::connecting;
  if (connected.connection) {
    http1_.adopt(std::move(connected.connection));
    phase_ = Phase::exchange;
  }
  co_return end;
}

bool EndpointCall::try_send(const WholeRequest& request, io::IoResult& result) {
  handed_over_ = reactor_.now();
  batch_.begin(request.head);
  batch_.add(request.body);
  batch_.end(request.trailers);
  sending_ = &wire_->sink(request.kind);
  return sending_->try_write(batch_, result);
}

Task<relay::PacedWrite> EndpointCall::send_rest() {
  return sending_->write_rest({bounds_.send, bounds_.deadline});
}

TimePoint EndpointCall::head_deadline() const {
  return std::min(response_deadline_, bounds_.deadline);
}

void EndpointCall::request_written() {
  const TimePoint now = reactor_.now();
  handed_over_ = std::min(handed_over_, now);
  response_deadline_ = now + bounds_.response;
  // The head may be waited for already, beside a body that was still sent.
  if (response_.status == 0) wire_->extend_head_wait(head_deadline());
}

Task<CallEnd> EndpointCall::receive_head(http::Method method, bool upgrade) {
  const std::size_t body_max = target_.taker != nullptr ? target_.taker->takes_now() : relay::read_unbounded;
  return wire_->receive_head({method, upgrade, head_deadline(), body_max}, response_);
}

void EndpointCall::drop_head() {
  wire_->drop_head(response_);
}

Task<CallEnd> EndpointCall::receive_final_head(http::Method method) {
  for (;;) {
    CallEnd end = co_await receive_head(method, false);
    if (!end.ok() || head_is_final()) co_return end;
    drop_head();
  }
}

/// Drops what of `body` is here; false: it is malformed.
bool EndpointCall::drop_some(relay::BodySource& body, CallEnd& end, std::size_t& dropped) {
  do {
    batch_.begin({});
    if (const auto taken = body.take(batch_); !taken) {
      end.error = taken.error();
      return false;
    }
    dropped += batch_.data_bytes();
  } while (!body.finished() && body.has_more());
  return true;
}

bool EndpointCall::drop_buffered_body() {
  relay::BodySource& body = wire_->body(response_, BufferPool::small_bytes);
  CallEnd end;
  std::size_t dropped = 0;
  whole_ = drop_some(body, end, dropped) && body.finished() && !body.has_more();
  return whole_;
}

Task<CallEnd> EndpointCall::discard_body(const DiscardBounds& bounds) {
  relay::BodySource& body = wire_->body(response_, BufferPool::small_bytes);
  const TimePoint give_up_at = std::min(bounds.until, bounds_.deadline);
  std::size_t discarded = 0;
  CallEnd end;
  for (unsigned rounds = 1;; ++rounds) {
    if (!drop_some(body, end, discarded)) co_return end;
    if (body.finished()) break;
    if (discarded > bounds.bytes || reactor_.now() >= give_up_at) co_return end;
    if (rounds % relay::rounds_per_turn == 0) co_await io::Yield(reactor_);
    io::IoResult received;
    if (!body.try_read(received)) {
      received = co_await body.wait(std::min(reactor_.now() + bounds.idle, give_up_at));
    }
    if (received.ok()) continue;
    if (received.status == io::IoStatus::timeout && reactor_.now() >= give_up_at) co_return end;
    if (received.status == io::IoStatus::eof) {
      if (const auto ended = body.end_of_stream(); !ended) end.error = ended.error();
      co_return end;
    }
    end.status = received.status;
    co_return end;
  }
  whole_ = !body.has_more();
  dropped_trailers_ = body.trailers();
  co_return end;
}

void EndpointCall::end(bool reusable, const config::Keepalive& keepalive) {
  auto& counters = target_.pool->counters();
  const int status_class = response_.status / 100;
  ++counters.responses[status_class >= 1 && status_class <= 5 ? static_cast<std::size_t>(status_class) : 0];
  counters.duration.observe(std::chrono::duration<double>(reactor_.now() - started_).count());
  wire_->finish(response_, reusable, keepalive);
}

}  // namespace weir::server
