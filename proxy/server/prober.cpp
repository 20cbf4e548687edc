#include "server/prober.hpp"

#include <algorithm>
#include <utility>

#include "core/units.hpp"
#include "core/version.hpp"
#include "health/active.hpp"
#include "http/body.hpp"
#include "http/parse.hpp"
#include "http/text.hpp"
#include "io/connect.hpp"
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

Task<CheckOutcome> Prober::check(std::shared_ptr<const CheckTarget> target) {
  const TimePoint started = Clock::now(), asked = reactor_.now();
  target_ = std::move(target);
  deadline_ = reactor_.now() + target_->settings.timeout;
  cancelled_ = false;
  const bool http = target_->settings.type == config::HealthCheck::Type::http;
  if (stream_ && !(http && stream_->is_silent())) stream_.reset();
  bool reused = stream_ != nullptr;
  Failure failure;
  for (;;) {
    answered_ = false;
    failure.reset();
    if (!stream_) failure = co_await connect();
    if (failure || !http) break;
    failure = co_await ask();
    const bool stale = failure && reused && !answered_ && failure->result == CheckResult::failed &&
                       reactor_.now() - asked <= upstream::stale_within && reactor_.now() < deadline_;
    if (!stale) break;
    stream_.reset();
    reused = false;
  }
  CheckOutcome outcome = failure ? std::move(*failure) : verdict();
  outcome.took = Clock::now() - started;
  bool keep = false;
  if (!failure && http) keep = co_await discard_body();
  if (!keep && stream_) {
    if (!failure) stream_->finish_writing();
    stream_.reset();
  }
  in_.drop();
  target_.reset();
  co_return outcome;
}

void Prober::cancel() {
  cancelled_ = true;
  if (connecting_ != nullptr) connecting_->abort(io::IoStatus::cancelled);
  if (stream_) stream_->channel().abort(io::IoStatus::cancelled);
}

void Prober::abandon() {
  connecting_ = nullptr;
  stream_.reset();
  in_.drop();
  target_.reset();
}

Task<Prober::Failure> Prober::connect() {
  io::Connect connecting(reactor_, target_->endpoint->address, deadline_);
  connecting_ = connecting.channel();
  io::ConnectResult connected = co_await connecting;
  connecting_ = nullptr;
  if (connected.status != io::IoStatus::ok) co_return failure_of(connected.status, Phase::connecting);
  stream_ = std::move(connected.stream);
  if (!target_->tls) co_return std::nullopt;
  tls::SslPtr ssl = target_->tls->new_session(target_->host, target_->endpoint->address.port);
  if (!ssl) co_return skipped("no TLS session");
  stream_->start_tls(std::move(ssl), false);
  const io::IoResult shaken = co_await stream_->handshake(deadline_);
  if (!shaken.ok()) co_return failure_of(shaken.status, Phase::handshake);
  co_return std::nullopt;
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
  const Duration left = deadline_ - reactor_.now();
  const io::IoResult sent = co_await stream_->write_all({&part, 1}, left);
  // Whoever closes early may have answered before.
  if (!sent.ok() && sent.status != io::IoStatus::reset) co_return failure_of(sent.status, Phase::answer);
  co_return co_await receive_head();
}

/// The head of the final response.
Task<Prober::Failure> Prober::receive_head() {
  static constexpr http::HeadLimits limits{head_bytes_max, field_count_max, 0};
  std::size_t scanned = 0;
  unsigned interim = 0;
  head_.clear();
  in_.drop();
  for (;;) {
    if (!in_.empty()) {
      const auto parsed =
          http::parse_response_head(in_.unread(), limits, http::Method::get, false, scanned, head_);
      if (!parsed) co_return failed(parsed.error().detail);
      if (*parsed && head_.status >= 200) co_return std::nullopt;
      if (*parsed) {
        if (++interim > interim_responses_max) co_return failed("too many interim responses");
        in_.consume(head_.bytes);
        in_.compact();
        head_.clear();
        scanned = 0;
        continue;
      }
    }
    if (!in_.has_block()) in_.reserve(BufferPool::small_bytes);
    if (in_.free_bytes() == 0) in_.reserve(in_.capacity() * 2);
    const io::IoResult got = co_await stream_->read_some(in_.free_begin(), in_.free_bytes(), deadline_);
    if (!got.ok()) co_return failure_of(got.status, Phase::answer);
    answered_ = true;
    in_.produced(got.bytes);
  }
}

/// Whether the connection can take the next check. The verdict stands whatever the body does.
Task<bool> Prober::discard_body() {
  if (!target_->reuse || !head_.keep_alive) co_return false;
  http::BodyDecoder decoder(head_.body, Origin::upstream);
  in_.consume(head_.bytes);
  std::size_t discarded = 0;
  while (!decoder.finished()) {
    if (in_.empty()) {
      in_.compact();
      const io::IoResult got = co_await stream_->read_some(in_.free_begin(), in_.free_bytes(), deadline_);
      if (!got.ok()) co_return false;
      in_.produced(got.bytes);
    }
    const auto step = decoder.decode(in_.unread());
    if (!step || step->consumed == 0) co_return false;
    in_.consume(step->consumed);
    discarded += step->consumed;
    if (discarded > body_bytes_max) co_return false;
  }
  co_return in_.empty() && !cancelled_;
}

CheckOutcome Prober::verdict() const {
  if (target_->settings.type == config::HealthCheck::Type::tcp) {
    return {CheckResult::passed, target_->tls ? "TLS handshake done" : "connected", {}};
  }
  const bool expected = health::is_expected(target_->settings.expect, head_.status);
  return {expected ? CheckResult::passed : CheckResult::failed, "status " + std::to_string(head_.status), {}};
}

CheckOutcome Prober::failure_of(io::IoStatus status, Phase phase) const {
  if (cancelled_) return skipped("taken back");
  switch (status) {
    case io::IoStatus::exhausted:
      return skipped("out of descriptors or ports");
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
      return failed("TLS: " + stream_->tls()->failure_text());
    default:
      break;
  }
  if (phase == Phase::connecting) return failed("connection reset");
  return failed(phase == Phase::handshake ? "closed during the TLS handshake"
                                          : "closed before the end of a response head");
}

}  // namespace weir::server
