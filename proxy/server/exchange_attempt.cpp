// One attempt at one endpoint: choose, connect, send, wait for the response head. What the client does
// meanwhile (sending its body, leaving) is handled here too.
#include <algorithm>
#include <utility>

#include "http/trailers.hpp"
#include "io/spawn.hpp"
#include "server/call_error.hpp"
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
  if (client_->body().finished()) return !request_.progress.replay_overflow;
  if (retry.attempts == 0) return false;
  const auto left = client_->buffered_rest();
  return left && *left <= static_cast<std::uint64_t>(retry.buffer_bytes);
}

Task<Result<void>> Exchange::attempt() {
  const UpstreamRuntime& upstream = *upstream_view().runtime;
  if (tries_.next.index != balance::none) {
    attempt_.pick = std::exchange(tries_.next, {});
  } else if (const Place found = pick_endpoint(); found != Place::got) {
    auto waited = co_await wait_for_endpoint(found);
    if (!waited) co_return waited;
  }
  CallBounds bounds;
  bounds.connect = decided_.timeouts->connect;
  bounds.send = decided_.timeouts->send;
  bounds.response = patience(decided_.timeouts->response);
  bounds.deadline = total_deadline_;
  call_.begin(target_of_call(), bounds);
  if (tries_.records.empty()) upstream_view().requests->add(call_.started());
  note_pick();
  if (!attempt_.pick.ticket.probe && !upstream.candidates[attempt_.pick.index].state->usable())
    watch_panic(upstream);
  tries_.records.emplace_back().endpoint = upstream.endpoints[attempt_.pick.index].state->label;

  watch_client(true);
  const bool kept_too = !std::exchange(tries_.new_connection_only, false);
  const bool leased = call_.lease(can_be_sent_again(), kept_too);
  Result<void> done;
  if (!leased) done = co_await connect();
  if (done) {
    write_grpc_timeout();
    if (client_->body().finished()) {
      io::IoResult sent;
      if (!try_send(sent)) {
        const relay::PacedWrite rest = co_await call_.send_rest();
        sent.bytes += rest.bytes;
        sent.status = rest.status;
      }
      done = request_written(sent);
    } else {
      done = co_await start_upload();
    }
    if (done) {
      CallEnd end = co_await call_.receive_head(head.method, request_.upgrade);
      done = head_received(std::move(end));
      if (done && !call_.head_is_final()) done = co_await pass_interim_responses();
    }
  }
  if (done) {
    note_grpc_head();
    note_latency(nullptr);
    // A body may break yet, so the verdict waits for its end; a probe must not, because bodies may be long.
    const std::uint16_t failure = failure_of_response();
    const bool early_verdict = attempt_.pick.ticket.probe && !awaits_grpc_status();
    attempt_.judged = early_verdict || response().status == 101 || failure != 0;
    if (failure == 0) settle_pending(true);
    if ((failure & upstream_config().passive_health.failures) != 0) {
      add_pending(upstream_view(), tries_.pending,
                  {attempt_.pick.index, attempt_.pick.ticket,
                   cause_of_response(response().status, attempt_.grpc_status), failure});
      attempt_.pick.ticket.probe = false;  // the verdict ends the probe, not the end of this attempt
    } else if (attempt_.judged) {
      if (failure != 0) tries_.pending.note_other(failure);
      report_health(nullptr);
    }
  } else {
    co_await finish_upload();
    const Error why = with_origin(done.error());
    note_latency(&why);
    end_attempt(&why);
  }
  co_return done;
}

CallTarget Exchange::target_of_call() const {
  const UpstreamRuntime& upstream = *upstream_view().runtime;
  return {upstream_view().pools[attempt_.pick.index].get(), upstream.tls.get(),
          &upstream.endpoints[attempt_.pick.index].host, request_.upgrade};
}

Task<Result<void>> Exchange::connect() {
  CallEnd end = co_await call_.connect();
  if (call_.lacks_descriptor() && worker_.relieve_descriptors() > 0) end = co_await call_.connect();
  if (end.ok()) {
    tries_.records.back().connect_ms = milliseconds(Clock::now() - call_.started());
    co_return Result<void>{};
  }
  Error why = end.error ? *std::move(end.error) : connect_error(end.status, total_is_over());
  if (why.kind == ErrorKind::endpoint_busy) ++upstream_view().counters->refused_endpoint_busy;
  if (call_.phase() == EndpointCall::Phase::handshake && why.origin == Origin::upstream) {
    const std::string tls = call_.tls_failure();
    worker_.log(Noise::endpoint_tls, config::LogLevel::warn, "upstream {} endpoint {}: TLS: {}",
                upstream_config().name, tries_.records.back().endpoint, tls.empty() ? why.detail : tls);
  }
  co_return why;
}

/// Whether the client leaving ends the call that runs.
void Exchange::watch_client(bool on) {
  watching_ = on;
  client_->watch(on ? this : nullptr);
  if (!on) return;
  if (const io::IoStatus why = client_->has_left(); why != io::IoStatus::ok) on_client_left(why);
}

void Exchange::on_client_left(io::IoStatus why) {
  // However it left (a reset, a rule that it broke, too slow): the endpoint has no part in it.
  if (watching_) call_.abort(why == io::IoStatus::shutdown ? why : io::IoStatus::peer_gone);
  if (wait_ != nullptr) {
    wait_->give_up(why == io::IoStatus::shutdown ? WaitEnd::shutdown : WaitEnd::client_left);
  }
}

/// Starts to send a request of which the client sends nothing more: true when it is done. What of its body an earlier
/// try has consumed goes out again.
bool Exchange::try_send(io::IoResult& sent) {
  if (request_.framing.kind != http::BodyKind::none) {
    request_.trailers = http::forwardable_trailers(client_->body().trailers(),
                                                   {&decided_.route->headers.request, request_.nominated});
  }
  return call_.try_send({request_.bytes, request_.replay, request_.trailers, request_.framing.kind}, sent);
}

/// How the write of a request without a further body ended.
Result<void> Exchange::request_written(const io::IoResult& sent) {
  request_.progress.written_bytes += sent.bytes;
  if (!EndpointCall::may_answer(sent.status)) return send_failure(sent.status);
  call_.request_written();
  return {};
}

/// Starts to send a request with its body.
Task<Result<void>> Exchange::start_upload() {
  if (head.expect_continue && !client_->body().has_more()) {
    const auto invited = co_await invite_body();
    if (!invited) co_return invited;
  }
  request_.upload_done.emplace(worker_.reactor());
  io::spawn(
      "upload", [this] { return upload(); }, [this](bool well) { upload_ended(well); });
  co_return Result<void>{};
}

/// `Expect: 100-continue`: now the body is wanted (RFC 9110 10.1.1).
Task<Result<void>> Exchange::invite_body() {
  if (request_.continue_sent) co_return Result<void>{};
  request_.continue_sent = true;
  http::ResponseHead invitation;
  invitation.status = 100;
  invitation.reason = http::reason_phrase(100);
  answer_.bytes.clear();
  client_->write_head(answer_.bytes, invitation, {}, {});
  co_return co_await write_meanwhile();
}

/// Runs beside the wait for the response: an endpoint may answer before it has the whole request.
Task<> Exchange::upload() {
  const config::ListenerLimits& limits = listener().limits;
  relay::RelayOptions options;
  options.read_timeout = patience(limits.body_idle_timeout);
  options.write_timeout = decided_.timeouts->send;
  options.deadline = total_deadline_;
  options.body_bytes_max = limits.body_bytes;
  options.source_min_rate = limits.body_min_rate;
  options.trailers = {&decided_.route->headers.request, request_.nominated};
  options.resend = request_.replay;
  if (replays_body()) {
    options.replay = &request_.replay;
    options.replay_bytes_max = static_cast<std::size_t>(upstream_config().retry.buffer_bytes);
  }
  if (mirror_) options.copy = &mirror_->body();
  request_.upload_end = co_await relay::relay_body(request_body(), call_.request_sink(request_.framing.kind),
                                                   request_.bytes, options, request_.progress);
  if (mirror_ && client_->body().finished() && !request_.upload_end->error) send_mirror();
}

/// `well`: without an exception.
void Exchange::upload_ended(bool well) {
  if (!well) {
    request_.upload_end = relay::RelayEnd{relay::RelayEnd::Side::limit, io::IoStatus::ok, false,
                                          self_error(ErrorKind::internal, "out of memory")};
  }
  if (request_.upload_end->complete() || request_.upload_end->side == relay::RelayEnd::Side::target) {
    call_.request_written();
  } else {
    call_.abort(why_upload_ended());  // the request cannot be completed any more
  }
  request_.upload_done->set();
}

bool Exchange::upload_running() const {
  return request_.upload_done && !request_.upload_done->is_set();
}

/// Ends an upload that is still running; afterwards nothing refers to the two streams any more.
Task<> Exchange::finish_upload() {
  if (!upload_running()) co_return;
  cancel_upload();
  io::Signal& ended = *request_.upload_done;
  co_await ended;
}

/// A running upload ends soon: await `request_.upload_done`.
void Exchange::cancel_upload() {
  call_.abort(io::IoStatus::cancelled);
  client_->cancel_read();
}

/// A head of the response is there, or `end` says why not.
Result<void> Exchange::head_received(CallEnd end) {
  if (call_.response_bytes_seen()) {
    // The loop's time may be older than that of a connection just made.
    auto& record = tries_.records.back();
    record.first_byte_ms = std::max(record.connect_ms, milliseconds(call_.first_byte_at() - call_.started()));
  }
  if (end.error) return *std::move(end.error);
  if (!end.ok()) return read_failure(end.status);
  return {};
}

/// The head that was received is an interim one: passes it and those behind it on, up to the final one.
Task<Result<void>> Exchange::pass_interim_responses() {
  Result<void> done;
  do {
    done = co_await pass_interim_response();
    if (!done) break;
    CallEnd end = co_await call_.receive_head(head.method, request_.upgrade);
    done = head_received(std::move(end));
  } while (done && !call_.head_is_final());
  co_return done;
}

/// Passes a 1xx on, but for 100, which answers our own expectation, and makes room for the next head.
Task<Result<void>> Exchange::pass_interim_response() {
  if (response().status != 100 && head.minor_version >= 1) {
    answer_.bytes.clear();
    http::ResponseOptions options;
    options.client_minor_version = head.minor_version;
    client_->write_head(answer_.bytes, response(), options, worker_.http_date(wall_started_));
    tries_.retry.response_started = true;
    auto sent = co_await write_meanwhile();
    if (!sent) co_return sent;
  }
  call_.drop_head();
  co_return Result<void>{};
}

/// A head in `answer_` for the client while the request is under way. What is cut cannot be followed by an answer.
Task<Result<void>> Exchange::write_meanwhile() {
  relay::BodyBatch batch;
  batch.begin(answer_.bytes);
  const relay::WriteBounds bounds{listener().limits.send_timeout, total_deadline_};
  const relay::PacedWrite sent =
      co_await relay::write_batch(client_->sink(http::BodyKind::none), batch, bounds);
  if (sent.ok()) co_return Result<void>{};
  if (sent.status == io::IoStatus::timeout && !sent.too_slow && total_is_over()) {
    co_return client_error(ErrorKind::client_stalled, "timeouts.total is over, and the client is slow");
  }
  co_return client_write_failure(sent.status, sent.too_slow);
}

bool Exchange::total_is_over() const {
  return worker_.reactor().now() >= total_deadline_;
}

Error Exchange::send_failure(io::IoStatus status) const {
  return send_error(status, total_is_over());
}

/// The client sends its body too slowly, or not at all.
Error Exchange::slow_upload(bool too_slow) {
  if (!too_slow && total_is_over()) {
    return upstream_error(ErrorKind::total_timeout, "timeouts.total is over");
  }
  auto& ended = session().counters().clients_ended;
  ++(too_slow ? ended.body_min_rate : ended.body_idle_timeout);
  return client_error(ErrorKind::body_timeout, too_slow ? "the request body comes below limits.body_min_rate"
                                                        : "the request body did not come in time");
}

Error Exchange::read_failure(io::IoStatus status) {
  if (request_.upload_end && !request_.upload_end->complete()) {
    const relay::RelayEnd& upload = *request_.upload_end;
    if (upload.error) return *upload.error;
    if (upload.side == relay::RelayEnd::Side::target) return send_failure(upload.status);
    if (upload.status == io::IoStatus::timeout) return slow_upload(upload.too_slow);
    return client_error(ErrorKind::client_gone, "the client left");
  }
  return receive_error(status, total_is_over());
}

}  // namespace weir::server
