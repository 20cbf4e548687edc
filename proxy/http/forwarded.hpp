// Who the client is, and what the endpoint gets about it: X-Forwarded-*, Forwarded, X-Real-IP. Only peers
// in `trusted_proxies` are trusted; from other peers these fields are replaced. Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/ip.hpp"
#include "http/head.hpp"

namespace weir::http {

inline constexpr std::size_t forwarded_hops_max = 64;  // received members that are looked at and kept
inline constexpr std::size_t forwarded_for_bytes_max = 2 * 1024;  // of the X-Forwarded-For that we send

struct ForwardedFacts {
  IpAddress client_ip;        // the right-most address that is not a trusted proxy (or the peer)
  std::string forwarded_for;  // X-Forwarded-For to send: appended to when the peer is trusted, replaced else
  std::string_view
      proto;  // http or https, of a trusted peer's X-Forwarded-Proto or Forwarded, or the connection's
  std::string_view host;  // a trusted peer's X-Forwarded-Host or Forwarded (if a valid authority), or Host
  std::string_view port;  // from a trusted peer's X-Forwarded-Port (1..65535), or `local_port`
  bool peer_trusted = false;
};

/// `peer`: who is connected to us (after a PROXY header). `tls`: the connection to us is TLS. `local_port`:
/// decimal text. Result views live as long as head and local_port. `out` is reused.
///
/// From a trusted peer, X-Forwarded-For is read (all fields as one list, from the right) or, where that is
/// absent, Forwarded (RFC 7239: its for=, and of the element that names the client its proto= and host=, which
/// X-Forwarded-Proto and -Host outrank). The walk goes left over trusted proxies and ends at the first
/// address that is not one: the client. A member that is no address (`unknown`, an obfuscated identifier,
/// anything malformed) also ends it: then the client is the last address that was certain. Ports are accepted
/// and ignored. The list that is sent keeps the members as received (those of Forwarded become plain
/// addresses, or `unknown`); past forwarded_hops_max or forwarded_for_bytes_max the oldest, on the left, go
/// first. A field of X-Forwarded-Proto, -Host or -Port that occurs twice or lists several values is ambiguous
/// and not trusted.
void evaluate_forwarded(const RequestHead& head, const IpAddress& peer, bool tls, std::string_view local_port,
                        std::span<const Cidr> trusted, ForwardedFacts& out);

/// True when `text` is acceptable as an X-Request-Id from a trusted peer: 1..128 of [A-Za-z0-9._-].
bool valid_request_id(std::string_view text);
/// True when `text` is a valid version-00 W3C traceparent with non-zero ids, lower-case hex.
bool valid_traceparent(std::string_view text);

}  // namespace weir::http
