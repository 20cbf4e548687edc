// One endpoint after the other until one answers. What may be tried again is decided by upstream/retry.hpp.
#include <optional>

#include "http/text.hpp"
#include "http/trailers.hpp"
#include "route/table.hpp"
#include "server/exchange.hpp"
#include "server/session.hpp"
#include "server/worker.hpp"

namespace weir::server {
namespace {

// Why a retry that was wanted did not come about, as the access log says it.
constexpr std::string_view over_budget = "budget_exhausted";
constexpr std::string_view nowhere_else = "no_other_endpoint";
constexpr std::string_view no_room = "endpoint_busy";

}  // namespace

/// What goes to whichever endpoint is chosen: composed once.
void Exchange::prepare_request() {
  const auto& match = route_->config->match;
  const bool server_wide = head.form == http::TargetForm::asterisk;
  if (server_wide) {
    target_ = "*";
  } else {
    if (proxy_->rewrite_path) {
      // A rewrite replaces what was matched, and that has no dot segments.
      const std::string_view from = resolved_path_.empty() ? sent_path_ : std::string_view(resolved_path_);
      route::rewrite_path(match.path, path_, from, *proxy_->rewrite_path, target_);
    } else {
      target_ += sent_path_.empty() ? std::string_view("/") : sent_path_;
    }
    if (head.has_query) {
      target_ += '?';
      target_ += head.query;
    }
  }
  upgrade_ = proxy_->websocket && http::iequals(head.upgrade, "websocket");
  http::keep_nominated(head.connection_tokens, request_nominated_);
  request_framing_ = head.body;
  request_body_.emplace(head.body, Origin::client);
  http::Forwarding forwarding;
  char client_ip[46];
  forwarding.client_ip = forwarded_.peer_trusted
                             ? std::string_view(client_ip, forwarded_.client_ip.write(client_ip))
                             : std::string_view(forwarded_.forwarded_for);  // the peer's address alone
  forwarding.forwarded_for = forwarded_.forwarded_for;
  forwarding.proto = forwarded_.proto;
  forwarding.host =
      forwarded_.host.empty() ? std::string_view(session_->listener().authority) : forwarded_.host;
  forwarding.port = forwarded_.port;
  if (const ClientCertificate* certificate = session_->client_certificate()) {
    forwarding.client_cert = certificate->field;
  }
  forwarding.request_id = request_id_;
  forwarding.traceparent = traceparent_;
  forwarding.via = worker_.via();
  forwarding.keep_tracestate = traceparent_kept_;
  http::write_request_head(request_out_, head, target_, request_framing_, forwarding, route_->headers.request,
                           upgrade_);
  request_head_bytes_ = request_out_.size();
}

Task<Result<void>> Exchange::forward() {
  prepare_request();
  if (route_->mirror) plan_mirror();
  total_deadline_ = worker_.reactor().now() + timeouts_->total;
  retry_.method = head.method;
  for (;;) {
    auto tried = co_await attempt();
    std::optional<Error> failure;
    if (!tried) failure = tried.error();
    const upstream::TryOutcome outcome = outcome_of(failure ? &*failure : nullptr);
    const bool succeeded = tried && outcome.status == 0;
    count_try(succeeded);
    if (succeeded) co_return tried;
    const upstream::RetryDecision decision = next_try(outcome);
    if (decision != upstream::RetryDecision::give_up) {
      if (tried) end_attempt(nullptr);
      prepare_next_attempt(decision);
      continue;
    }
    settle_blame(false);
    if (tried || retry_refusal_.empty()) co_return tried;
    failure->detail += retry_refusal_ == over_budget ? "; not tried again: the retry budget is used up"
                                                     : "; not tried again: no other endpoint is left";
    co_return *failure;
  }
}

/// How this attempt ended: `error`, or (nullptr) the response head that it got.
upstream::TryOutcome Exchange::outcome_of(const Error* error) const {
  upstream::TryOutcome outcome;
  if (error != nullptr) {
    outcome.kind = error->kind;
  } else if (upstream::failure_bit_of_status(response().status) != 0) {
    outcome.status = response().status;
  }
  outcome.request_bytes_sent = request_progress_.written_bytes > 0;
  outcome.reused_connection = call_.reused();
  outcome.response_bytes_seen = call_.response_bytes_seen();
  outcome.endpoint_reached = call_.phase() != EndpointCall::Phase::connecting;
  outcome.lasted = worker_.reactor().now() - call_.started();
  return outcome;
}

/// What passive health hears of this attempt: a `config::Failure` bit, or 0.
std::uint16_t Exchange::failure_of_attempt(const Error* error) const {
  if (error == nullptr) return upstream::failure_bit_of_status(response().status);
  if (error->origin == Origin::client || upstream::was_stale(outcome_of(error))) return 0;
  if (error->kind != ErrorKind::total_timeout || response().status != 0) {
    return upstream::failure_bit(error->kind);
  }
  const TimePoint now = worker_.reactor().now();
  upstream::TotalTimeout timeout;
  timeout.total = timeouts_->total;
  if (call_.phase() != EndpointCall::Phase::exchange) timeout.connecting = now - call_.started();
  if (call_.handed_over() < now) timeout.answering = now - call_.handed_over();
  return upstream::failure_bit_of_total(timeout);
}

/// What follows a try that did not succeed. A retry that is wanted but cannot be leaves its reason.
upstream::RetryDecision Exchange::next_try(const upstream::TryOutcome& outcome) {
  using enum upstream::RetryDecision;
  retry_.body_replayable =
      !request_progress_.replay_overflow && (replays_body() || request_progress_.body_bytes == 0);
  const auto decision = upstream::decide_retry(upstream_config().retry, outcome, retry_);
  if (outcome.status != 0 && upload_running()) return give_up;
  if (decision != other_endpoint) return decision;
  auto& counters = *upstream_view().counters;
  if (!another_endpoint(outcome)) return refuse_retry(nowhere_else, counters.retries_without_endpoint);
  if (outcome.status != 0 && !reserve_next()) return refuse_retry(no_room, counters.retries_without_room);
  if (upstream::needs_budget(outcome) && !withdraw_retry()) {
    give_back(next_);
    return refuse_retry(over_budget, counters.retries_over_budget);
  }
  return other_endpoint;
}

upstream::RetryDecision Exchange::refuse_retry(std::string_view why, std::uint64_t& counter) {
  retry_refusal_ = why;
  ++counter;
  return upstream::RetryDecision::give_up;
}

bool Exchange::withdraw_retry() {
  const UpstreamRuntime& upstream = *upstream_view().runtime;
  return upstream.shared->retries.withdraw(upstream.config->retry.budget, worker_.reactor().now());
}

/// The request body is kept while it passes, so that it can be sent again.
bool Exchange::replays_body() const {
  const auto& retry = upstream_config().retry;
  return retry.attempts > 0 && (http::is_idempotent(head.method) || retry.non_idempotent);
}

/// One that was not tried, and that no operator took out. A response at hand is given up only for one that is usable.
bool Exchange::another_endpoint(const upstream::TryOutcome& outcome) const {
  const auto& candidates = upstream_view().runtime->candidates;
  return outcome.status != 0 ? balance::usable_left(candidates, tried_)
                             : balance::another_left(candidates, tried_);
}

/// Takes in the body of a response that is not used, as far as it is here already: nothing is waited for. True when
/// that is all of it, so that the connection can be used again.
bool Exchange::drain_response() {
  if (!response().keep_alive || upload_running() || (upload_end_ && !upload_end_->complete())) return false;
  return call_.drop_buffered_body();
}

void Exchange::prepare_next_attempt(upstream::RetryDecision decision) {
  if (decision == upstream::RetryDecision::new_connection) {
    retry_.stale_retry_done = true;
    ++upstream_view().counters->stale_retries;
    // Elsewhere where that is possible: a dead endpoint's connections look the same. It was not really tried,
    // though, and a try may go there when all others were.
    avoided_ = tried_.last();
    tried_.forget_last();
    fresh_connection_only_ = true;
  } else {
    ++retry_.retries_done;
    is_retry_ = true;
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
    request_out_ +=
        http::forwardable_trailers(request_body_->trailers(), {&route_->headers.request, request_nominated_});
    request_out_ += http::chunk_end;
  }
  request_progress_ = {};
  request_progress_.body_bytes = replay_.size();
  upload_end_.reset();
  upload_done_.reset();
  call_.reset();
}

/// Of tries that are retries, how they ended; the free one of a stale connection is counted as such.
void Exchange::count_try(bool succeeded) {
  if (!is_retry_) return;
  is_retry_ = false;
  auto& counters = *upstream_view().counters;
  ++(succeeded ? counters.retries_succeeded : counters.retries_failed);
}

}  // namespace weir::server
