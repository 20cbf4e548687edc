// Shares of requests as the configuration writes them, in percent with up to four decimals: 10, 0.5, 33.3333. Pure; any
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::config {

/// `0` to `100`, in millionths (mirror_share_whole). Nothing for signs, exponents, more decimals and anything else.
std::optional<std::uint32_t> parse_percent(std::string_view text);
/// The shortest form that parse_percent reads back.
std::string format_percent(std::uint32_t share);
/// The same of basis points (rollout_whole): `5`, `0.25`.
std::string format_share(std::uint32_t basis_points);

}  // namespace weir::config
