// The authority of a request: `host[:port]` as Host and absolute-form targets carry it (RFC 9110 7.2, RFC
// 3986 3.2). Strict: no userinfo, no empty host, no list. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace weir::http {

struct Authority {
  std::string_view host;              // without port; brackets kept for IPv6
  std::optional<std::uint16_t> port;  // absent where the text names none, or an empty one (RFC 3986 3.2.3)
};

/// Splits `text` where it is a registered name, an IPv4 address or a bracketed IPv6 address, with an optional
/// port of 0..65535. Nothing on anything else.
std::optional<Authority> parse_authority(std::string_view text);

/// `localhost` and names below it, in any case, with a trailing dot or not: always loopback (RFC 6761 6.3).
bool is_loopback_name(std::string_view name);

}  // namespace weir::http
