#include "server/prober.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "core/units.hpp"
#include "core/version.hpp"
#include "health/active.hpp"
#include "http/text.hpp"
#include "upstream/retry.hpp"

namespace weir::server {
namespace {

CheckOutcome failed(std::string detail) {
  return {CheckResult::failed, std::move(detail), {}};
}
CheckOutcome skipped(std::string detail) {
  return {CheckResult::skipped, std::move(detail), {}};
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
  const bool stale = failure && failure->result == CheckResult::failed && call_.reused() &&
                     !call_.response_bytes_seen() && reactor_.now() - asked <= upstream::stale_within &&
                     reactor_.now() < deadline_;
  if (stale) failure = co_await try_once(false);
  CheckOutcome outcome = failure ? std::move(*failure) : verdict();
  outcome.took = Clock::now() - started;
  bool keep = false;
  if (!failure && call_.response().status != 0) keep = co_await discard_body();
  if (!failure && !keep) call_.finish_writing();
  call_.end(keep && !cancelled_, keepalive());
  call_.reset();
  target_.reset();
  co_return outcome;
}

void Prober::prepare_pool() {
  if (pool_ && &pool_->endpoint() == target_->endpoint.get()) return;
  disconnect();
  pool_ = std::make_shared<EndpointPool>(std::make_shared<upstream::ConnectionScope>(target_->endpoint),
                                         counters_, EndpointPool::Use::checks);
}

/// `reuse`: by the kept connection, where there is one.
Task<Prober::Failure> Prober::try_once(bool reuse) {
  const config::HealthCheck& settings = target_->settings;
  const bool http = settings.type == config::HealthCheck::Type::http;
  call_.reset();
  call_.begin({pool_.get(), target_->tls.get(), &target_->host},
              {settings.timeout, settings.timeout, settings.timeout, deadline_});
  if (cancelled_) call_.abort(io::IoStatus::cancelled);
  if (!(reuse && http && call_.lease(true))) {
    const io::IoStatus status = co_await call_.connect();
    if (status != io::IoStatus::ok) co_return failure_of(status);
  }
  if (!http) co_return std::nullopt;
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

void Prober::write_request() {
  request_.assign("GET ").append(target_->settings.path).append(" HTTP/1.1\r\nHost: ");
  request_.append(target_->authority).append("\r\n");
  const auto& headers = target_->settings.headers;
  const auto sets = [&](std::string_view name) {
    return std::ranges::any_of(headers,
                               [&](const auto& header) { return http::iequals(header.first, name); });
  };
  if (!sets("User-Agent"))
    request_.append("User-Agent: weir/").append(version()).append(" (health check)\r\n");
  if (!sets("Accept")) request_ += "Accept: */*\r\n";
  for (const auto& [name, value] : headers) request_.append(name).append(": ").append(value).append("\r\n");
  if (!target_->reuse) request_ += "Connection: close\r\n";
  request_ += "\r\n";
}

Task<Prober::Failure> Prober::ask() {
  write_request();
  iovec part{request_.data(), request_.size()};
  const std::span<iovec> parts(&part, 1);
  const io::IoResult sent = co_await call_.send(parts);
  if (!EndpointCall::may_answer(sent.status)) co_return failure_of(sent.status);
  call_.request_written();
  const CallEnd end = co_await call_.receive_final_head(http::Method::get);
  if (end.error) co_return failed(end.error->detail);
  if (!end.ok()) co_return failure_of(end.status);
  co_return std::nullopt;
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
  const bool expected = health::is_expected(target_->settings.expect, call_.response().status);
  return {expected ? CheckResult::passed : CheckResult::failed,
          "status " + std::to_string(call_.response().status),
          {}};
}

CheckOutcome Prober::failure_of(io::IoStatus status) const {
  using Phase = EndpointCall::Phase;
  const Phase phase = call_.phase();
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
    default:
      break;
  }
  if (phase == Phase::connecting) return failed("connection reset");
  return failed(phase == Phase::handshake ? "closed during the TLS handshake"
                                          : "closed before the end of a response head");
}

}  // namespace weir::server
