// May this failed try be repeated on another endpoint? A pure function over what is known, so that the answer can
// be tested without a socket.
#pragma once

#include <cstdint>

#include "config/model.hpp"
#include "core/error.hpp"
#include "http/head.hpp"

namespace weir::upstream {

/// What one try at an endpoint ended with.
struct TryOutcome {
  ErrorKind kind = ErrorKind::internal;
  bool request_bytes_sent = false;    // at least one byte reached the kernel towards the endpoint
  bool reused_connection = false;     // it came from the idle pool
  bool response_bytes_seen = false;   // at least one byte came back
};

struct RetryState {
  http::Method method = http::Method::other;
  bool body_replayable = true;        // no body, or all that was consumed is still kept
  bool response_started = false;      // bytes went to the client: never again
  std::uint32_t retries_done = 0;     // on other endpoints
  bool stale_retry_done = false;      // the one free retry of a stale connection
};

enum class RetryDecision : std::uint8_t {
  give_up,
  same_endpoint,   // a reused connection was stale: once more on a new connection, any endpoint, not counted
  other_endpoint,  // counted against retry.attempts
};

RetryDecision decide_retry(const config::Retry& settings, const TryOutcome& outcome, const RetryState& state);

/// Which `Failure` bit an error is, for passive_health.failures and retry.on; 0 for none (client's or our fault).
std::uint16_t failure_bit(ErrorKind kind);
/// The same for a response status: 502, 503, 504.
std::uint16_t failure_bit_of_status(int status);

}  // namespace weir::upstream
