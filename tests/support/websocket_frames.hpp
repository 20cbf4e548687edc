// WebSocket frames as bytes (RFC 6455 5.2), and the handshake of its example. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::testing {

constexpr std::string_view websocket_upgrade_fields =
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Version: 13\r\n";
constexpr std::string_view websocket_accept_value = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// `first` is the first byte: FIN bit and opcode.
std::string plain_frame(std::uint8_t first, std::string_view payload);
/// As a client sends it.
std::string masked_frame(std::uint8_t first, std::string_view payload);

}  // namespace weir::testing
