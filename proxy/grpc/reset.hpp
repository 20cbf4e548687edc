// What a stream that its server resets says of the call on it (gRPC's PROTOCOL-HTTP2, "Errors"). Pure; any thread.
#pragma once

#include <cstdint>

#include "grpc/status.hpp"

namespace weir::grpc {

/// `code`: of RST_STREAM (RFC 9113 7). A status for every one: those that gRPC or HTTP does not know are internal.
Status status_of_reset(std::uint32_t code);

}  // namespace weir::grpc
