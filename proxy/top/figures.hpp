// Numbers and bars as people read them. Pure; any thread.
#pragma once

#include <optional>
#include <string>

#include "top/model.hpp"

namespace weir::top {

/// 0, 0.4, 12, 1,204; `-`: nothing was measured.
std::string rate_text(std::optional<double> per_second);
/// 0.3 ms, 12 ms, 1.4 s; `-`.
std::string milliseconds_text(std::optional<double> value);
/// 12.5 %; `share` from 0 to 1.
std::string percent_text(double share);
std::string count_text(std::optional<double> value);
/// 42s, 3m 7s, 2h 30m.
std::string duration_text(double seconds);
/// HH:MM:SS of an RFC 3339 time; the whole text where it is none.
std::string clock_text(std::string_view time);
/// Seconds between two RFC 3339 times in UTC; nothing where one is none.
std::optional<double> seconds_between(std::string_view from, std::string_view to);

/// The newest points, one column each, the highest one full; without `unicode` in ASCII.
std::string sparkline(const Points& points, std::size_t columns, bool unicode);
/// A bar of `columns`, filled up to `share`.
std::string bar(double share, std::size_t columns, bool unicode);

}  // namespace weir::top
