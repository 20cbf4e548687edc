// Heads written anew from parsed fields, never copied through: hop-by-hop removal, forwarding fields, Via,
// framing, header policies (RFC 9110 7.6, RFC 9112 6). Pure: appends to a reused string; any thread.
#pragma once

#include <string>
#include <string_view>

#include "http/head.hpp"
#include "http/header_policy.hpp"
#include "http/outgoing.hpp"

namespace weir::http1 {

/// The request to an endpoint: `METHOD target HTTP/1.1`, Host as received, the client's end-to-end fields in
/// order and spelling, forwarding fields, Via, framing, then the policy's fields. `target` is the origin-form
/// target to send (a rewritten one, or head.path?query). `body` is how we frame what we send; without a body,
/// methods that usually have one say `Content-Length: 0`. `upgrade`: pass Connection/Upgrade on.
///
/// What never passes: hop-by-hop fields, framing, Expect (answered by us), and everything that says who the
/// client is (X-Forwarded-*, X-Real-IP, Forwarded, X-Request-Id, traceparent, Proxy): `forwarding` says that;
/// its empty members are left out. So are names that many servers cannot tell from these, like
/// `X_Forwarded_For` (field_role.hpp). A client of HTTP/1.0 may send no Host: then `forwarding.host` is used.
/// With `forwarding.mark_never_indexed` http::never_indexed_mark stands in the lines of fields that are so.
/// Via names the version that was received (RFC 9110 7.6.3). Max-Forwards of OPTIONS is one less (7.6.2).
void write_request_head(std::string& out, const http::RequestHead& head, std::string_view target,
                        const http::Framing& body, const http::Forwarding& forwarding,
                        const http::CompiledFields& policy, bool upgrade);

/// The endpoint's final or 1xx response towards the client: its end-to-end fields, Date where it sent none
/// (`date` is the current IMF-fixdate), Via, X-Request-Id, framing, then the policy's fields.
///
/// `options.body` without a body keeps the Content-Length that the endpoint sent, where that is metadata:
/// answers to HEAD, and 304 (RFC 9110 8.6). A client of HTTP/1.0 never sees chunked, and until_close implies
/// close. 1xx: end-to-end fields only; 101 also says Connection, Upgrade and X-Request-Id.
void write_response_head(std::string& out, const http::ResponseHead& head,
                         const http::ResponseOptions& options, std::string_view date);

/// The head of a response of Weir's own. Errors say `Cache-Control: no-store` unless `extra_fields` or the policy name
/// that field. Of ResponseOptions, `body` and `upgrade` do not matter here. What the policy sets wins over
/// `extra_fields`.
void write_own_head(std::string& out, const http::OwnResponse& response, const http::ResponseOptions& options,
                    std::string_view date);

}  // namespace weir::http1
