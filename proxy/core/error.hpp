// The error value of the whole request path: what went wrong and on which side. `Result<T>` carries it. Pure
// values: any thread. One table (error.cpp) maps each kind to its log name, its HTTP status and its RFC 9209
// Proxy-Status error type; nothing else does.
#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

/// Where an error comes from: decides which side gets it and what passive health counts.
enum class Origin : std::uint8_t { client, upstream, self };

enum class ErrorKind : std::uint8_t {
  malformed_request,      // 400
  unsupported_coding,     // 501, RFC 9112 6.1
  unsupported_version,    // 505
  unsupported_protocol,   // 501: an extended CONNECT for another than websocket, RFC 8441
  method_refused,         // 405: TRACE, CONNECT
  expectation_failed,     // 417
  head_too_large,         // 431
  uri_too_long,           // 414
  body_too_large,         // 413
  head_timeout,           // 408
  body_timeout,           // 408
  client_gone,            // logged as 499, never sent: it closed or broke the connection
  client_stalled,         // the same: it took nothing for limits.send_timeout, or of a 1xx in timeouts.total
  client_too_slow,        // the same: it took less than limits.response_min_rate
  loop_detected,          // 508: the request came through this very process before (Via)
  no_route,               // 404
  access_denied,          // 403: an access list of the route
  max_in_flight,          // 503: as many requests as the route may have at once
  rate_limited,           // 429, or what the limit says
  no_endpoint,            // 503: nothing to send the request to
  name_unresolved,        // 503: the upstream's names have no address
  max_requests,           // 503: as many requests as the upstream may have at once
  endpoint_busy,          // 503: every endpoint has as many as it may have at once
  queue_full,             // 503: and as many wait for one as may
  queue_timeout,          // 503: none became free in time
  pause_queue_full,       // 503: the route is paused, and as many of its requests wait as may
  connect_refused,        // 502
  connect_failed,         // 502: unreachable and the like
  connect_timeout,        // 504
  tls_failed,             // 502: upstream TLS handshake
  tls_certificate,        // 502: upstream certificate not trusted
  upstream_reset,         // 502: endpoint closed before a response
  unprocessed,            // 503: an HTTP/2 endpoint did not look at the request, and said so
  upstream_send_timeout,  // 504
  response_timeout,       // 504: no response head in time
  response_malformed,     // 502
  response_head_too_large,  // 502
  response_incomplete,      // response body ended early: the client's connection is cut
  total_timeout,            // 504
  out_of_resources,         // 503: this machine has no descriptor or port left
  draining,                 // 503: shutdown deadline reached
  internal,                 // 500
};

struct ErrorFacts {
  std::string_view name;          // snake_case, as logs and metrics show it
  int status;                     // HTTP status that Weir answers with
  std::string_view proxy_status;  // RFC 9209 2.3 error type
};

/// Names, status and Proxy-Status type of `kind`.
const ErrorFacts& facts(ErrorKind kind);

struct Error {
  ErrorKind kind = ErrorKind::internal;
  Origin origin = Origin::self;
  std::string detail;  // one phrase for people; never secrets, never raw client bytes
};

/// Of the client: answered with the kind's status, never retried.
Error client_error(ErrorKind kind, std::string detail);
/// Of an endpoint.
Error upstream_error(ErrorKind kind, std::string detail);
/// Our own.
Error self_error(ErrorKind kind, std::string detail);

template <class T>
using Result = boost::system::result<T, Error>;

/// Hook of boost::system::result: `value()` on an error is a programming mistake.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where);

}  // namespace weir
