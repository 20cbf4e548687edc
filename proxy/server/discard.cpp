#include "server/discard.hpp"

#include <algorithm>

#include "relay/relay_body.hpp"

namespace weir::server {

Discard::Discard(io::Stream& stream, ReadBuffer& in, const config::ListenerLimits& limits,
                 observe::ListenerCounters::Discards& counts, const TimePoint& draining_since)
    : stream_(stream),
      in_(in),
      limits_(limits),
      counts_(counts),
      draining_since_(draining_since),
      since_(stream.reactor().now()),
      pace_(limits.discard_min_rate, rate_window) {}

TimePoint Discard::deadline() const {
  const TimePoint usual = since_ + limits_.discard_timeout;
  if (draining_since_ == TimePoint::max()) return usual;
  return std::min(usual, std::max(since_, draining_since_) + while_draining);
}

Task<bool> Discard::read_more() {
  io::Reactor& reactor = stream_.reactor();
  if (bytes_ >= limits_.discard_bytes) {
    ++counts_.discard_bytes;
    co_return false;
  }
  if (reactor.now() >= deadline()) {
    ++counts_.discard_timeout;
    co_return false;
  }
  if (++rounds_ % relay::rounds_per_turn == 0) co_await io::Yield(reactor);
  in_.drop();
  in_.reserve(BufferPool::small_bytes);
  const TimePoint before = reactor.now();
  io::IoResult received;
  if (!stream_.try_read(in_.free_begin(), in_.free_bytes(), received)) {
    in_.drop();  // a silent client holds no buffer
    const TimePoint until = std::min({deadline(), pace_.due(before), before + look_interval});
    received = co_await stream_.readable(until);
  }
  bytes_ += received.bytes;
  counts_.bytes += received.bytes;
  in_.produced(received.bytes);
  if (!pace_.note(received.bytes, reactor.now() - before)) {
    ++counts_.discard_min_rate;
    co_return false;
  }
  if (received.ok() || received.status == io::IoStatus::timeout) co_return true;
  at_end_ = received.status == io::IoStatus::eof;
  if (!at_end_) ++counts_.client_gone;
  co_return false;
}

Task<Discard::End> Discard::body(http1::BodyDecoder& body) {
  in_.compact();
  for (;;) {
    while (!in_.empty() && !body.finished()) {
      const auto step = body.decode(in_.unread());
      if (!step || step->consumed == 0) co_return End::unfinished;
      in_.consume(step->consumed);
    }
    if (body.finished()) {
      ++counts_.complete;
      co_return End::through;
    }
    if (bytes_ >= kept_bytes_max && bytes_ < limits_.discard_bytes) co_return End::unfinished;
    const bool more = co_await read_more();
    if (more) continue;
    if (at_end_) ++counts_.client_gone;  // in the middle of its body
    co_return End::over;
  }
}

Task<> Discard::rest() {
  for (;;) {
    const bool more = co_await read_more();
    if (!more) break;
  }
  // Behind a response that ends the connection, the client's end is the end of what it had to say.
  if (at_end_) ++counts_.complete;
}

}  // namespace weir::server
