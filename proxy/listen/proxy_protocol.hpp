// The PROXY header, v1 and v2 (haproxy.org/download/2.6/doc/proxy-protocol.txt), as a pure function over the
// first bytes of a connection.
#pragma once

#include <cstddef>
#include <string_view>

#include "core/error.hpp"
#include "core/ip.hpp"

namespace weir::listen {

inline constexpr std::size_t proxy_header_bytes_max = 4096;  // v2 with TLVs; longer is refused

struct ProxyHeader {
  std::size_t bytes = 0;    // length of the header; 0: more bytes are needed
  bool has_address = false; // false for LOCAL (v2) and UNKNOWN (v1): the peer itself is the client
  SocketAddress source;
  SocketAddress destination;
};

/// Errors: malformed_request (Origin::client).
Result<ProxyHeader> parse_proxy_header(std::string_view bytes);

}  // namespace weir::listen
