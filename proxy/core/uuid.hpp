// Request ids and trace ids: UUIDv7 (RFC 9562 5.7) and W3C traceparent. Randomness and time are passed in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/rng.hpp"

namespace weir {

inline constexpr std::size_t uuid_length = 36;
inline constexpr std::size_t traceparent_length = 55;

/// Writes the 36 characters of a UUIDv7 for `unix_ms` to `out`.
void write_uuid_v7(std::uint64_t unix_ms, Rng& rng, char* out);
/// Writes `00-<32 hex>-<16 hex>-01` (55 characters) with fresh non-zero ids to `out`.
void write_traceparent(Rng& rng, char* out);

}  // namespace weir
