// The status of a gRPC call (gRPC's statuscodes.md), and what the statuses of HTTP and Weir's own errors are in it.
// Pure; any thread; depends on core's errors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace weir::grpc {

enum class Status : std::uint8_t {
  ok = 0,
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  already_exists = 6,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  aborted = 10,
  out_of_range = 11,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  data_loss = 15,
  unauthenticated = 16,
};
inline constexpr std::size_t status_count = 17;

/// In lower case, as logs and metrics show it: `unavailable`.
std::string_view to_string(Status status);
/// As grpc-status says it: `14`.
std::string_view number_text(Status status);

/// A value of grpc-status: a number without a sign or a needless zero. Those above 16 are `unknown`, as clients read
/// them; nothing on what is no number of up to ten digits.
std::optional<Status> parse_status(std::string_view value);

/// What a client of gRPC makes of an HTTP status without grpc-status (gRPC's http-grpc-status-mapping.md), and of 431
/// the same as of 400.
Status status_of_http(int http_status);

/// What Weir says where it answers a call itself: what the error's HTTP status means, but where there is a better one:
/// 4 for a deadline, 8 for a body that is too large, 1 for a client that is gone or too slow.
Status status_of_error(ErrorKind kind);

/// Appends `text` as a value of grpc-message: printable ASCII without '%' as it is, all other bytes as %XX.
void append_message(std::string& out, std::string_view text);

}  // namespace weir::grpc
