// What `weir status` prints, from the JSON that the admin address answered. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>

namespace weir::control {

/// `status`: /api/v1/status with the array of /api/v1/upstreams as `upstreams`. Nothing when it is not of that
/// shape.
std::optional<std::string> status_text(const boost::json::object& status);

/// 42s, 3m 7s, 2h 30m, 5d 3h.
std::string uptime_text(std::uint64_t seconds);

}  // namespace weir::control
