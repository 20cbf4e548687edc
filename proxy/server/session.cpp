#include "server/session.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "core/connection_age.hpp"
#include "http1/parse.hpp"
#include "io/spawn.hpp"
#include "relay/pace.hpp"
#include "server/exchange.hpp"
#include "server/http1_client.hpp"
#include "server/http2_connection.hpp"
#include "server/worker.hpp"

namespace weir::server {

Session::Session(Worker& worker, std::shared_ptr<const ListenerRuntime> listener, io::FileDescriptor fd,
                 const SocketAddress& peer)
    : worker_(worker),
      listener_(std::move(listener)),
      stream_(worker.reactor(), std::move(fd)),
      pace_(listener_->config.limits.response_min_rate, relay::target_rate_window),
      in_(worker.buffers()),
      peer_(peer),
      local_port_(listener_->port),
      counters_(worker.metrics().listener(listener_->name)),
      ages_at_(weir::ages_at(worker.reactor().now(), listener_->config.limits.connection_max_age,
                             static_cast<std::uint32_t>(worker.rng()()))) {
  worker_.sessions_.push_back(*this);
  ++counters_.active;
}

Session::~Session() {
  set_idle(false);
  --counters_.active;
  worker_.sessions_.erase(worker_.sessions_.iterator_to(*this));
}

void Session::serve(Worker& worker, std::shared_ptr<const ListenerRuntime> listener, io::FileDescriptor fd,
                    const SocketAddress& peer) {
  auto start = [&worker, listener = std::move(listener), fd = std::move(fd), peer]() mutable {
    return live(worker, std::move(listener), std::move(fd), peer);
  };
  io::spawn("client connection", std::move(start), [&worker](bool) { worker.session_ended(); });
}

/// What only the beginning and the end need has frames of its own, so that an idle connection does not keep them.
Task<> Session::live(Worker& worker, std::shared_ptr<const ListenerRuntime> listener, io::FileDescriptor fd,
                     SocketAddress peer) {
  Session session(worker, std::move(listener), std::move(fd), peer);
  const Opening opened = co_await session.open();
  if (opened == Opening::over) co_return;
  const Next next = co_await session.serve_requests(opened);
  if (next == Next::linger) {
    co_await session.linger();
  } else if (session.is_tls() && next != Next::cut) {
    session.stream_.finish_writing();
  }
}

void Session::set_idle(bool idle) {
  if (idle == idle_) return;
  idle_ = idle;
  counters_.idle += idle ? 1 : -1;
  counters_.active += idle ? -1 : 1;
  if (idle) {
    idle_since_ = worker_.reactor().now();
    worker_.idle_sessions_.push_back(*this);
  } else if (idle_hook.is_linked()) {
    worker_.idle_sessions_.erase(worker_.idle_sessions_.iterator_to(*this));
  }
}

/// A request may have arrived in this very turn.
bool Session::is_silent() {
  char byte = 0;
  return ::recv(stream_.channel().fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0;
}

bool Session::give_up_idle(TimePoint now) {
  if (now - idle_since_ < Worker::idle_grace || !is_silent()) return false;
  if (http2_ != nullptr) {
    http2_->close_idle();
    return true;
  }
  stream_.channel().abort(io::IoStatus::shutdown);
  return true;
}

bool Session::is_old() {
  if (worker_.reactor().now() < ages_at_) return false;
  if (!std::exchange(old_, true)) ++counters_.old_connections;
  return true;
}

bool Session::may_go_on() {
  const std::uint32_t most = listener_->config.limits.requests_per_connection;
  return !worker_.draining() && (most == 0 || requests_ < most) && !is_old() &&
         worker_.generation()->snapshot->listener_index(listener_->slot) != no_listener;
}

/// How long the next request may take to begin.
Duration Session::idle_wait() const {
  const Duration usual = listener_->config.limits.idle_timeout;
  return worker_.draining() ? std::min<Duration>(usual, first_request_wait) : usual;
}

/// How long a wait for the next request lasts that begins now. At its age the connection ends, but not in the moment
/// after a request, in which the next one is likely to be on its way.
TimePoint Session::request_due(Duration patience) const {
  const TimePoint now = worker_.reactor().now();
  return std::min<TimePoint>(now + std::min(patience, idle_wait()),
                             std::max<TimePoint>(ages_at_, now + Worker::idle_grace));
}

void Session::drain() {
  if (opening_until_ != TimePoint::max()) return stream_.channel().extend_read_deadline(opening_deadline());
  if (http2_ != nullptr) return http2_->begin_shutdown();
  if (!idle_ || !is_silent()) return;
  if (requests_ > 0) return stream_.channel().abort(io::IoStatus::shutdown);
  const TimePoint idle_end = idle_since_ + listener_->config.limits.idle_timeout;
  stream_.channel().extend_read_deadline(
      std::min<TimePoint>(idle_end, worker_.reactor().now() + first_request_wait));
}

Task<Session::Next> Session::serve_requests(Opening opened) {
  return opened == Opening::http2 ? serve_http2() : serve_http1();
}

Task<> Session::linger() {
  Discard discard = discard_here();
  stream_.finish_writing();
  co_await discard.rest();
}

Task<Session::Next> Session::serve_http2() {
  Http2Connection connection(*this);
  http2_ = &connection;
  if (worker_.draining()) connection.begin_shutdown();
  const bool client_may_send = co_await connection.run();
  http2_ = nullptr;
  co_return client_may_send ? Next::linger : Next::close;
}

/// How long the first request may take to begin. A balancer opens a connection with a PROXY header for a client that is
/// there: its request does not take long.
Duration Session::first_patience() const {
  const config::ListenerLimits& limits = listener_->config.limits;
  if (!listener_->config.proxy_protocol) return limits.idle_timeout;
  return std::min<Duration>(limits.idle_timeout, limits.header_timeout);
}

/// The requests of a connection, one after the other.
Task<Session::Next> Session::serve_http1() {
  Duration patience = first_patience();
  Next next = Next::request;
  for (unsigned in_a_row = 1; next == Next::request; ++in_a_row) {
    while (in_.empty()) {
      io::IoResult received;
      if (!read_ready(received)) {
        if (worker_.draining() && requests_ > 0) break;
        in_a_row = 0;
        set_idle(true);
        received = co_await stream_.readable(request_due(patience));
        set_idle(false);
        if (received.status == io::IoStatus::timeout) is_old();  // counts it
      }
      if (!received.ok()) break;
      in_.produced(received.bytes);
    }
    if (in_.empty()) break;
    // A client that pipelines has its turn, as every other.
    if (in_a_row % requests_per_turn == 0) co_await io::Yield(worker_.reactor());
    next = co_await serve_request();
    patience = listener_->config.limits.idle_timeout;
    if (in_.empty()) {
      in_.drop();
    } else {
      in_.compact();
    }
  }
  co_return next;
}

/// Reads without waiting, and holds a buffer only if that gave something.
bool Session::read_ready(io::IoResult& received) {
  if (stream_.is_quiet()) return false;
  in_.reserve(BufferPool::small_bytes);
  if (stream_.try_read(in_.free_begin(), in_.free_bytes(), received)) return true;
  in_.drop();
  return false;
}

bool Session::has_room_for_body(const http::RequestHead& head) const {
  const std::size_t room = in_.capacity() - head.bytes;
  if (in_.capacity() >= BufferPool::large_bytes) return room >= body_room_min;
  switch (head.body.kind) {
    case http::BodyKind::length:
      return head.body.length <= room;
    case http::BodyKind::chunked:
      return room >= body_room_min;
    default:
      return true;
  }
}

/// Parses what has been read. True: the head is there, or is refused.
bool Session::take_head(Exchange& exchange) {
  const config::ListenerLimits& limits = listener_->config.limits;
  const http1::HeadLimits head_limits{limits.header_bytes, limits.header_count, limits.uri_bytes};
  for (;;) {
    auto parsed = http1::parse_request_head(in_.unread(), head_limits, exchange.head_scanned, exchange.head);
    if (!parsed) {
      exchange.set_refusal(std::move(parsed).error());
      return true;
    }
    if (!*parsed) return false;
    if (!has_room_for_body(exchange.head)) {
      // The body is read behind the head: into a larger block, whose head is parsed once more.
      in_.reserve(std::max(BufferPool::large_bytes, in_.capacity() * 2));
      exchange.head_scanned = 0;
      continue;
    }
    in_.consume(exchange.head.bytes);
    in_.pin(exchange.head.bytes);
    return true;
  }
}

/// A head that did not come at once. False: the client left.
Task<bool> Session::read_rest_of_head(Exchange& exchange) {
  const config::ListenerLimits& limits = listener_->config.limits;
  const TimePoint deadline = exchange.started() + limits.header_timeout;
  do {
    // The parser gives up before the head exceeds its limit, so twice that always has room.
    if (in_.free_bytes() == 0) in_.reserve(std::max<std::size_t>(in_.capacity(), limits.header_bytes) * 2);
    const io::IoResult received = co_await stream_.read_some(in_.free_begin(), in_.free_bytes(), deadline);
    if (received.ok()) {
      in_.produced(received.bytes);
    } else if (received.status == io::IoStatus::timeout) {
      exchange.set_refusal(client_error(ErrorKind::head_timeout, "the request head did not come in time"));
      co_return true;
    } else {
      co_return false;
    }
  } while (!take_head(exchange));
  co_return true;
}

Task<Session::Next> Session::serve_request() {
  Http1Client client(*this);
  auto exchange = worker_.take_exchange();
  ++requests_;
  exchange->begin(client);
  After after = After::close;
  bool there = take_head(*exchange);
  if (!there) there = co_await read_rest_of_head(*exchange);
  if (there) {
    client.begin_body(exchange->head.body);
    after = co_await exchange->run();
  }
  worker_.give_back(std::move(exchange));
  switch (after) {
    case After::keep_alive:
      co_return Next::request;
    case After::discard:
      co_return co_await discard_body(client.unread_body());
    case After::linger:
      co_return Next::linger;
    case After::reset:
      stream_.reset_on_close();
      co_return Next::cut;
    case After::close:
      break;
  }
  // Bytes that nobody reads would turn the close into a reset, which can destroy the answer on its way.
  const bool unread = !in_.empty() || stream_.channel().readable();
  co_return unread&& stream_.channel().aborted() == io::IoStatus::ok ? Next::linger : Next::close;
}

Discard Session::discard_here() {
  return {stream_, in_, listener_->config.limits, counters_.discards, worker_.draining_since()};
}

/// The connection goes on behind the body, if it is worth that; otherwise it ends without a reset.
Task<Session::Next> Session::discard_body(http1::BodyDecoder& body) {
  Discard discard = discard_here();
  const Discard::End end = co_await discard.body(body);
  if (end == Discard::End::through) co_return Next::request;
  if (end == Discard::End::over) co_return Next::close;
  stream_.finish_writing();
  co_await discard.rest();
  co_return Next::close;
}

}  // namespace weir::server
