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
  request_.framing = head.body;
  translate_grpc_web();
  const auto& match = decided_.route->config->match;
  const bool server_wide = head.form == http::TargetForm::asterisk;
  if (server_wide) {
    request_.target = "*";
  } else {
    if (decided_.proxy->rewrite_path) {
      // A rewrite replaces what was matched, and that has no dot segments.
      const std::string_view from =
          decided_.resolved_path.empty() ? decided_.sent_path : std::string_view(decided_.resolved_path);
      route::rewrite_path(match.path, decided_.path, from, *decided_.proxy->rewrite_path, request_.target);
    } else {
      request_.target += decided_.sent_path.empty() ? std::string_view("/") : decided_.sent_path;
    }
    if (head.has_query) {
      request_.target += '?';
      request_.target += head.query;
    }
  }
  request_.upgrade = decided_.proxy->websocket && http::iequals(head.upgrade, "websocket");
  http::keep_nominated(head.connection_tokens, request_.nominated);
  http::Forwarding forwarding;
  char client_ip[46];
  forwarding.client_ip =
      decided_.forwarded.peer_trusted
          ? std::string_view(client_ip, decided_.forwarded.client_ip.write(client_ip))
          : std::string_view(decided_.forwarded.forwarded_for);  // the peer's address alone
  forwarding.forwarded_for = decided_.forwarded.forwarded_for;
  forwarding.proto = decided_.forwarded.proto;
  forwarding.host = decided_.forwarded.host.empty() ? std::string_view(session().listener().authority)
                                                    : decided_.forwarded.host;
  forwarding.port = decided_.forwarded.port;
  if (const ClientCertificate* certificate = session().client_certificate()) {
    forwarding.client_cert = certificate->field;
  }
  forwarding.request_id = decided_.request_id;
  forwarding.traceparent = decided_.traceparent;
  forwarding.via = worker_.via();
  forwarding.keep_tracestate = decided_.traceparent_kept;
  http::write_request_head(request_.bytes, head, request_.target, request_.framing, forwarding,
                           decided_.route->headers.request, request_.upgrade);
  place_grpc_timeout();
}

Task<Result<void>> Exchange::forward() {
  prepare_request();
  if (decided_.route->mirror) plan_mirror();
  total_deadline_ = worker_.reactor().now() + decided_.timeouts->total;
  limit_to_grpc_timeout();
  tries_.retry.method = head.method;
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
      if (tried) {
        co_await finish_upload();
        end_attempt(nullptr);
      }
      prepare_next_attempt(decision);
      continue;
    }
    settle_pending(false);
    if (tried || tries_.refusal.empty()) co_return tried;
    failure->detail += tries_.refusal == over_budget ? "; not tried again: the retry budget is used up"
                                                     : "; not tried again: no other endpoint is left";
    co_return *failure;
  }
}

/// How this attempt ended: `error`, or (nullptr) the response head that it got.
upstream::TryOutcome Exchange::outcome_of(const Error* error) const {
  upstream::TryOutcome outcome;
  if (error != nullptr) {
    outcome.kind = error->kind;
    outcome.grpc_status = grpc_status_of_reset(*error);
  } else if (failure_of_response() != 0) {
    outcome.status = response().status;
    outcome.grpc_status = attempt_.grpc_status;
    outcome.grpc_pushback = attempt_.grpc_pushback;
  }
  outcome.request_bytes_sent = request_.progress.written_bytes > 0;
  outcome.reused_connection = call_.reused();
  outcome.response_bytes_seen = call_.response_bytes_seen();
  outcome.endpoint_reached = call_.phase() != EndpointCall::Phase::connecting;
  outcome.lasted = worker_.reactor().now() - call_.started();
  return outcome;
}

/// What passive health hears of this attempt: a `config::Failure` bit, or 0.
std::uint16_t Exchange::failure_of_attempt(const Error* error) {
  if (error == nullptr) return failure_of_response();
  if (error->origin == Origin::client) return 0;
  if (grpc_status_of_reset(*error) == grpc::Status::cancelled)
    return 0;  // it ended this call: the others are well
  if (error->kind != ErrorKind::total_timeout || response().status != 0) {
    const std::uint16_t failure = upstream::failure_bit_of_try(outcome_of(error));
    return failure != 0 && call_.counts_failure() ? failure : std::uint16_t{0};
  }
  const TimePoint now = worker_.reactor().now();
  upstream::TotalTimeout timeout;
  timeout.total = decided_.timeouts->total;
  if (call_.phase() != EndpointCall::Phase::exchange) timeout.connecting = now - call_.started();
  if (call_.handed_over() < now) timeout.answering = now - call_.handed_over();
  return upstream::failure_bit_of_total(timeout);
}

/// What follows a try that did not succeed. A retry that is wanted but cannot be leaves its reason.
upstream::RetryDecision Exchange::next_try(const upstream::TryOutcome& outcome) {
  using enum upstream::RetryDecision;
  tries_.retry.body_replayable =
      !request_.progress.replay_overflow && (replays_body() || request_.progress.body_bytes == 0);
  const auto decision = upstream::decide_retry(upstream_config().retry, outcome, tries_.retry);
  if (outcome.status != 0 && !outcome.grpc_status && upload_running()) return give_up;
  if (decision != other_endpoint) return decision;
  auto& counters = *upstream_view().counters;
  if (!another_endpoint(outcome)) return refuse_retry(nowhere_else, counters.retries_without_endpoint);
  if (outcome.status != 0 && !reserve_next()) return refuse_retry(no_room, counters.retries_without_room);
  if (upstream::needs_budget(outcome) && !withdraw_retry()) {
    give_back(tries_.next);
    return refuse_retry(over_budget, counters.retries_over_budget);
  }
  return other_endpoint;
}

upstream::RetryDecision Exchange::refuse_retry(std::string_view why, std::uint64_t& counter) {
  tries_.refusal = why;
  ++counter;
  return upstream::RetryDecision::give_up;
}

bool Exchange::withdraw_retry() {
  const UpstreamRuntime& upstream = *upstream_view().runtime;
  return upstream.shared->retries.withdraw(upstream.config->retry.budget, worker_.reactor().now());
}

/// The request body is kept while it passes, so that it can be sent again: where retries may be, and over a shared
/// connection, whose endpoint may say that it did not look at the request.
bool Exchange::replays_body() const {
  const auto& retry = upstream_config().retry;
  if (call_.is_shared()) return true;
  const bool may_be_retried =
      http::is_idempotent(head.method) || retry.non_idempotent || retries_by_grpc_status();
  return retry.attempts > 0 && may_be_retried;
}

/// One that was not tried, and that no operator took out. A response at hand is given up only for one that is usable.
bool Exchange::another_endpoint(const upstream::TryOutcome& outcome) const {
  const auto& candidates = upstream_view().runtime->candidates;
  return outcome.status != 0 ? balance::usable_left(candidates, tries_.tried)
                             : balance::another_left(candidates, tries_.tried);
}

/// Takes in the body of a response that is not used, as far as it is here already: nothing is waited for. True when
/// that is all of it, so that the connection can be used again.
bool Exchange::drain_response() {
  if (!response().keep_alive || upload_running() || (request_.upload_end && !request_.upload_end->complete()))
    return false;
  return call_.drop_buffered_body();
}

void Exchange::prepare_next_attempt(upstream::RetryDecision decision) {
  attempt_ = {};
  if (decision == upstream::RetryDecision::other_endpoint) {
    ++tries_.retry.retries_done;
    attempt_.is_retry = true;
    write_grpc_attempts();
  } else {
    // Elsewhere where that is possible: a dead endpoint's kept connections look as one that was closed for idleness. It
    // was not really tried, though, and a try may go there when all others were.
    tries_.avoided = tries_.tried.last();
    tries_.tried.forget_last();
    auto& counters = *upstream_view().counters;
    if (decision == upstream::RetryDecision::new_connection) {
      tries_.retry.stale_retry_done = true;
      ++counters.stale_retries;
      tries_.new_connection_only = true;
    } else {
      ++tries_.retry.unprocessed_retries;
      ++counters.unprocessed_retries;
    }
  }
  request_.end_try();
  request_.progress.body_bytes = request_.replay.size();  // goes out again, before the rest
  call_.reset();
}

/// Of tries that are retries, how they ended; the free one of a stale connection is counted as such.
void Exchange::count_try(bool succeeded) {
  if (!attempt_.is_retry) return;
  attempt_.is_retry = false;
  auto& counters = *upstream_view().counters;
  ++(succeeded ? counters.retries_succeeded : counters.retries_failed);
}

}  // namespace weir::server
