// One attempt at one endpoint: choose, connect, send, wait for the response head. What the client does
// meanwhile (sending its body, leaving) is handled here too.
#include <algorithm>
#include <utility>

#include "io/connect.hpp"
#include "io/spawn.hpp"
#include "server/connect_error.hpp"
#include "server/exchange.hpp"
#include "server/health_events.hpp"
#include "server/health_report.hpp"
#include "server/session.hpp"
#include "server/worker.hpp"

namespace weir::server {
namespace {

double milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

}  // namespace

/// The request is all here, so that its client cannot draw a probe out, and may be sent again should it fail.
bool Exchange::can_be_sent_again() const {
  const config::Retry& retry = upstream_config().retry;
  if (!http::is_idempotent(head.method) && !retry.non_idempotent) return false;
  if (request_body_->finished()) return !request_progress_.replay_overflow;
  if (retry.attempts == 0 || request_body_->framing().kind != http::BodyKind::length) return false;
  const std::uint64_t left = request_body_->remaining();
  return left <= session_->in().unread().size() && left <= static_cast<std::uint64_t>(retry.buffer_bytes);
}

Task<Result<void>> Exchange::attempt() {
  const UpstreamRuntime& upstream = *upstream_view().runtime;
  if (next_.index != balance::none) {
    pick_ = std::exchange(next_, {});
  } else if (const Place found = pick_endpoint(); found != Place::got) {
    auto waited = co_await wait_for_endpoint(found);
    if (!waited) co_return waited;
  }
  attempt_started_ = worker_.reactor().now();
  if (attempts_.empty()) upstream_view().requests->add(attempt_started_);
  note_pick();
  if (!pick_.ticket.probe && !upstream.candidates[pick_.index].state->usable()) watch_panic(upstream);
  attempts_.emplace_back().endpoint = upstream.endpoints[pick_.index].state->label;

  if (!fresh_connection_only_) connection_ = pool().take(attempt_started_, can_be_sent_again());
  reused_ = connection_ != nullptr;
  phase_ = Phase::connecting;
  judged_ = false;
  fresh_connection_only_ = false;
  Result<void> done;
  if (!reused_) done = co_await connect();
  if (done) {
    phase_ = Phase::exchange;
    ++connection_->requests;
    watch_client(&connection_->stream().channel());
    if (request_body_->finished()) {
      iovec part{request_out_.data(), request_out_.size()};
      handed_over_ = worker_.reactor().now();
      const Duration timeout = std::min<Duration>(timeouts_->send, total_deadline_ - handed_over_);
      const io::IoResult sent = co_await connection_->stream().write_all({&part, 1}, timeout);
      done = request_written(sent);
    } else {
      done = co_await start_upload();
    }
    if (done) done = co_await receive_response_head();
  }
  if (done) {
    head_at_ = worker_.reactor().now();
    note_latency(nullptr);
    // A body may break yet, so the verdict waits for its end; a probe must not, because bodies may be long.
    const std::uint16_t failure = upstream::failure_bit_of_status(response_.status);
    judged_ = pick_.ticket.probe || response_.status == 101 || failure != 0;
    if (failure == 0) settle_blame(true);
    if ((failure & upstream_config().passive_health.failures) != 0) {
      hold_failure(upstream_view(), blame_, {pick_.index, pick_.ticket, response_.status, failure});
      pick_.ticket.probe = false;  // the verdict ends the probe, not the end of this attempt
    } else if (judged_) {
      if (failure != 0) blame_.note_other(failure);
      report_health(nullptr);
    }
  } else {
    co_await finish_upload();
    const Error why = done.error();
    note_latency(&why);
    end_attempt(&why);
  }
  co_return done;
}

Task<io::ConnectResult> Exchange::open_connection(SocketAddress address, TimePoint deadline) {
  io::Connect connecting(worker_.reactor(), address, deadline);
  watch_client(connecting.channel());
  io::ConnectResult connected = co_await connecting;
  watch_client(nullptr);
  co_return connected;
}

Task<Result<void>> Exchange::connect() {
  const UpstreamRuntime& upstream = *upstream_view().runtime;
  const EndpointRuntime& endpoint = upstream.endpoints[pick_.index];
  const TimePoint deadline = std::min(attempt_started_ + timeouts_->connect, total_deadline_);
  io::ConnectResult connected = co_await open_connection(endpoint.state->address, deadline);
  if (connected.no_descriptor && worker_.relieve_descriptors() > 0) {
    connected = co_await open_connection(endpoint.state->address, deadline);
  }
  const auto failure = [&](io::IoStatus status) {
    return connect_error(status, worker_.reactor().now() >= total_deadline_);
  };
  if (connected.status != io::IoStatus::ok) co_return failure(connected.status);
  phase_ = Phase::handshake;
  connection_ =
      std::make_unique<UpstreamConnection>(upstream_view().pools[pick_.index], std::move(connected.stream));
  if (upstream.tls) {
    io::Stream& stream = connection_->stream();
    tls::SslPtr ssl = upstream.tls->new_session(endpoint.host, endpoint.state->address.port);
    if (!ssl) co_return self_error(ErrorKind::internal, "no TLS session");
    stream.start_tls(std::move(ssl), false);
    watch_client(&stream.channel());
    const io::IoResult shaken = co_await stream.handshake(deadline);
    watch_client(nullptr);
    if (!shaken.ok()) {
      worker_.log(Noise::endpoint_tls, config::LogLevel::warn, "upstream {} endpoint {}: TLS: {}",
                  upstream.config->name, endpoint.state->label, stream.tls()->failure_text());
      co_return failure(shaken.status);
    }
  }
  attempts_.back().connect_ms = milliseconds(Clock::now() - attempt_started_);
  co_return Result<void>{};
}

/// The client leaving ends what waits on `channel`; nullptr: nothing any more.
void Exchange::watch_client(io::Channel* channel) {
  watched_ = channel;
  io::Channel& client = session_->stream().channel();
  client.observe(channel != nullptr ? this : nullptr);
  if (channel == nullptr) return;
  if (client.aborted() != io::IoStatus::ok) channel->abort(client.aborted());
  if (client.peer_closed()) channel->abort(io::IoStatus::peer_gone);
}

void Exchange::on_unread_event(io::Channel& client) {
  io::IoStatus why = client.aborted();
  if (why == io::IoStatus::ok && client.peer_closed()) why = io::IoStatus::peer_gone;
  if (why == io::IoStatus::ok) return;
  if (watched_ != nullptr) watched_->abort(why);
  if (wait_ != nullptr) {
    wait_->give_up(why == io::IoStatus::shutdown ? WaitEnd::shutdown : WaitEnd::client_left);
  }
}

/// How the write of a request without a further body ended.
Result<void> Exchange::request_written(const io::IoResult& sent) {
  request_progress_.written_bytes += sent.bytes;
  // An endpoint may answer and close before it has read everything: its answer counts.
  if (!sent.ok() && sent.status != io::IoStatus::reset) return send_failure(sent.status);
  start_response_timeout();
  return {};
}

/// Starts to send a request with its body.
Task<Result<void>> Exchange::start_upload() {
  if (head.expect_continue && session_->in().empty()) {
    const auto invited = co_await invite_body();
    if (!invited) co_return invited;
  }
  upload_done_.emplace(worker_.reactor());
  io::spawn(
      "upload", [this] { return upload(); }, [this](bool well) { upload_ended(well); });
  co_return Result<void>{};
}

/// `Expect: 100-continue`: now the body is wanted (RFC 9110 10.1.1).
Task<Result<void>> Exchange::invite_body() {
  if (continue_sent_) co_return Result<void>{};
  continue_sent_ = true;
  static constexpr std::string_view invitation = "HTTP/1.1 100 Continue\r\n\r\n";
  const relay::PacedWrite sent = co_await session_->write(invitation);
  if (!sent.ok()) co_return client_write_failure(sent.status, sent.too_slow);
  co_return Result<void>{};
}

/// The request is through, or as far through as the endpoint wants it.
void Exchange::start_response_timeout() {
  const TimePoint now = worker_.reactor().now();
  handed_over_ = std::min(handed_over_, now);
  response_deadline_ = now + timeouts_->response;
  if (response_.status == 0) {
    connection_->stream().channel().extend_read_deadline(std::min(response_deadline_, total_deadline_));
  }
}

/// Runs beside the wait for the response: an endpoint may answer before it has the whole request.
Task<> Exchange::upload() {
  const config::ListenerLimits& limits = session_->listener().config.limits;
  relay::RelayOptions options;
  options.read_timeout = limits.body_idle_timeout;
  options.write_timeout = timeouts_->send;
  options.deadline = total_deadline_;
  options.body_bytes_max = limits.body_bytes;
  options.source_min_rate = limits.body_min_rate;
  options.trailers = {&route_->headers.request, request_nominated_};
  if (replays_body()) {
    options.replay = &replay_;
    options.replay_bytes_max = static_cast<std::size_t>(upstream_config().retry.buffer_bytes);
  }
  if (mirror_) options.copy = &mirror_->body();
  upload_end_ =
      co_await relay::relay_body(session_->stream(), session_->in(), *request_body_, connection_->stream(),
                                 request_framing_.kind, request_out_, options, request_progress_);
  if (mirror_ && request_body_->finished() && !upload_end_->error) send_mirror();
}

/// `well`: without an exception.
void Exchange::upload_ended(bool well) {
  if (!well) {
    upload_end_ = relay::RelayEnd{relay::RelayEnd::Side::limit, io::IoStatus::ok, false,
                                  self_error(ErrorKind::internal, "out of memory")};
  }
  if (upload_end_->complete() || upload_end_->side == relay::RelayEnd::Side::target) {
    start_response_timeout();
  } else {
    connection_->stream().channel().abort(
        io::IoStatus::peer_gone);  // the request cannot be completed any more
  }
  upload_done_->set();
}

bool Exchange::upload_running() const {
  return upload_done_ && !upload_done_->is_set();
}

/// Ends an upload that is still running; afterwards nothing refers to the two streams any more.
Task<> Exchange::finish_upload() {
  if (!upload_running()) co_return;
  cancel_upload();
  co_await *upload_done_;
}

/// A running upload ends soon: await `upload_done_`.
void Exchange::cancel_upload() {
  connection_->stream().channel().abort(io::IoStatus::cancelled);
  session_->stream().channel().cancel_read();
}

/// Passes a 1xx on, but for 100, which answers our own expectation, and makes room for the next head.
Task<Result<void>> Exchange::pass_interim_response() {
  if (response_.status != 100 && head.minor_version >= 1) {
    response_out_.clear();
    http::ResponseOptions options;
    options.client_minor_version = head.minor_version;
    http::write_response_head(response_out_, response_, options, worker_.http_date(wall_started_));
    retry_.response_started = true;
    const relay::PacedWrite sent = co_await session_->write(response_out_);
    if (!sent.ok()) co_return client_write_failure(sent.status, sent.too_slow);
  }
  upstream_in_.consume(response_.bytes);
  upstream_in_.compact();
  response_.clear();
  response_scanned_ = 0;
  co_return Result<void>{};
}

/// Reads without waiting.
bool Exchange::read_response(io::IoResult& received) {
  io::Stream& endpoint = connection_->stream();
  if (endpoint.is_quiet()) return false;
  if (!upstream_in_.has_block()) upstream_in_.reserve(BufferPool::small_bytes);
  if (upstream_in_.free_bytes() == 0) upstream_in_.reserve(upstream_in_.capacity() * 2);
  return endpoint.try_read(upstream_in_.free_begin(), upstream_in_.free_bytes(), received);
}

/// Reads heads until a final one is there. Interim ones pass on the way.
Task<Result<void>> Exchange::receive_response_head() {
  static constexpr http::HeadLimits limits{response_head_bytes_max, response_field_count_max, 0};
  io::Stream& endpoint = connection_->stream();
  unsigned interim = 0;
  for (;;) {
    if (!upstream_in_.empty()) {
      auto parsed = http::parse_response_head(upstream_in_.unread(), limits, head.method, upgrade_,
                                              response_scanned_, response_);
      if (!parsed) co_return std::move(parsed).error();
      if (*parsed && (response_.status >= 200 || response_.status == 101)) co_return Result<void>{};
      if (*parsed) {
        if (++interim > interim_responses_max) {
          co_return upstream_error(ErrorKind::response_malformed, "too many interim responses");
        }
        auto passed = co_await pass_interim_response();
        if (!passed) co_return passed;
        continue;
      }
    }
    io::IoResult received;
    if (!read_response(received)) {
      if (upstream_in_.empty()) upstream_in_.drop();  // a slow endpoint holds no buffer
      received = co_await endpoint.readable(std::min(response_deadline_, total_deadline_));
      if (received.ok()) continue;
    }
    if (!received.ok()) co_return read_failure(received.status);
    if (!response_bytes_seen_) {
      response_bytes_seen_ = true;
      auto& record = attempts_.back();  // the loop's time may be older than that of a connection just made
      record.first_byte_ms =
          std::max(record.connect_ms, milliseconds(worker_.reactor().now() - attempt_started_));
    }
    upstream_in_.produced(received.bytes);
  }
}

Error Exchange::send_failure(io::IoStatus status) const {
  if (status == io::IoStatus::timeout && worker_.reactor().now() >= total_deadline_) {
    return upstream_error(ErrorKind::total_timeout, "timeouts.total is over");
  }
  if (status == io::IoStatus::timeout) {
    return upstream_error(ErrorKind::upstream_send_timeout, "the endpoint takes no bytes");
  }
  if (status == io::IoStatus::peer_gone) return client_error(ErrorKind::client_gone, "the client left");
  if (status == io::IoStatus::shutdown) return self_error(ErrorKind::draining, "shutting down");
  return upstream_error(ErrorKind::upstream_reset, "the endpoint closed the connection");
}

/// The client sends its body too slowly, or not at all.
Error Exchange::slow_upload(bool too_slow) {
  if (!too_slow && worker_.reactor().now() >= total_deadline_) {
    return upstream_error(ErrorKind::total_timeout, "timeouts.total is over");
  }
  auto& ended = session_->counters().clients_ended;
  ++(too_slow ? ended.body_min_rate : ended.body_idle_timeout);
  return client_error(ErrorKind::body_timeout, too_slow ? "the request body comes below limits.body_min_rate"
                                                        : "the request body did not come in time");
}

Error Exchange::read_failure(io::IoStatus status) {
  if (upload_end_ && !upload_end_->complete()) {
    const relay::RelayEnd& upload = *upload_end_;
    if (upload.error) return *upload.error;
    if (upload.side == relay::RelayEnd::Side::target) return send_failure(upload.status);
    if (upload.status == io::IoStatus::timeout) return slow_upload(upload.too_slow);
    return client_error(ErrorKind::client_gone, "the client left");
  }
  switch (status) {
    case io::IoStatus::timeout:
      if (worker_.reactor().now() >= total_deadline_) {
        return upstream_error(ErrorKind::total_timeout, "timeouts.total is over");
      }
      return upstream_error(ErrorKind::response_timeout, "no response in time");
    case io::IoStatus::peer_gone:
      return client_error(ErrorKind::client_gone, "the client left");
    case io::IoStatus::shutdown:
      return self_error(ErrorKind::draining, "shutting down");
    case io::IoStatus::tls_failed:
    case io::IoStatus::tls_certificate:
      return upstream_error(ErrorKind::tls_failed, "TLS failed while waiting for the response");
    default:
      return upstream_error(ErrorKind::upstream_reset,
                            "the endpoint closed the connection before a response");
  }
}

}  // namespace weir::server
