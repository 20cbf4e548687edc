// Which requests are gRPC calls, and which come from browsers as gRPC-Web: Content-Type says it (gRPC's PROTOCOL-HTTP2
// and PROTOCOL-WEB). Pure; any thread; depends on http's alphabet.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::grpc {

/// `application/grpc`, alone or followed by `+` or `;`. Not gRPC-Web.
bool is_grpc(std::string_view content_type);

/// gRPC-Web: as bytes, or in base64 for clients that can only read text.
enum class Web : std::uint8_t { none, binary, text };

/// `application/grpc-web` and `application/grpc-web-text`, each alone or followed by `+` or `;`.
Web web_kind(std::string_view content_type);

/// The gRPC type that goes with one of gRPC-Web: `application/grpc+proto` for `application/grpc-web-text+proto`. Empty
/// where web_kind() is none.
std::string grpc_type(std::string_view web_type);

/// And back, for a response: `grpc_type` must pass is_grpc(), `kind` must not be none.
std::string web_type(std::string_view grpc_type, Web kind);

}  // namespace weir::grpc
