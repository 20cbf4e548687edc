// The PROXY header, v1 and v2 (haproxy.org/download/2.6/doc/proxy-protocol.txt), as a pure function over the
// first bytes of a connection. Any thread; nothing is kept between calls. What cannot become a valid header
// is refused at its first impossible byte, so a client with another protocol is not waited for.
#pragma once

#include <cstddef>
#include <string_view>

#include "core/error.hpp"
#include "core/ip.hpp"

namespace weir::listen {

inline constexpr std::size_t proxy_header_bytes_max = 4096;    // v2 with TLVs; longer is refused
inline constexpr std::size_t proxy_v1_header_bytes_max = 107;  // section 2.1, CRLF included

struct ProxyHeader {
  std::size_t bytes = 0;     // length of the header; 0: more bytes are needed
  bool has_address = false;  // false: the peer itself is the client
  SocketAddress source;
  SocketAddress destination;
};

/// Reads the header at the start of `bytes`; what follows it is not looked at. Without an address, though
/// valid: v1 UNKNOWN; v2 LOCAL (whatever family it names, section 2.2), v2 PROXY of AF_UNSPEC or an AF_UNIX
/// stream. Refused: datagrams, unassigned families and commands, an address block that is too short, text
/// addresses and ports that are not canonical decimals. TLVs are skipped unread. IPv4-mapped addresses are
/// folded. Errors: malformed_request (Origin::client).
Result<ProxyHeader> parse_proxy_header(std::string_view bytes);

}  // namespace weir::listen
