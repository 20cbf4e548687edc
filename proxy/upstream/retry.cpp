#include "upstream/retry.hpp"

namespace weir::upstream {
namespace {

/// Sending the request again cannot do a thing twice that must be done once.
bool is_safe(const config::Retry& settings, const TryOutcome& outcome, const RetryState& state) {
  if (outcome.grpc_status && (settings.on & failure_bit_of_grpc(*outcome.grpc_status)) != 0) return true;
  return !outcome.request_bytes_sent || settings.non_idempotent || http::is_idempotent(state.method);
}

bool is_named(const config::Retry& settings, const TryOutcome& outcome) {
  if (outcome.status != 0) {
    const unsigned by_grpc = outcome.grpc_status ? failure_bit_of_grpc(*outcome.grpc_status) : 0U;
    return (settings.on & (failure_bit_of_status(outcome.status) | by_grpc)) != 0;
  }
  if (outcome.grpc_status && (settings.on & failure_bit_of_grpc(*outcome.grpc_status)) != 0) return true;
  const std::uint16_t bit = failure_bit(outcome.kind);
  if (bit == config::failure_reset && outcome.response_bytes_seen) return false;  // reset_before_response
  return (settings.on & bit) != 0;
}

}  // namespace

bool was_stale(const TryOutcome& outcome) {
  return outcome.status == 0 && outcome.kind == ErrorKind::upstream_reset && outcome.reused_connection &&
         !outcome.response_bytes_seen && outcome.lasted <= stale_within;
}

bool was_unprocessed(const TryOutcome& outcome) {
  return outcome.status == 0 && outcome.kind == ErrorKind::unprocessed;
}

bool needs_budget(const TryOutcome& outcome) {
  return outcome.endpoint_reached;
}

RetryDecision decide_retry(const config::Retry& settings, const TryOutcome& outcome,
                           const RetryState& state) {
  if (state.response_started || !state.body_replayable) return RetryDecision::give_up;
  if (was_unprocessed(outcome)) {
    return state.unprocessed_retries < unprocessed_retries_max ? RetryDecision::unprocessed
                                                               : RetryDecision::give_up;
  }
  if (outcome.grpc_pushback) return RetryDecision::give_up;
  if (!is_safe(settings, outcome, state)) return RetryDecision::give_up;
  if (was_stale(outcome) && !state.stale_retry_done) return RetryDecision::new_connection;
  if (state.retries_done >= settings.attempts) return RetryDecision::give_up;
  return is_named(settings, outcome) ? RetryDecision::other_endpoint : RetryDecision::give_up;
}

bool may_leave_side(const config::Retry& settings, const TryOutcome& outcome, const RetryState& state) {
  if (state.side_left || settings.attempts == 0 || outcome.status != 0) return false;
  if (state.response_started || !state.body_replayable || !is_safe(settings, outcome, state)) return false;
  return outcome.kind == ErrorKind::no_endpoint || is_named(settings, outcome);
}

std::uint16_t failure_bit(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::connect_refused:
    case ErrorKind::connect_failed:
    case ErrorKind::connect_timeout:
    case ErrorKind::tls_failed:
    case ErrorKind::tls_certificate:
      return config::failure_connect;
    case ErrorKind::upstream_send_timeout:
    case ErrorKind::response_timeout:
      return config::failure_timeout;
    case ErrorKind::upstream_reset:
    case ErrorKind::response_incomplete:
      return config::failure_reset;
    case ErrorKind::response_malformed:
    case ErrorKind::response_head_too_large:
      return config::failure_invalid_response;
    default:
      return 0;
  }
}

std::uint16_t failure_bit_of_try(const TryOutcome& outcome) {
  return was_stale(outcome) || was_unprocessed(outcome) ? std::uint16_t{0} : failure_bit(outcome.kind);
}

std::uint16_t failure_bit_of_status(int status) {
  switch (status) {
    case 500:
      return config::failure_500;
    case 502:
      return config::failure_502;
    case 503:
      return config::failure_503;
    case 504:
      return config::failure_504;
    default:
      return 0;
  }
}

std::uint16_t failure_bit_of_grpc(grpc::Status status) {
  switch (status) {
    case grpc::Status::unavailable:
      return config::failure_grpc_unavailable;
    case grpc::Status::internal:
      return config::failure_grpc_internal;
    case grpc::Status::unknown:
      return config::failure_grpc_unknown;
    case grpc::Status::cancelled:
      return config::failure_grpc_cancelled;
    case grpc::Status::deadline_exceeded:
      return config::failure_grpc_deadline;
    case grpc::Status::resource_exhausted:
      return config::failure_grpc_resource;
    default:
      return 0;
  }
}

std::uint16_t failure_bit_of_response(int status, std::optional<grpc::Status> grpc_status) {
  if (const std::uint16_t by_status = failure_bit_of_status(status); by_status != 0) return by_status;
  return grpc_status ? failure_bit_of_grpc(*grpc_status) : std::uint16_t{0};
}

std::uint16_t failure_bit_of_total(const TotalTimeout& timeout) {
  if (timeout.connecting * 2 >= timeout.total) return config::failure_connect;
  if (timeout.answering * 2 >= timeout.total) return config::failure_timeout;
  return 0;
}

}  // namespace weir::upstream
