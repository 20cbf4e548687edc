// Heads written anew from parsed fields, never copied through: hop-by-hop removal, forwarding fields, Via,
// framing, header policies (RFC 9110 7.6, RFC 9112 6). Pure: appends to a reused string; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/head.hpp"
#include "http/header_policy.hpp"

namespace weir::http {

/// What the forwarding fields say about one request. Views live as long as the exchange.
struct Forwarding {
  std::string_view client_ip;      // after trusted proxies were believed (http/forwarded.hpp)
  std::string_view forwarded_for;  // whole X-Forwarded-For value to send
  std::string_view proto;          // http | https
  std::string_view host;           // X-Forwarded-Host
  std::string_view port;           // X-Forwarded-Port, decimal
  std::string_view client_cert;    // X-Forwarded-Client-Cert
  std::string_view request_id;     // X-Request-Id
  std::string_view traceparent;
  std::string_view via = "weir";  // our pseudonym in Via
  bool keep_tracestate = false;   // the client's traceparent was kept, so its tracestate passes
};

/// The request to an endpoint: `METHOD target HTTP/1.1`, Host as received, the client's end-to-end fields in
/// order and spelling, forwarding fields, Via, framing, then the policy's fields. `target` is the origin-form
/// target to send (a rewritten one, or head.path?query). `body` is how we frame what we send; without a body,
/// methods that usually have one say `Content-Length: 0`. `upgrade`: pass Connection/Upgrade on.
///
/// What never passes: hop-by-hop fields, framing, Expect (answered by us), and everything that says who the
/// client is (X-Forwarded-*, X-Real-IP, Forwarded, X-Request-Id, traceparent, Proxy): `forwarding` says that;
/// its empty members are left out. So are names that many servers cannot tell from these, like
/// `X_Forwarded_For` (field_role.hpp). A client of HTTP/1.0 may send no Host: then `forwarding.host` is used.
/// Via names the version that was received (RFC 9110 7.6.3). Max-Forwards of OPTIONS is one less (7.6.2).
void write_request_head(std::string& out, const RequestHead& head, std::string_view target,
                        const Framing& body, const Forwarding& forwarding, const CompiledFields& policy,
                        bool upgrade);

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

/// The endpoint's final or 1xx response towards the client: its end-to-end fields, Date where it sent none
/// (`date` is the current IMF-fixdate), Via, X-Request-Id, framing, then the policy's fields.
///
/// `options.body` without a body keeps the Content-Length that the endpoint sent, where that is metadata:
/// answers to HEAD, and 304 (RFC 9110 8.6). A client of HTTP/1.0 never sees chunked, and until_close implies
/// close. 1xx: end-to-end fields only; 101 also says Connection, Upgrade and X-Request-Id.
void write_response_head(std::string& out, const ResponseHead& head, const ResponseOptions& options,
                         std::string_view date);

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

/// Its head. Errors say `Cache-Control: no-store` unless `extra_fields` or the policy name that field. Of
/// ResponseOptions, `body` and `upgrade` do not matter here. What the policy sets wins over `extra_fields`.
void write_own_head(std::string& out, const OwnResponse& response, const ResponseOptions& options,
                    std::string_view date);

/// True when a Via of `head` names `pseudonym`: the request has been here before (RFC 9110 7.6.3).
bool came_through(const RequestHead& head, std::string_view pseudonym);

/// Max-Forwards of an OPTIONS request (RFC 9110 7.6.2); nothing where there is none, several, or no number.
std::optional<std::uint64_t> max_forwards(const RequestHead& head);

/// RFC 9110 15 reason phrase; "" for unknown codes.
std::string_view reason_phrase(int status);

/// The fields that never pass to the other side: Connection and what it names, Keep-Alive, Proxy-Connection,
/// Proxy-Auth*, TE, Transfer-Encoding, Upgrade, HTTP2-Settings (RFC 9110 7.6.1), and Content-Length: framing
/// is written anew. Trailer is not among them: it passes with a chunked body.
bool is_hop_by_hop(const Field& field, const std::vector<std::string_view>& connection_tokens);

}  // namespace weir::http
