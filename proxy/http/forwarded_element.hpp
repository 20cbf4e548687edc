// The text forms of one hop: a member of X-Forwarded-For and the for= of one Forwarded element (RFC 7239 4,
// 6). Pure; any thread.
#pragma once

#include <optional>
#include <string_view>

#include "core/ip.hpp"

namespace weir::http {

/// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:4711`; the port may be
/// obfuscated
/// (`:_x`). Nothing for anything else: names, `unknown`, `_hidden`.
std::optional<IpAddress> parse_node(std::string_view text);

/// The address of the for= of a Forwarded element (`for="[2001:db8::1]:4711";proto=https`), without brackets
/// and port; "unknown" where it has none, hides it or is malformed. A view into `element` or a constant.
std::string_view forwarded_for_node(std::string_view element);

}  // namespace weir::http
