#include "server/exchange_attempt.hpp"

#include <algorithm>
#include <utility>

#include "server/call_error.hpp"
#include "server/exchange_request.hpp"
#include "server/health_events.hpp"
#include "server/worker.hpp"

namespace weir::server {
namespace {

double milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

}  // namespace

Attempt::Attempt(ExchangeContext& context, OutgoingRequest& request, GrpcSteps& grpc_steps,
                 ClientResponse& response, Mirroring& mirror, EndpointChoice& choice)
    : context_(context),
      decided_(context.decided),
      outcome_(context.outcome),
      request_(request),
      grpc_steps_(grpc_steps),
      response_(response),
      choice_(choice),
      call_(context.worker.reactor(), context.worker.buffers()),
      upload_(context, request, call_, grpc_steps, response, mirror),
      report_(context, request, call_, choice) {}

void Attempt::reset() {
  if (watching_) unwatch_client();
  report_.settle_pending(false);  // a request that never came to its end: a probe must not stay without one
  report_.begin();
  call_.reset();
}

void Attempt::begin_next() {
  report_.begin();
  request_.end_try();
  request_.progress.body_bytes = request_.replay.size();  // goes out again, before the rest
  call_.reset();
}

Task<Result<void>> Attempt::run(bool kept_too) {
  if (const Place found = choice_.take(); found != Place::got) {
    auto waited = co_await choice_.wait(found);
    if (!waited) co_return waited;
  }
  begin_call();
  watch_client();
  const bool leased = call_.lease(can_be_sent_again(context_, request_), kept_too);
  Result<void> done;
  if (!leased) done = co_await connect();
  if (done) {
    grpc_steps_.write_timeout();
    if (context_.client->body().finished()) {
      io::IoResult sent;
      if (!upload_.try_send(sent)) {
        const relay::PacedWrite rest = co_await call_.send_rest();
        sent.bytes += rest.bytes;
        sent.status = rest.status;
      }
      done = upload_.written(sent);
    } else {
      done = co_await upload_.start();
    }
    if (done) {
      CallEnd end = co_await call_.receive_head(context_.head.method, request_.upgrade);
      done = head_received(std::move(end));
      if (done && !call_.head_is_final()) done = co_await pass_interim_responses();
    }
  }
  if (done) {
    report_.judge_head();
  } else {
    co_await upload_.finish();
    const Error why = grpc_steps_.with_origin(done.error());
    report_.note_latency(&why);
    end(&why);
  }
  co_return done;
}

void Attempt::begin_call() {
  CallBounds bounds;
  bounds.connect = decided_.timeouts->connect;
  bounds.send = decided_.timeouts->send;
  bounds.response = grpc_steps_.patience(decided_.timeouts->response);
  bounds.deadline = context_.deadline;
  call_.begin(target(), bounds);
  if (outcome_.attempts.empty()) context_.view().requests->add(call_.started());
  choice_.note_pick();
  const UpstreamRuntime& upstream = *context_.view().runtime;
  const balance::Pick& pick = choice_.pick();
  if (!pick.ticket.probe && !upstream.candidates[pick.index].state->usable()) watch_panic(upstream);
  outcome_.attempts.emplace_back().endpoint = upstream.endpoints[pick.index].state->label;
}

CallTarget Attempt::target() const {
  const UpstreamRuntime& upstream = *context_.view().runtime;
  const std::size_t index = choice_.pick().index;
  return {context_.view().pools[index].get(),
          upstream.tls.get(),
          &upstream.endpoints[index].host,
          request_.upgrade,
          tls::Protocols::http1,
          context_.client};
}

Task<Result<void>> Attempt::connect() {
  CallEnd end = co_await call_.connect();
  if (call_.lacks_descriptor() && context_.worker.relieve_descriptors() > 0) end = co_await call_.connect();
  if (end.ok()) {
    outcome_.attempts.back().connect_ms = milliseconds(Clock::now() - call_.started());
    co_return Result<void>{};
  }
  Error why = end.error ? *std::move(end.error) : connect_error(end.status, context_.total_is_over());
  if (why.kind == ErrorKind::endpoint_busy) ++context_.view().counters->refused_endpoint_busy;
  if (call_.phase() == EndpointCall::Phase::handshake && why.origin == Origin::upstream) {
    const std::string tls = call_.tls_failure();
    context_.worker.log(Noise::endpoint_tls, config::LogLevel::warn, "upstream {} endpoint {}: TLS: {}",
                        context_.upstream().name, outcome_.attempts.back().endpoint,
                        tls.empty() ? why.detail : tls);
  }
  co_return why;
}

/// A head of the response is there, or `end` says why not.
Result<void> Attempt::head_received(CallEnd end) {
  if (call_.response_bytes_seen()) {
    // The loop's time may be older than that of a connection just made.
    auto& record = outcome_.attempts.back();
    record.first_byte_ms = std::max(record.connect_ms, milliseconds(call_.first_byte_at() - call_.started()));
  }
  if (end.error) return *std::move(end.error);
  if (end.ok()) return {};
  if (auto failure = upload_.failure()) return *std::move(failure);
  return receive_error(end.status, context_.total_is_over());
}

/// The head that was received is an interim one: passes it and those behind it on, up to the final one.
Task<Result<void>> Attempt::pass_interim_responses() {
  Result<void> done;
  do {
    if (response().status != 100) {  // which answers our own expectation
      done = co_await response_.pass_interim(response());
      if (!done) break;
    }
    call_.drop_head();
    CallEnd end = co_await call_.receive_head(context_.head.method, request_.upgrade);
    done = head_received(std::move(end));
  } while (done && !call_.head_is_final());
  co_return done;
}

void Attempt::end(const Error* error) {
  if (choice_.pick().index == balance::none) return;
  auto& record = outcome_.attempts.back();
  record.status = response().status;
  if (call_.phase() != EndpointCall::Phase::exchange) {
    record.connect_ms = milliseconds(Clock::now() - call_.started());
  }
  if (error == nullptr) {
    record.outcome = "retried";
  } else {
    const bool stale = report_.failed(*error);
    record.outcome = stale ? std::string_view("stale_connection") : facts(error->kind).name;
    log_broken_connection();
  }
  if (context_.rollout.runtime != nullptr) note_try(context_.rollout, report_.outcome_of(error));
  release(error == nullptr && drain_response());
}

/// An HTTP/2 connection that broke says why.
void Attempt::log_broken_connection() const {
  const std::string_view broken_by = call_.protocol_failure();
  if (broken_by.empty()) return;
  context_.worker.log(Noise::endpoint_http2, config::LogLevel::warn, "upstream {} endpoint {}: HTTP/2: {}",
                      context_.upstream().name, outcome_.attempts.back().endpoint, broken_by);
}

void Attempt::release(bool reusable) {
  unwatch_client();
  call_.end(reusable, context_.upstream().keepalive);
  choice_.release();
}

bool Attempt::drain_response() {
  if (!response().keep_alive || !upload_.is_through()) return false;
  return call_.drop_buffered_body();
}

void Attempt::watch_client() {
  watching_ = true;
  context_.watch_client(*this);
}

void Attempt::unwatch_client() {
  watching_ = false;
  context_.unwatch_client();
}

/// However it left (a reset, a rule that it broke, too slow): the endpoint has no part in it.
void Attempt::on_client_left(io::IoStatus why) {
  if (watching_) call_.abort(why == io::IoStatus::shutdown ? why : io::IoStatus::peer_gone);
}

}  // namespace weir::server
