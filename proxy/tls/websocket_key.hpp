// The proof of a WebSocket handshake (RFC 6455 1.3, 4.2.2), for clients whose protocol has none: Weir opens the
// WebSocket to the endpoint in their place. Any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "core/rng.hpp"

namespace weir::tls {

inline constexpr std::size_t websocket_key_length = 24;  // 16 bytes in base64

/// A value of Sec-WebSocket-Key. It need not be secret: it keeps caches and servers without WebSockets from answering.
void make_websocket_key(Rng& rng, std::span<char, websocket_key_length> key);

/// The value of Sec-WebSocket-Accept that goes with `key`; empty only without memory.
std::string websocket_accept(std::string_view key);

}  // namespace weir::tls
