// May this failed try be repeated on another endpoint? A pure function over what is known, so that the answer
// can be tested without a socket.
#pragma once

#include <cstdint>

#include "config/model.hpp"
#include "core/error.hpp"
#include "http/head.hpp"

namespace weir::upstream {

/// What one try at an endpoint ended with: an error, or a response whose status `retry.on` may name.
struct TryOutcome {
  ErrorKind kind = ErrorKind::internal;  // meaningless when `status` is set
  int status = 0;                    // of a complete response head that the client has not been shown; or 0
  bool request_bytes_sent = false;   // at least one byte reached the kernel towards the endpoint
  bool reused_connection = false;    // it came from the idle pool
  bool response_bytes_seen = false;  // at least one byte came back
};

struct RetryState {
  http::Method method = http::Method::other;
  bool body_replayable = true;     // no body, or all that was consumed is still kept
  bool response_started = false;   // bytes went to the client: never again
  std::uint32_t retries_done = 0;  // on other endpoints
  bool stale_retry_done = false;   // the one free retry of a stale connection
};

enum class RetryDecision : std::uint8_t {
  give_up,
  same_endpoint,   // a reused connection was stale: once more on a new connection, any endpoint, not counted
  other_endpoint,  // counted against retry.attempts
};

/// Never once the response started or the body is gone. A try of which nothing was sent may be repeated with
/// any method; otherwise the method must be idempotent (RFC 9110 9.2.2) or `non_idempotent` set. Then: a
/// reused connection that closed before the first response byte was stale and gets its one free try;
/// everything else must be named by `retry.on` and fit into `retry.attempts`.
RetryDecision decide_retry(const config::Retry& settings, const TryOutcome& outcome, const RetryState& state);

/// Which `Failure` bit an error is, for passive_health.failures and retry.on; 0 for none (the client's or our
/// fault, and total_timeout, which a slow client can cause as well). Whatever keeps a connection from being
/// made is failure_connect: refused, unreachable, its timeout, the TLS handshake.
std::uint16_t failure_bit(ErrorKind kind);
/// The same for a response status: 502, 503, 504.
std::uint16_t failure_bit_of_status(int status);

}  // namespace weir::upstream
