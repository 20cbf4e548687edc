// Who the client is, and what we tell the endpoint about it: X-Forwarded-*, Forwarded, X-Real-IP. Only peers in
// `trusted_proxies` are believed; from anybody else these fields are replaced. Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/ip.hpp"
#include "http/head.hpp"

namespace weir::http {

struct ForwardedFacts {
  IpAddress client_ip;          // the right-most address that is not a trusted proxy (or the peer)
  std::string forwarded_for;    // X-Forwarded-For to send: appended to when the peer is trusted, replaced else
  std::string_view proto;       // from a trusted peer's X-Forwarded-Proto (http|https only), or the connection's
  std::string_view host;        // from a trusted peer's X-Forwarded-Host (if a valid authority), or Host
  std::string_view port;        // from a trusted peer's X-Forwarded-Port (1..65535), or `local_port`
  bool peer_trusted = false;
};

/// `peer`: who is connected to us (after a PROXY header). `tls`: the connection to us is TLS. `local_port`:
/// decimal text. Reads X-Forwarded-For (all fields, right to left, at most 64 hops) or, where that is absent,
/// Forwarded (RFC 7239, its for=). Malformed members end the walk. Result views live as long as head and
/// local_port. `out` is reused.
void evaluate_forwarded(const RequestHead& head, const IpAddress& peer, bool tls, std::string_view local_port,
                        std::span<const Cidr> trusted, ForwardedFacts& out);

/// True when `text` is acceptable as an X-Request-Id from a trusted peer: 1..128 of [A-Za-z0-9._-].
bool valid_request_id(std::string_view text);
/// True when `text` is a valid version-00 W3C traceparent with non-zero ids, lower-case hex.
bool valid_traceparent(std::string_view text);

}  // namespace weir::http
