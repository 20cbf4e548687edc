#include "server/prober.hpp"

#include <algorithm>
#include <utility>

#include "core/units.hpp"
#include "core/version.hpp"
#include "grpc/health_check.hpp"
#include "health/active.hpp"
#include "http/text.hpp"
#include "server/grpc_fields.hpp"
#include "server/http2_pool.hpp"
#include "upstream/retry.hpp"

namespace weir::server {
namespace {

constexpr const char* malformed_answer = "malformed answer";

CheckOutcome failed(std::string detail) {
  return {CheckResult::failed, std::move(detail), {}};
}
CheckOutcome skipped(std::string detail) {
  return {CheckResult::skipped, std::move(detail), {}};
}

/// A check of TCP asks nothing, but an endpoint may refuse a handshake that does not offer what it speaks.
tls::Protocols offered_by(const CheckTarget& target) {
  using config::UpstreamProtocol;
  if (target.settings.type != config::HealthCheck::Type::tcp) return tls::Protocols::http1;
  if (target.protocol == UpstreamProtocol::h2) return tls::Protocols::http2;
  return target.protocol == UpstreamProtocol::automatic ? tls::Protocols::both : tls::Protocols::http1;
}

}  // namespace

Prober::~Prober() {
  call_.reset();
  if (pool_) pool_->retire();
}

Task<CheckOutcome> Prober::check(std::shared_ptr<const CheckTarget> target) {
  const TimePoint started = Clock::now(), asked = reactor_.now();
  target_ = std::move(target);
  deadline_ = asked + target_->settings.timeout;
  cancelled_ = false;
  prepare_pool();
  Failure failure = co_await try_once(true);
  const bool stale =
      call_.reused() && !call_.response_bytes_seen() && reactor_.now() - asked <= upstream::stale_within;
  const bool says_nothing = failure && failure->result == CheckResult::failed && (stale || unprocessed_);
  if (says_nothing && reactor_.now() < deadline_) failure = co_await try_once(false);
  CheckOutcome outcome = failure ? std::move(*failure) : verdict();
  outcome.took = Clock::now() - started;
  bool keep = answer_is_whole_ && target_->reuse && call_.response().keep_alive;
  if (!failure && !answer_is_whole_ && call_.response().status != 0) keep = co_await discard_body();
  if (!failure && !keep) call_.finish_writing();
  call_.end(keep && !cancelled_, keepalive());
  call_.reset();
  target_.reset();
  co_return outcome;
}

void Prober::prepare_pool() {
  // Whether something listens is no question of what is spoken.
  const bool tcp = target_->settings.type == config::HealthCheck::Type::tcp;
  const auto protocol = tcp ? config::UpstreamProtocol::http1 : target_->protocol;
  if (pool_ && &pool_->endpoint() == target_->endpoint.get() && protocol_ == protocol) return;
  if (pool_) pool_->retire();
  protocol_ = protocol;
  pool_ = std::make_shared<EndpointPool>(std::make_shared<upstream::ConnectionScope>(target_->endpoint),
                                         counters_, EndpointPool::Use::checks);
  pool_->configure({protocol_, {}, keepalive()}, reactor_, call_.buffers());
}

/// `reuse`: by the kept connection, where there is one.
Task<Prober::Failure> Prober::try_once(bool reuse) {
  const config::HealthCheck& settings = target_->settings;
  const bool tcp = settings.type == config::HealthCheck::Type::tcp;
  unprocessed_ = false;
  forget_answer();
  call_.reset();
  call_.begin({pool_.get(), target_->tls.get(), &target_->host, false, offered_by(*target_)},
              {settings.timeout, settings.timeout, settings.timeout, deadline_});
  if (cancelled_) call_.abort(io::IoStatus::cancelled);
  if (!(reuse && !tcp && call_.lease(true))) {
    const CallEnd connected = co_await call_.connect();
    if (connected.error) co_return failed(connected.error->detail);
    if (!connected.ok()) co_return failure_of(connected.status);
  }
  if (tcp) co_return std::nullopt;
  co_return co_await ask();
}

void Prober::cancel() {
  cancelled_ = true;
  call_.abort(io::IoStatus::cancelled);
  disconnect();
}

void Prober::abandon() {
  call_.reset();
  disconnect();
  target_.reset();
}

void Prober::disconnect() {
  if (pool_) pool_->close_idle();
}

/// From one check to the next.
config::Keepalive Prober::keepalive() const {
  config::Keepalive settings;
  settings.max_idle = target_->reuse ? 1 : 0;
  settings.idle_timeout = 2 * target_->settings.interval + target_->settings.timeout;
  return settings;
}

WholeRequest Prober::request() {
  const bool grpc = target_->settings.type == config::HealthCheck::Type::grpc;
  const std::string_view path = grpc ? grpc::health_check_path : std::string_view(target_->settings.path);
  request_.assign(grpc ? "POST " : "GET ").append(path).append(" HTTP/1.1\r\nHost: ");
  request_.append(target_->authority).append("\r\n");
  write_fields(grpc ? std::string_view() : "Accept: */*\r\n");
  if (!grpc) {
    request_ += target_->reuse ? "\r\n" : "Connection: close\r\n\r\n";
    return {request_, {}, {}, http::BodyKind::none};
  }
  request_ += "Content-Type: application/grpc\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n";
  request_ += target_->reuse ? "Connection: TE\r\n\r\n" : "Connection: TE, close\r\n\r\n";
  request_body_ = grpc::health_request(target_->settings.grpc_service);
  return {request_, request_body_, {}, http::BodyKind::chunked};
}

/// Those of the configuration, and Weir's own where it has none of that name.
void Prober::write_fields(std::string_view accept) {
  const auto& headers = target_->settings.headers;
  const auto sets = [&](std::string_view name) {
    return std::ranges::any_of(headers,
                               [&](const auto& header) { return http::iequals(header.first, name); });
  };
  if (!sets("User-Agent"))
    request_.append("User-Agent: weir/").append(version()).append(" (health check)\r\n");
  if (!sets("Accept")) request_ += accept;
  for (const auto& [name, value] : headers) request_.append(name).append(": ").append(value).append("\r\n");
}

Task<Prober::Failure> Prober::ask() {
  const bool grpc = target_->settings.type == config::HealthCheck::Type::grpc;
  const WholeRequest whole = request();
  io::IoResult sent;
  if (!call_.try_send(whole, sent)) {
    const relay::PacedWrite rest = co_await call_.send_rest();
    sent.status = rest.status;
  }
  if (!EndpointCall::may_answer(sent.status)) co_return failure_of(sent.status);
  call_.request_written();
  const http::Method method = grpc ? http::Method::post : http::Method::get;
  const CallEnd end = co_await call_.receive_final_head(method);
  if (end.error) co_return failed(end.error->detail);
  if (!end.ok()) co_return failure_of(end.status);
  if (grpc && call_.response().status == 200) co_return co_await read_grpc_answer();
  co_return std::nullopt;
}

void Prober::forget_answer() {
  answer_.clear();
  answer_status_.reset();
  answer_is_whole_ = false;
}

/// To its end: the status is in its trailers. What the head says is gone when the body is read.
Task<Prober::Failure> Prober::read_grpc_answer() {
  answer_status_ = grpc_status_in(call_.response().fields);
  relay::BodySource& body = call_.begin_body(BufferPool::small_bytes);
  relay::BodyBatch batch;
  for (;;) {
    batch.begin({});
    if (const auto taken = body.take(batch); !taken) co_return failed(taken.error().detail);
    if (auto failure = add_to_answer(batch)) co_return failure;
    if (batch.ended()) break;
    if (body.has_more()) continue;
    io::IoResult received;
    if (!body.try_read(received)) received = co_await body.wait(deadline_);
    if (received.status == io::IoStatus::eof) {
      const auto ended = body.end_of_stream();
      if (!ended) co_return failed(ended.error().detail);
      break;
    }
    if (!received.ok()) co_return failure_of(received.status);
  }
  if (const auto status = grpc_status_in(body.trailers()))
    answer_status_ = status;  // they have the last word
  answer_is_whole_ = true;
  co_return std::nullopt;
}

Prober::Failure Prober::add_to_answer(const relay::BodyBatch& batch) {
  if (answer_.size() + batch.data_bytes() > grpc::health_response_bytes_max) return failed(malformed_answer);
  for (const iovec& run : batch.runs()) answer_.append(static_cast<const char*>(run.iov_base), run.iov_len);
  return std::nullopt;
}

/// Whether the connection can take the next check. The verdict stands whatever the body does.
Task<bool> Prober::discard_body() {
  if (!target_->reuse || !call_.response().keep_alive) co_return false;
  const EndpointCall::DiscardBounds bounds{body_bytes_max, deadline_, target_->settings.timeout};
  const CallEnd end = co_await call_.discard_body(bounds);
  co_return end.ok() && call_.is_whole();
}

CheckOutcome Prober::verdict() const {
  if (target_->settings.type == config::HealthCheck::Type::tcp) {
    return {CheckResult::passed, target_->tls ? "TLS handshake done" : "connected", {}};
  }
  if (target_->settings.type == config::HealthCheck::Type::grpc) return grpc_verdict();
  const bool expected = health::is_expected(target_->settings.expect, call_.response().status);
  return {expected ? CheckResult::passed : CheckResult::failed,
          "status " + std::to_string(call_.response().status),
          {}};
}

CheckOutcome Prober::grpc_verdict() const {
  if (call_.response().status != 200) return failed("status " + std::to_string(call_.response().status));
  if (!answer_status_) return failed("no grpc-status");
  const grpc::Status status = *answer_status_;
  if (status == grpc::Status::unimplemented) return failed("grpc.health.v1 is not implemented");
  if (status == grpc::Status::not_found) return failed("the service is unknown");
  if (status != grpc::Status::ok) {
    return failed("grpc-status " + std::string(grpc::number_text(status)) + " (" +
                  std::string(grpc::to_string(status)) + ')');
  }
  const grpc::Health health = grpc::read_health_response(answer_);
  if (health == grpc::Health::malformed) return failed(malformed_answer);
  if (health == grpc::Health::service_unknown) return failed("the service is unknown");
  const CheckResult result = health == grpc::Health::serving ? CheckResult::passed : CheckResult::failed;
  return {result, std::string(grpc::to_string(health)), {}};
}

CheckOutcome Prober::failure_of(io::IoStatus status) {
  using Phase = EndpointCall::Phase;
  const Phase phase = call_.phase();
  unprocessed_ = status == io::IoStatus::unprocessed;
  if (cancelled_) return skipped("taken back");
  switch (status) {
    case io::IoStatus::exhausted:
      return skipped("out of descriptors, ports or memory");
    case io::IoStatus::refused:
      return failed("connection refused");
    case io::IoStatus::unreachable:
      return failed("no connection");
    case io::IoStatus::timeout: {
      const std::string time = format_duration(target_->settings.timeout);
      if (phase == Phase::connecting) return failed("no connection in " + time);
      return failed((phase == Phase::handshake ? "no TLS handshake in " : "no answer in ") + time);
    }
    case io::IoStatus::tls_failed:
    case io::IoStatus::tls_certificate:
      return failed("TLS: " + call_.tls_failure());
    case io::IoStatus::unprocessed:
      return failed("the endpoint did not take the request");
    default:
      break;
  }
  if (phase == Phase::connecting) return failed("connection reset");
  if (call_.response().status != 0) return failed("closed before the end of the answer");
  return failed(phase == Phase::handshake ? "closed during the TLS handshake"
                                          : "closed before the end of a response head");
}

}  // namespace weir::server
