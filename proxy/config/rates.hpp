// Rates and the keys that distinguish requests, as the configuration writes them: 10/s, header:X-Api-Key. Pure;
// any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/model.hpp"

namespace weir::config {

/// `10/s`, `600/m`, `1/h`, `5/d`: a whole number above 0. Nothing on anything else.
std::optional<Rate> parse_rate(std::string_view text);
/// The form that parse_rate reads back.
std::string format_rate(const Rate& rate);

/// `client_ip`, `host`, `path`, `route`, `header:NAME`, `cookie:NAME`; names are tokens.
std::optional<RateLimitKey> parse_rate_limit_key(std::string_view text);
std::string format_rate_limit_key(const RateLimitKey& key);

/// The same for an upstream's hash_key: `client_ip`, `path`, `header:NAME`, `cookie:NAME`.
std::optional<HashKey> parse_hash_key(std::string_view text);
std::string format_hash_key(const HashKey& key);

}  // namespace weir::config
