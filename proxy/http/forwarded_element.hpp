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

/// One Forwarded element (`for="[2001:db8::1]:4711";proto=https;host=app.test`). Views into it, or constants.
struct ForwardedElement {
  std::string_view node = "unknown";  // address of for=, without brackets and port; "unknown": none, hidden
  std::string_view proto, host;       // as written, without quotes; empty: none
};

/// An element that is malformed or names a parameter twice (RFC 7239 4) says nothing.
ForwardedElement parse_forwarded_element(std::string_view element);

}  // namespace weir::http
