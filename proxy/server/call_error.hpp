// Why a step of a call of an endpoint did not succeed, as the error that it is: the same for requests and for copies
// of them. `status` is anything but ok; `total_timeout`: timeouts.total ran out, not the time of the step. Pure; any
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/error.hpp"
#include "io/reactor.hpp"

namespace weir::server {

/// There is no connection.
Error connect_error(io::IoStatus status, bool total_timeout);
/// The request, or its body, could not be sent to its end.
Error send_error(io::IoStatus status, bool total_timeout);
/// No response head came.
Error receive_error(io::IoStatus status, bool total_timeout);

/// The endpoint reset the stream with this code (RFC 9113 7): the words for it.
std::string reset_text(std::uint32_t code);
/// A response that did not come to its end; `reset_code` as EndpointWire says.
Error cut_error(std::optional<std::uint32_t> reset_code);

}  // namespace weir::server
