// May this failed try be repeated on another endpoint, and is it the endpoint's failure? Pure functions over what
// is known, so that the answers can be tested without a socket. How many there may be: retry_budget.hpp.
#pragma once

#include <cstdint>
#include <optional>

#include "config/model.hpp"
#include "core/clock.hpp"
#include "core/error.hpp"
#include "grpc/status.hpp"
#include "http/head.hpp"

namespace weir::upstream {

/// A kept connection that ends later than this after the request was sent on it did not end for idleness: what its
/// endpoint sent before it saw the request is here by then.
inline constexpr Milliseconds stale_within{100};

/// So often a request is sent again because endpoints said that they did not look at it.
inline constexpr std::uint32_t unprocessed_retries_max = 2;

/// What one try at an endpoint ended with: an error, or a response whose status, or gRPC status, `retry.on` may name.
struct TryOutcome {
  ErrorKind kind = ErrorKind::internal;  // meaningless when `status` is set
  int status = 0;                    // of a complete response head that the client has not been shown; or 0
  bool request_bytes_sent = false;   // at least one byte reached the kernel towards the endpoint
  bool reused_connection = false;    // it came from the idle pool
  bool response_bytes_seen = false;  // at least one byte came back
  bool endpoint_reached = true;      // there was a connection; a TLS handshake may have failed on it
  Duration lasted{};                 // since the request was begun to be sent; of a reused connection
  // Of a call of gRPC, in the head that `status` is of; or what the reset of its stream stands for.
  std::optional<grpc::Status> grpc_status{};
  bool grpc_pushback =
      false;  // by grpc-retry-pushback-ms there is to be none, or not at once: the client decides
};

struct RetryState {
  http::Method method = http::Method::other;
  bool body_replayable = true;            // no body, or all that was consumed is still kept
  bool response_started = false;          // bytes went to the client: never again
  std::uint32_t retries_done = 0;         // on other endpoints
  bool stale_retry_done = false;          // the one free retry of a stale connection
  std::uint32_t unprocessed_retries = 0;  // the free ones of tries that no endpoint looked at
  bool side_left = false;                 // of a split: the retries are those on the other one
};

enum class RetryDecision : std::uint8_t {
  give_up,
  new_connection,  // a reused connection was stale: once more on a new one, not counted
  unprocessed,  // the endpoint did not look at it: once more, elsewhere where that is possible, not counted
  other_endpoint,  // counted against retry.attempts
  other_side,      // of a split; never of decide_retry: may_leave_side
};

/// Never once the response started or the body is gone. A try that its endpoint did not look at is repeated with any
/// method, whatever the settings, unprocessed_retries_max times (RFC 9113 8.7); one of which nothing was sent may be
/// repeated with any method; otherwise the method must be idempotent (RFC 9110 9.2.2) or `non_idempotent` set. Then: a
/// stale connection gets its one free try; everything else must be named by `retry.on` and fit into `retry.attempts`.
/// Calls of gRPC are POST, so where `retry.on` names what grpc-status says, that allows the retry.
RetryDecision decide_retry(const config::Retry& settings, const TryOutcome& outcome, const RetryState& state);

/// Whether a request that one side of a split did not answer gets its tries on another side: once, after a try
/// without a response, where sending it again is safe as above. `retry.on` must name how it failed, unless no
/// endpoint was left to try; `retry.attempts` are for one side, and with 0 there is no other.
bool may_leave_side(const config::Retry& settings, const TryOutcome& outcome, const RetryState& state);

/// The endpoint had closed the idle connection just before, or while, we sent on it: it ended within stale_within and
/// without a byte. Says nothing about how the endpoint is: it is no failure to passive health, and the next try is on a
/// new connection. One that had the request for longer worked on it and failed.
bool was_stale(const TryOutcome& outcome);

/// The endpoint said that it did not and will not look at the request: GOAWAY, REFUSED_STREAM (RFC 9113 6.8, 8.7). That
/// is how connections end in good order, and no failure to passive health.
bool was_unprocessed(const TryOutcome& outcome);

/// Whether the retry after `outcome` counts against the retry budget. Not when no connection came about: such a
/// try was no load on any endpoint, and the retry is the first that the request makes.
bool needs_budget(const TryOutcome& outcome);

/// Which `Failure` bit an error is, for passive_health.failures and retry.on; 0 for none (an error of the client or
/// of ours, and total_timeout, which a slow client can cause as well). Whatever keeps a connection from being
/// made is failure_connect: refused, unreachable, its timeout, the TLS handshake.
std::uint16_t failure_bit(ErrorKind kind);
/// The same of a try that ended with an error: 0 for one that says nothing of its endpoint (stale, unprocessed).
std::uint16_t failure_bit_of_try(const TryOutcome& outcome);
/// The same for a response status: 500, 502, 503, 504.
std::uint16_t failure_bit_of_status(int status);
/// The same for the status of a gRPC call.
std::uint16_t failure_bit_of_grpc(grpc::Status status);
/// Of a response with both, the status of HTTP first: that is what a proxy in between answered with.
std::uint16_t failure_bit_of_response(int status, std::optional<grpc::Status> grpc_status);

inline constexpr std::uint16_t failures_of_grpc =
    config::failure_grpc_unavailable | config::failure_grpc_internal | config::failure_grpc_unknown |
    config::failure_grpc_cancelled | config::failure_grpc_deadline | config::failure_grpc_resource;

/// A connection that others share takes all its requests with it when it dies. That is one failure of its endpoint and
/// not as many as it had requests: the first that has to count one does.
class ConnectionFailure {
 public:
  /// Whether it is `request` that counts it: the first that asks, each time that it asks.
  bool is_counted_by(const void* request) {
    if (counted_by_ == nullptr) counted_by_ = request;
    return counted_by_ == request;
  }

 private:
  const void* counted_by_ = nullptr;
};

/// The bit stands for a response that came, and so for something that a request can cause anywhere.
constexpr bool is_status_failure(std::uint16_t failure) {
  constexpr unsigned of_http =
      config::failure_500 | config::failure_502 | config::failure_503 | config::failure_504;
  return (failure & (of_http | failures_of_grpc)) != 0;
}

/// What `timeouts.total` ended an attempt in the middle of, before a response head.
struct TotalTimeout {
  Duration total{};
  Duration connecting{};  // so long it waited for a connection; 0: there was one
  Duration answering{};   // so long the endpoint had the whole request; 0: it was still being sent
};
/// The `Failure` bit of an attempt that ended so: the endpoint's, where waiting for it took at least half of the
/// total. Otherwise 0: a slow client or earlier tries left it too little.
std::uint16_t failure_bit_of_total(const TotalTimeout& timeout);

}  // namespace weir::upstream
