// Retry-After (RFC 9110 10.2.3): a number of seconds, or a date (5.6.7) in any of the three forms that a recipient must
// understand. Pure: the present is passed in. Any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace weir::http {

/// The longest pause that is read; more seconds, or a later date, are as long as this one.
inline constexpr std::chrono::seconds retry_after_max = std::chrono::hours(24);

/// From `now` on; 0 for what is neither form, and for a date that has passed.
std::chrono::seconds retry_after(std::string_view value, std::chrono::system_clock::time_point now);

/// HTTP-date: IMF-fixdate, RFC 850 (a year that looks more than 50 years ahead of `now` is of the past century), or
/// asctime. The day of the week is not compared.
std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text,
                                                        std::chrono::system_clock::time_point now);

}  // namespace weir::http
