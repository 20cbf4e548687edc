#include "server/exchange_report.hpp"

#include <utility>

#include "server/health_report.hpp"
#include "server/latency_report.hpp"
#include "server/worker.hpp"

namespace weir::server {

void AttemptReport::begin() {
  judged_ = message_seen_ = grpc_pushback_ = false;
  grpc_status_.reset();
  grpc_.reset_status.reset();
}

upstream::TryOutcome AttemptReport::outcome_of(const Error* error) const {
  upstream::TryOutcome outcome;
  if (error != nullptr) {
    outcome.kind = error->kind;
    outcome.grpc_status = status_of_reset(*error);
  } else if (failure_of_response() != 0) {
    outcome.status = response().status;
    outcome.grpc_status = grpc_status_;
    outcome.grpc_pushback = grpc_pushback_;
  }
  outcome.request_bytes_sent = request_.progress.written_bytes > 0;
  outcome.reused_connection = call_.reused();
  outcome.response_bytes_seen = call_.response_bytes_seen();
  outcome.endpoint_reached = call_.phase() != EndpointCall::Phase::connecting;
  outcome.lasted = context_.now() - call_.started();
  return outcome;
}

/// A body may break yet, so the verdict waits for its end; a probe must not, because bodies may be long.
void AttemptReport::judge_head() {
  note_grpc_head();
  note_latency(nullptr);
  balance::Pick& pick = choice_.pick();
  const std::uint16_t failure = failure_of_response();
  const bool early_verdict = pick.ticket.probe && !awaits_grpc_status();
  judged_ = early_verdict || response().status == 101 || failure != 0;
  if (failure == 0) settle_pending(true);
  if ((failure & context_.upstream().passive_health.failures) != 0) {
    add_pending(context_.view(), pending_,
                {pick.index, pick.ticket, cause_of_response(response().status, grpc_status_), failure});
    pick.ticket.probe = false;  // the verdict ends the probe, not the end of this attempt
  } else if (judged_) {
    if (failure != 0) pending_.note_other(failure);
    report_health(nullptr);
  } else if (pick.ticket.probe) {
    context_.view().runtime->candidates[pick.index].state->health.begun_probe(context_.now(), pick.ticket);
  }
}

void AttemptReport::judge_by_message() {
  message_seen_ = true;
  if (!std::exchange(judged_, true)) report_health(nullptr);
}

void AttemptReport::client_left() {
  if (!awaits_message()) went_well();
}

bool AttemptReport::failed(const Error& error) {
  grpc_.reset_status = status_of_reset(error);
  const bool stale = upstream::was_stale(outcome_of(&error));
  if (!pending_.empty() && !stale) pending_.note_other(failure_of_attempt(&error));
  report_health(&error);
  return stale;
}

/// Tells the endpoint's health how the attempt went: `error`, or the status of the response head.
void AttemptReport::report_health(const Error* error) {
  // One attempt is one failure: where the status was one, that its body broke off adds nothing.
  const std::uint16_t by_status = failure_of_response();
  const bool failed_before =
      error != nullptr && judged_ && (by_status & context_.upstream().passive_health.failures) != 0;
  const health::Cause by_response = probe_lacks_status() ? health::Cause(ErrorKind::response_malformed)
                                                         : cause_of_response(response().status, grpc_status_);
  server::report_health(context_.view(), choice_.pick(), context_.now(), error, by_response,
                        failed_before ? std::uint16_t{0} : failure_of_attempt(error));
}

/// What passive health hears of this attempt: a `config::Failure` bit, or 0.
std::uint16_t AttemptReport::failure_of_attempt(const Error* error) {
  if (error == nullptr && probe_lacks_status()) return config::failure_invalid_response;
  if (error == nullptr) return failure_of_response();
  if (error->origin == Origin::client) return 0;
  if (status_of_reset(*error) == grpc::Status::cancelled)
    return 0;  // it ended this call: the others are well
  if (error->kind != ErrorKind::total_timeout || response().status != 0) {
    const std::uint16_t failure = upstream::failure_bit_of_try(outcome_of(error));
    return failure != 0 && call_.counts_failure() ? failure : std::uint16_t{0};
  }
  const TimePoint now = context_.now();
  upstream::TotalTimeout timeout;
  timeout.total = decided_.timeouts->total;
  if (call_.phase() != EndpointCall::Phase::exchange) timeout.connecting = now - call_.started();
  if (call_.handed_over() < now) timeout.answering = now - call_.handed_over();
  return upstream::failure_bit_of_total(timeout);
}

void AttemptReport::note_latency(const Error* error) {
  // Such a reset comes at the client's own deadline.
  if (error != nullptr && status_of_reset(*error) == grpc::Status::cancelled) return;
  report_latency(*context_.view().runtime, choice_.pick().index, call_.started(), context_.now(), error,
                 response(), grpc_status_);
}

void AttemptReport::settle(bool answered) {
  server::settle_pending(context_.view(), pending_, answered, context_.now());
}

}  // namespace weir::server
