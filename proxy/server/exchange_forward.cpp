// One endpoint after the other until one answers. What may be tried again is decided by upstream/retry.hpp.
#include <algorithm>

#include "balance/candidates.hpp"
#include "http/text.hpp"
#include "route/table.hpp"
#include "server/exchange.hpp"
#include "server/session.hpp"
#include "server/worker.hpp"

namespace weir::server {
/// What goes to whichever endpoint is chosen: composed once.
void Exchange::prepare_request() {
  const auto& match = route_->config->match;
  const bool server_wide = head.form == http::TargetForm::asterisk;
  if (server_wide) {
    target_ = "*";
  } else {
    if (proxy_->rewrite_path) {
      route::rewrite_path(match.path, path_, *proxy_->rewrite_path, target_);
    } else {
      target_ += head.path.empty() ? std::string_view("/") : head.path;
    }
    if (head.has_query) {
      target_ += '?';
      target_ += head.query;
    }
  }
  upgrade_ = proxy_->websocket && http::iequals(head.upgrade, "websocket");
  request_framing_ = head.body;
  request_body_.emplace(head.body, Origin::client);
  http::Forwarding forwarding;
  char client_ip[46];
  forwarding.client_ip = {client_ip, forwarded_.client_ip.write(client_ip)};
  forwarding.forwarded_for = forwarded_.forwarded_for;
  forwarding.proto = forwarded_.proto;
  forwarding.host =
      forwarded_.host.empty() ? std::string_view(session_->listener().authority) : forwarded_.host;
  forwarding.port = forwarded_.port;
  forwarding.request_id = request_id_;
  forwarding.traceparent = traceparent_;
  forwarding.keep_tracestate = traceparent_kept_;
  http::write_request_head(request_out_, head, target_, request_framing_, forwarding, route_->headers.request,
                           upgrade_);
  request_head_bytes_ = request_out_.size();
}

Task<Result<void>> Exchange::forward() {
  prepare_request();
  if (route_->mirror) plan_mirror();
  const auto& retry = upstream_config().retry;
  total_deadline_ = worker_.reactor().now() + timeouts_->total;
  retry_.method = head.method;
  for (;;) {
    auto tried = co_await attempt();
    upstream::TryOutcome outcome;
    outcome.request_bytes_sent = request_progress_.written_bytes > 0;
    outcome.reused_connection = reused_;
    outcome.response_bytes_seen = response_bytes_seen_;
    if (tried) {
      outcome.status = upstream::failure_bit_of_status(response_.status) != 0 ? response_.status : 0;
      if (outcome.status == 0) {
        count_retries(true);
        co_return tried;
      }
    } else {
      outcome.kind = tried.error().kind;
    }
    retry_.body_replayable =
        !request_progress_.replay_overflow && (replays_body() || request_progress_.body_bytes == 0);
    const auto decision = upstream::decide_retry(retry, outcome, retry_);
    const bool nowhere_else = decision == upstream::RetryDecision::other_endpoint && !another_endpoint();
    if (decision == upstream::RetryDecision::give_up || nowhere_else || (tried && upload_running())) {
      count_retries(static_cast<bool>(tried));
      co_return tried;
    }
    if (tried) end_attempt(nullptr);
    prepare_next_attempt(decision);
  }
}

/// The request body is kept while it passes, so that it can be sent again.
bool Exchange::replays_body() const {
  const auto& retry = upstream_config().retry;
  return retry.attempts > 0 && (http::is_idempotent(head.method) || retry.non_idempotent);
}

bool Exchange::another_endpoint() const {
  const auto& candidates = upstream_view().runtime->candidates;
  const std::size_t count = std::min(candidates.size(), balance::excludable_max);
  for (std::size_t i = 0; i < count; ++i) {
    if (balance::may_try(candidates, excluded_, i)) return true;
  }
  return false;
}

void Exchange::prepare_next_attempt(upstream::RetryDecision decision) {
  if (decision == upstream::RetryDecision::same_endpoint) {
    retry_.stale_retry_done = true;
    ++upstream_view().counters->stale_retries;
    excluded_ = excluded_before_;
    fresh_connection_only_ = true;
  } else {
    ++retry_.retries_done;
  }
  // The part of the body that was consumed goes out with the head; the rest follows as before.
  request_out_.resize(request_head_bytes_);
  const bool chunked = request_framing_.kind == http::BodyKind::chunked;
  if (chunked && !replay_.empty()) {
    char size[20];
    request_out_.append(size, http::write_chunk_size(replay_.size(), size));
  }
  request_out_ += replay_;
  if (chunked && !replay_.empty()) request_out_ += http::chunk_end;
  if (chunked && request_body_->finished()) {
    request_out_ += http::last_chunk;
    request_out_ += http::forwardable_trailers(request_body_->trailers());
    request_out_ += http::chunk_end;
  }
  request_progress_ = {};
  request_progress_.body_bytes = replay_.size();
  upload_end_.reset();
  upload_done_.reset();
  upstream_in_.drop();
  response_.clear();
  response_scanned_ = 0;
  response_bytes_seen_ = false;
  response_deadline_ = TimePoint::max();
}

void Exchange::count_retries(bool succeeded) {
  if (retry_.retries_done == 0) return;
  auto& counters = *upstream_view().counters;
  ++(succeeded ? counters.retries_succeeded : counters.retries_failed);
}

}  // namespace weir::server
