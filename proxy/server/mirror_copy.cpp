#include "server/mirror_copy.hpp"

#include <utility>

#include "core/kept_text.hpp"
#include "grpc/reset.hpp"
#include "http/trailers.hpp"
#include "http1/copied_head.hpp"
#include "server/call_error.hpp"
#include "server/grpc_fields.hpp"
#include "server/health_report.hpp"
#include "server/latency_report.hpp"
#include "server/worker.hpp"
#include "upstream/retry.hpp"

namespace weir::server {

MirrorCopy::MirrorCopy(Worker& worker)
    : worker_(worker),
      body_([](void* copy) { static_cast<MirrorCopy*>(copy)->place_.give_back(); }, this),
      call_(worker.reactor(), worker.buffers()) {}

MirrorCopy::~MirrorCopy() {
  reset();
}

void MirrorCopy::begin(GenerationPtr generation, const RouteRuntime& route, route::InFlightPlace place,
                       const Original& original) {
  generation_ = std::move(generation);
  route_ = &route;
  mirror_ = route.mirror.get();
  place_ = std::move(place);
  original_ = original;
  body_.begin(static_cast<std::size_t>(mirror_->config->body_bytes));
}

void MirrorCopy::compose(std::string_view head, http::BodyKind kind, std::string_view trailers,
                         std::string_view nominated) {
  const http1::CopyRules rules{mirror_->config->credentials == config::MirrorCredentials::keep,
                               view().runtime->config->protocol != config::UpstreamProtocol::http1};
  http1::append_copied_head(head_, head, rules, route_->config->name);
  // Tries of the original at its own endpoints are none of the copy's.
  if (original_.grpc_attempts && !route_->headers.request.names(previous_attempts_field)) {
    write_previous_attempts(head_, *original_.grpc_attempts);
  }
  kind_ = kind;
  trailers_ = http::forwardable_trailers(trailers, {&route_->headers.request, nominated});
}

void MirrorCopy::reset() {
  release();
  place_.give_back();
  call_.reset();
  empty_text(head_);
  empty_text(trailers_);
  kind_ = http::BodyKind::none;
  body_.begin(0);
  route_ = nullptr;
  mirror_ = nullptr;
  aborted_ = false;
  grpc_status_.reset();
  generation_.reset();
}

void MirrorCopy::count(route::MirrorOutcome outcome) {
  auto& counters = worker_.metrics().mirrored(route_->name, view().runtime->name);
  ++counters.by_outcome[static_cast<std::size_t>(outcome)];
}

void MirrorCopy::abort() {
  aborted_ = true;
  call_.abort(io::IoStatus::shutdown);
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
  if (original_.grpc) {
    worker_.metrics().mirrored(route_->name, view().runtime->name).grpc.add(grpc_status(done));
  }
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
  request.now = worker_.reactor().now();
  request.random = worker_.rng()();
  request.key = original_.key;
  if (upstream.queue->waiting() == 0) {
    pick_ = upstream.acquire(request);
    if (pick_.index != balance::none) return {};
    if (!pick_.full) return upstream_error(ErrorKind::no_endpoint, "no endpoint to send to");
  }
  return self_error(ErrorKind::endpoint_busy, "every endpoint has as many requests as it may have at once");
}

/// As an attempt of an exchange, but that no client waits for it.
Task<Result<void>> MirrorCopy::exchange() {
  if (aborted_) co_return self_error(ErrorKind::draining, "shutting down");
  total_deadline_ = worker_.reactor().now() + mirror_->timeouts.total;
  auto chosen = choose_endpoint();
  if (!chosen) co_return chosen;
  const UpstreamRuntime& upstream = *view().runtime;
  const CallTarget target{view().pools[pick_.index].get(), upstream.tls.get(),
                          &upstream.endpoints[pick_.index].host};
  const CallBounds bounds{mirror_->timeouts.connect, mirror_->timeouts.send, mirror_->timeouts.response,
                          total_deadline_};
  call_.begin(target, bounds);
  if (!call_.lease(true)) {  // a copy that is lost is no loss
    CallEnd connected = co_await call_.connect();
    if (connected.error) co_return *std::move(connected.error);
    if (!connected.ok()) co_return connect_error(connected.status, total_is_over());
  }
  auto sent = co_await send_request();
  if (!sent) co_return sent;
  CallEnd received = co_await call_.receive_final_head(original_.method);
  if (received.error) co_return *std::move(received.error);
  if (!received.ok()) co_return receive_error(received.status, total_is_over());
  note_grpc_status(grpc_status_in(call_.response().fields));
  report_latency(upstream, pick_.index, call_.started(), worker_.reactor().now(), nullptr, call_.response(),
                 grpc_status_);
  co_return co_await discard_body();
}

Task<Result<void>> MirrorCopy::send_request() {
  io::IoResult sent;
  const WholeRequest whole = request();
  if (!call_.try_send(whole, sent)) {
    const relay::PacedWrite rest = co_await call_.send_rest();
    sent.status = rest.status;
  }
  if (!EndpointCall::may_answer(sent.status)) co_return send_error(sent.status, total_is_over());
  call_.request_written();
  co_return Result<void>{};
}

/// Reads the body to its end so that the connection can be kept. Past the bounds it is no longer worth it.
Task<Result<void>> MirrorCopy::discard_body() {
  const EndpointCall::DiscardBounds bounds{discard_bytes_max, worker_.reactor().now() + discard_time_max,
                                           mirror_->timeouts.idle};
  CallEnd end = co_await call_.discard_body(bounds);
  if (end.error) co_return *std::move(end.error);
  if (end.status == io::IoStatus::shutdown) co_return receive_error(end.status, false);
  if (!end.ok()) co_return upstream_error(ErrorKind::response_incomplete, "the response ended early");
  if (call_.is_whole()) note_grpc_status(grpc_status_in(call_.dropped_trailers()));
  co_return Result<void>{};
}

bool MirrorCopy::total_is_over() const {
  return worker_.reactor().now() >= total_deadline_;
}

/// Of a head, or of the trailers behind it.
void MirrorCopy::note_grpc_status(std::optional<grpc::Status> status) {
  if (original_.grpc && status) grpc_status_ = status;
}

/// What a client would have read of it; nothing where the endpoint said none.
std::optional<grpc::Status> MirrorCopy::grpc_status(const Result<void>& done) const {
  if (done) return grpc_status_;
  if (const auto code = call_.reset_code()) return grpc::status_of_reset(*code);
  return grpc::status_of_error(done.error().kind);
}

/// A copy counts for its endpoint's health as any request does. A kept connection that had died meanwhile says nothing
/// about the endpoint, and neither does one that was not looked at; a request would be sent again, a copy is not.
void MirrorCopy::report(const Result<void>& done) {
  const TimePoint now = worker_.reactor().now();
  if (done) {
    const int status = call_.response().status;
    return report_health(view(), pick_, now, nullptr, cause_of_response(status, grpc_status_),
                         upstream::failure_bit_of_response(status, grpc_status_));
  }
  const Error why = done.error();
  upstream::TryOutcome outcome;
  outcome.kind = why.kind;
  outcome.reused_connection = call_.reused();
  outcome.response_bytes_seen = call_.response_bytes_seen();
  outcome.lasted = now - call_.started();
  if (upstream::was_stale(outcome) || upstream::was_unprocessed(outcome)) return;
  // As of a request: the endpoint has ended this call, and the others are well.
  const bool cancelled = original_.grpc && grpc_status(done) == grpc::Status::cancelled;
  if (!cancelled) report_latency(*view().runtime, pick_.index, call_.started(), now, &why, call_.response());
  std::uint16_t failure = upstream::failure_bit_of_try(outcome);
  if (cancelled || (failure != 0 && !call_.counts_failure())) failure = 0;
  report_health(view(), pick_, now, &why, {}, failure);
}

/// The endpoint is through with it, well or badly.
void MirrorCopy::release() {
  if (pick_.index == balance::none) return;
  call_.end(call_.is_whole() && call_.response().keep_alive, view().runtime->config->keepalive);
  upstream::EndpointState& endpoint = *view().runtime->endpoints[pick_.index].state;
  endpoint.health.abandon_probe(worker_.reactor().now(), pick_.ticket);  // if nothing was reported
  view().runtime->release(pick_.index);
  pick_ = {};
}

}  // namespace weir::server
