// Units as the configuration writes them: 250ms 5s 10m 1h, 16KiB 10MiB. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.hpp"

namespace weir {

/// `250ms`, `5s`, `10m`, `1h`, `2d`, or a bare `0`. Nothing for anything else, negatives and more than 10 years.
std::optional<Milliseconds> parse_duration(std::string_view text);
/// `512B`, `16KiB`, `10MiB`, `1GiB`, or a bare byte count. Nothing on overflow past 2^53.
std::optional<std::uint64_t> parse_size(std::string_view text);
/// The shortest exact form that the parsers read back.
std::string format_duration(Milliseconds duration);
std::string format_size(std::uint64_t bytes);

}  // namespace weir
