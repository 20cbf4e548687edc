// A path with an encoded slash has two readings: servers differ on whether `%2F` separates segments. Rules judge one,
// so a request passes only where the other would have been treated alike: the same route, and with it the same access
// lists, limits and rewrite. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "config/model.hpp"
#include "core/error.hpp"
#include "route/table.hpp"

namespace weir::route {

/// RouteTable::find for `request`, whose path is normalised. `decoded` becomes its other reading, empty where there is
/// none. Error: malformed_request where that has another route, or is no path.
Result<std::size_t> find_for_all_readings(const RouteTable& table, const Request& request,
                                          std::string& decoded);

/// The path of which keys are made (rate limits, hashes): one for both readings, so that an encoded slash gives no
/// further bucket.
inline std::string_view key_path(std::string_view judged, std::string_view decoded) {
  return decoded.empty() ? judged : decoded;
}

/// What the endpoint gets of the path that came as `received` and is `judged` in its normalised form, where nothing
/// rewrites it. `resolved` becomes `received` without its dot segments, where it has any; `sent` is a view of one of
/// the two. Error: malformed_request for a path that `form` refuses.
Result<void> choose_sent_path(config::PathForm form, std::string_view received, std::string_view judged,
                              std::string& resolved, std::string_view& sent);

}  // namespace weir::route
