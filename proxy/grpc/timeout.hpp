// The field grpc-timeout: how long a client of gRPC waits for a call (gRPC's PROTOCOL-HTTP2, "Timeout"). Pure; any
// thread; depends on core's durations.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

#include "core/clock.hpp"

namespace weir::grpc {

/// Longer timeouts are as good as this one, which can be added to a time without a thought.
inline constexpr Duration timeout_max = std::chrono::hours(24 * 365);

/// One to eight digits and a unit: H, M, S, m (milliseconds), u, n. Nothing on all else. 0 is a time that is over.
std::optional<Duration> parse_timeout(std::string_view value);

/// How long a side of a call with a deadline may be silent where a request may for `bound`: until the deadline, but no
/// longer than this, as anybody may say any deadline.
inline constexpr Duration silence_max = std::chrono::hours(1);
Duration silence_allowed(Duration bound, Duration timeout);

/// A value that is always as long, so that what is left may be written over what was left before: `00000950m`.
inline constexpr std::size_t timeout_text_bytes = 9;
using TimeoutText = std::array<char, timeout_text_bytes>;

/// In milliseconds, or in seconds where those have more than eight digits. Never more than `left`, but at least `1m`.
TimeoutText format_timeout(Duration left);

}  // namespace weir::grpc
