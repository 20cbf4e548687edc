// `weir pause` and `weir resume`: the calls to the admin address and what they print. Main thread of the command.
#pragma once

#include <boost/json/object.hpp>
#include <iosfwd>
#include <optional>
#include <string>

#include "cli/client.hpp"
#include "core/clock.hpp"

namespace weir::control {

struct PauseSetting {
  std::string route;
  std::string max;     // 30s; empty: the default
  unsigned queue = 0;  // 0: the default
  std::string reason;
  bool wait = false;  // until no request runs that came before
  Milliseconds timeout{60'000};
};

/// Pauses the route. With `wait`: refused where requests still run after `timeout`, or where the pause ended before
/// they did; the route stays as it is.
ClientOutcome pause_route(const AdminTarget& target, const PauseSetting& setting, bool as_json,
                          std::ostream& out, std::ostream& err);
ClientOutcome resume_route(const AdminTarget& target, const std::string& route, const std::string& reason,
                           bool as_json, std::ostream& out, std::ostream& err);

/// `api: paused, 12 of at most 1024 requests wait, goes on in 21 s; by root@edge-1: restart`. Nothing where `pause` is
/// not of that shape. Pure.
std::optional<std::string> pause_line(const boost::json::object& pause);

}  // namespace weir::control
