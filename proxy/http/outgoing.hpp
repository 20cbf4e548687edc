// What goes into the heads that Weir writes beside what it received: forwarding fields, how a response is sent to its
// client, and the responses that Weir makes itself. The same for every version of HTTP; what they look like on the wire
// is their writers' matter. Pure; views, valid as long as the exchange; any thread.
#pragma once

#include <string_view>

#include "http/head.hpp"
#include "http/header_policy.hpp"

namespace weir::http {

/// What the forwarding fields say about one request.
struct Forwarding {
  std::string_view client_ip;      // after trusted proxies were believed (http/forwarded.hpp)
  std::string_view forwarded_for;  // whole X-Forwarded-For value to send
  std::string_view proto;          // http | https
  std::string_view host;           // X-Forwarded-Host
  std::string_view port;           // X-Forwarded-Port, decimal
  std::string_view client_cert;    // X-Forwarded-Client-Cert
  std::string_view request_id;     // X-Request-Id
  std::string_view traceparent;
  std::string_view via = "weir";    // our pseudonym in Via
  bool keep_tracestate = false;     // the client's traceparent was kept, so its tracestate passes
  bool mark_never_indexed = false;  // fields that are so: the text may be translated for HTTP/2
};

/// In lines that Weir wrote, what stands behind the colon of a field that came over HTTP/2 as one never to be indexed
/// (RFC 7541 6.2.3), in place of the space: so that it is that over HTTP/2 again. In HTTP/1 it means the same as a
/// space (RFC 9110 5.6.3).
inline constexpr char never_indexed_mark = '\t';

/// How a response is sent to its client.
struct ResponseOptions {
  const CompiledFields* policy = nullptr;  // may be null: none
  std::string_view request_id;
  std::string_view set_cookie;  // value of a Set-Cookie of our own; empty: none
  Framing body;                 // how we frame it towards the client
  bool keep_alive = true;       // false: Connection: close
  int client_minor_version = 1;
  bool upgrade = false;         // 101: pass Connection/Upgrade on
  std::string_view own_fields;  // ready `Name: value\r\n` lines that Weir adds; a policy that drops one wins
};

/// A response that Weir makes itself: error, redirect, respond action.
struct OwnResponse {
  int status = 500;
  std::string_view content_type;  // empty: none is named
  std::string_view body;
  std::string_view proxy_status;  // RFC 9209 value; empty: none
  std::string_view extra_fields;  // ready `Name: value\r\n` lines (Location, Allow, Retry-After ...)
  bool head_only = false;         // to HEAD

  /// Whether it may have content at all, which Content-Length describes (RFC 9110 6.4.1).
  bool has_content() const { return status >= 200 && status != 204 && status != 304; }
  /// What follows the head.
  std::string_view sent_body() const { return has_content() && !head_only ? body : std::string_view{}; }
};

}  // namespace weir::http
