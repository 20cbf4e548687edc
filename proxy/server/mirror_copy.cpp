#include "server/mirror_copy.hpp"

#include <algorithm>
#include <span>

#include "http/chunked.hpp"
#include "http/copied_head.hpp"
#include "http/trailers.hpp"
#include "io/connect.hpp"
#include "relay/relay_body.hpp"
#include "server/connect_error.hpp"
#include "server/exchange.hpp"
#include "server/health_report.hpp"
#include "server/latency_report.hpp"
#include "server/worker.hpp"
#include "upstream/retry.hpp"

namespace weir::server {

MirrorCopy::MirrorCopy(Worker& worker)
    : worker_(worker),
      body_([](void* copy) { static_cast<MirrorCopy*>(copy)->place_.give_back(); }, this),
      in_(worker.buffers()) {}

MirrorCopy::~MirrorCopy() {
  reset();
}

void MirrorCopy::begin(GenerationPtr generation, const RouteRuntime& route, route::InFlightPlace place,
                       http::Method method, std::uint64_t key) {
  generation_ = std::move(generation);
  route_ = &route;
  mirror_ = route.mirror.get();
  place_ = std::move(place);
  method_ = method;
  key_ = key;
  body_.begin(static_cast<std::size_t>(mirror_->config->body_bytes));
}

void MirrorCopy::compose(std::string_view head, const http::BodyDecoder& body, std::string_view nominated) {
  const bool keep = mirror_->config->credentials == config::MirrorCredentials::keep;
  http::append_copied_head(head_, head, keep, route_->config->name);
  if (body.framing().kind != http::BodyKind::chunked) return;
  if (!body_.bytes().empty()) {
    char size[20];
    head_.append(size, http::write_chunk_size(body_.bytes().size(), size));
    end_ += http::chunk_end;
  }
  end_ += http::last_chunk;
  end_ += http::forwardable_trailers(body.trailers(), {&route_->headers.request, nominated});
  end_ += http::chunk_end;
}

void MirrorCopy::reset() {
  release();
  place_.give_back();
  in_.drop();
  response_.clear();
  for (std::string* text : {&head_, &end_}) {
    text->clear();
    if (text->capacity() > kept_text_bytes_max) *text = {};
  }
  body_.begin(0);
  route_ = nullptr;
  mirror_ = nullptr;
  waiting_ = nullptr;
  aborted_ = reused_ = response_bytes_seen_ = response_whole_ = false;
  generation_.reset();
}

void MirrorCopy::count(route::MirrorOutcome outcome) {
  auto& counters = worker_.metrics().mirrored(route_->name, view().runtime->name);
  ++counters.by_outcome[static_cast<std::size_t>(outcome)];
}

void MirrorCopy::abort() {
  aborted_ = true;
  if (waiting_ != nullptr) waiting_->abort(io::IoStatus::shutdown);
}

void MirrorCopy::wait_on(io::Channel* channel) {
  waiting_ = channel;
  if (aborted_ && channel != nullptr) channel->abort(io::IoStatus::shutdown);
}

Task<> MirrorCopy::run() {
  co_await io::Yield(worker_.reactor());  // the original goes first
  auto done = co_await exchange();
  if (pick_.index != balance::none) report(done);
  if (!done && !aborted_) {
    worker_.log(Noise::mirror, config::LogLevel::warn, "mirror of route {}: upstream {}: {}",
                route_->config->name, view().runtime->config->name, done.error().detail);
  }
  count(done ? route::MirrorOutcome::answered : route::MirrorOutcome::failed);
  release();
}

/// A copy waits for nothing, and requests that wait for a place come before it. The count of max_requests is for those
/// whose answer a client waits for: a copy takes no place there, and none goes out while all are taken.
Result<void> MirrorCopy::choose_endpoint() {
  const UpstreamRuntime& upstream = *view().runtime;
  if (upstream.in_flight &&
      upstream.in_flight->count.load(std::memory_order_relaxed) >= upstream.config->max_requests) {
    return self_error(ErrorKind::max_requests, "the upstream has as many requests as it may have at once");
  }
  balance::PickRequest request;
  request.now = started_;
  request.random = worker_.rng()();
  request.key = key_;
  if (upstream.queue->waiting() == 0) {
    pick_ = upstream.acquire(request);
    if (pick_.index != balance::none) return {};
    if (!pick_.full) return upstream_error(ErrorKind::no_endpoint, "no endpoint to send to");
  }
  return self_error(ErrorKind::endpoint_busy, "every endpoint has as many requests as it may have at once");
}

/// As an attempt of an exchange, for nobody.
Task<Result<void>> MirrorCopy::exchange() {
  if (aborted_) co_return self_error(ErrorKind::draining, "shutting down");
  started_ = worker_.reactor().now();
  total_deadline_ = started_ + mirror_->timeouts.total;
  auto chosen = choose_endpoint();
  if (!chosen) co_return chosen;
  connection_ = pool().take(started_, true);  // a copy that is lost is no loss
  reused_ = connection_ != nullptr;
  if (!reused_) {
    auto connected = co_await connect();
    if (!connected) co_return connected;
  }
  ++connection_->requests;
  wait_on(&connection_->stream().channel());
  auto sent = co_await send_request();
  if (!sent) co_return sent;
  auto received = co_await receive_head();
  if (!received) co_return received;
  head_at_ = worker_.reactor().now();
  report_latency(*view().runtime, pick_.index, started_, worker_.reactor().now(), nullptr, response_);
  co_return co_await discard_body();
}

Task<Result<void>> MirrorCopy::connect() {
  const UpstreamRuntime& upstream = *view().runtime;
  const EndpointRuntime& endpoint = upstream.endpoints[pick_.index];
  const TimePoint deadline = std::min(started_ + mirror_->timeouts.connect, total_deadline_);
  const auto failed = [&](io::IoStatus status) {
    return connect_error(status, worker_.reactor().now() >= total_deadline_);
  };
  io::Connect connecting(worker_.reactor(), endpoint.state->address, deadline);
  wait_on(connecting.channel());
  io::ConnectResult connected = co_await connecting;
  wait_on(nullptr);
  if (connected.status != io::IoStatus::ok) co_return failed(connected.status);
  connection_ = std::make_unique<UpstreamConnection>(view().pools[pick_.index], std::move(connected.stream));
  if (!upstream.tls) co_return Result<void>{};

  io::Stream& stream = connection_->stream();
  tls::SslPtr ssl = upstream.tls->new_session(endpoint.host, endpoint.state->address.port);
  if (!ssl) co_return self_error(ErrorKind::internal, "no TLS session");
  stream.start_tls(std::move(ssl), false);
  wait_on(&stream.channel());
  const io::IoResult shaken = co_await stream.handshake(deadline);
  if (!shaken.ok()) co_return failed(shaken.status);
  co_return Result<void>{};
}

Task<Result<void>> MirrorCopy::send_request() {
  iovec parts[3];
  std::size_t count = 0;
  for (const std::string_view part : {std::string_view(head_), body_.bytes(), std::string_view(end_)}) {
    if (!part.empty()) parts[count++] = {const_cast<char*>(part.data()), part.size()};
  }
  const std::span<iovec> all(parts, count);
  const io::IoResult sent = co_await connection_->stream().write_all(all, mirror_->timeouts.send);
  // An endpoint may answer and close before it has read everything: its answer counts.
  if (sent.ok() || sent.status == io::IoStatus::reset) co_return Result<void>{};
  if (sent.status == io::IoStatus::timeout) {
    co_return upstream_error(ErrorKind::upstream_send_timeout, "the endpoint takes no bytes");
  }
  co_return failure(sent.status);
}

Task<Result<void>> MirrorCopy::receive_head() {
  static constexpr http::HeadLimits limits{Exchange::response_head_bytes_max,
                                           Exchange::response_field_count_max, 0};
  const TimePoint deadline = std::min(worker_.reactor().now() + mirror_->timeouts.response, total_deadline_);
  std::size_t scanned = 0;
  unsigned interim = 0;
  for (;;) {
    if (!in_.empty()) {
      auto parsed = http::parse_response_head(in_.unread(), limits, method_, false, scanned, response_);
      if (!parsed) co_return std::move(parsed).error();
      if (*parsed) {
        in_.consume(response_.bytes);
        if (response_.status >= 200) co_return Result<void>{};
        if (++interim > Exchange::interim_responses_max) {
          co_return upstream_error(ErrorKind::response_malformed, "too many interim responses");
        }
        in_.compact();
        response_.clear();
        scanned = 0;
        continue;
      }
    }
    const io::IoResult received = co_await read_more(deadline);
    if (!received.ok()) co_return failure(received.status);
    response_bytes_seen_ = true;
  }
}

/// Reads the body to its end so that the connection can be kept. Past the bounds it is no longer worth it.
Task<Result<void>> MirrorCopy::discard_body() {
  http::BodyDecoder decoder(response_.body, Origin::upstream);
  const TimePoint give_up_at = std::min(worker_.reactor().now() + discard_time_max, total_deadline_);
  std::size_t discarded = 0;
  for (unsigned rounds = 1;; ++rounds) {
    while (!in_.empty() && !decoder.finished()) {
      const auto step = decoder.decode(in_.unread());
      if (!step) co_return step.error();
      in_.consume(step->consumed);
      discarded += step->consumed;
    }
    if (decoder.finished()) break;
    if (discarded > discard_bytes_max || worker_.reactor().now() >= give_up_at) co_return Result<void>{};
    if (rounds % relay::rounds_per_turn == 0) co_await io::Yield(worker_.reactor());
    const TimePoint until = std::min(worker_.reactor().now() + mirror_->timeouts.idle, give_up_at);
    const io::IoResult received = co_await read_more(until);
    if (received.ok()) continue;
    if (received.status == io::IoStatus::timeout && worker_.reactor().now() >= give_up_at) {
      co_return Result<void>{};
    }
    if (received.status == io::IoStatus::eof) co_return decoder.end_of_stream();
    if (received.status == io::IoStatus::shutdown) co_return failure(received.status);
    co_return upstream_error(ErrorKind::response_incomplete, "the response ended early");
  }
  response_whole_ = true;
  co_return Result<void>{};
}

Task<io::IoResult> MirrorCopy::read_more(TimePoint deadline) {
  io::Stream& stream = connection_->stream();
  io::IoResult received;
  do {
    in_.rewind();
    if (!in_.has_block()) in_.reserve(BufferPool::small_bytes);
    if (in_.free_bytes() == 0) in_.reserve(in_.capacity() * 2);
    if (stream.try_read(in_.free_begin(), in_.free_bytes(), received)) {
      if (received.ok()) in_.produced(received.bytes);
      co_return received;
    }
    if (in_.empty()) in_.drop();  // a slow endpoint holds no buffer
    received = co_await stream.readable(deadline);
  } while (received.ok());
  co_return received;
}

Error MirrorCopy::failure(io::IoStatus status) const {
  if (status == io::IoStatus::shutdown) return self_error(ErrorKind::draining, "shutting down");
  if (status == io::IoStatus::tls_failed || status == io::IoStatus::tls_certificate) {
    return upstream_error(ErrorKind::tls_failed, "TLS failed");
  }
  if (status != io::IoStatus::timeout) {
    return upstream_error(ErrorKind::upstream_reset, "the endpoint closed the connection before a response");
  }
  if (worker_.reactor().now() >= total_deadline_) {
    return upstream_error(ErrorKind::total_timeout, "timeouts.total is over");
  }
  return upstream_error(ErrorKind::response_timeout, "no response in time");
}

/// A copy counts for its endpoint's health as any request does. A kept connection that had died meanwhile says
/// nothing about the endpoint; a request would be sent again, a copy is not.
void MirrorCopy::report(const Result<void>& done) {
  const TimePoint now = worker_.reactor().now();
  if (done) {
    return report_health(view(), pick_, now, nullptr, response_.status,
                         upstream::failure_bit_of_status(response_.status));
  }
  const Error why = done.error();
  upstream::TryOutcome outcome;
  outcome.kind = why.kind;
  outcome.reused_connection = reused_;
  outcome.response_bytes_seen = response_bytes_seen_;
  outcome.lasted = now - started_;
  if (upstream::was_stale(outcome)) return;
  report_latency(*view().runtime, pick_.index, started_, now, &why, response_);
  report_health(view(), pick_, now, &why, response_.status, upstream::failure_bit(why.kind));
}

/// The endpoint is through with it, well or badly.
void MirrorCopy::release() {
  wait_on(nullptr);
  if (pick_.index == balance::none) return;
  auto& counters = pool().counters();
  const int status_class = response_.status / 100;
  ++counters.responses[status_class >= 1 && status_class <= 5 ? static_cast<std::size_t>(status_class) : 0];
  counters.duration.observe(std::chrono::duration<double>(Clock::now() - started_).count());
  const bool reusable = response_whole_ && response_.keep_alive && in_.empty();
  if (connection_ && reusable) {
    pool().put(std::move(connection_), view().runtime->config->keepalive, worker_.reactor().now(), head_at_,
               response_.keep_alive_timeout);
  }
  connection_.reset();
  upstream::EndpointState& endpoint = *view().runtime->endpoints[pick_.index].state;
  endpoint.health.abandon_probe(worker_.reactor().now(), pick_.ticket);  // if nothing was reported
  view().runtime->release(pick_.index);
  pick_ = {};
}

}  // namespace weir::server
