// A paused route as JSON. Pure.
#pragma once

#include <boost/json/object.hpp>

#include "admin/backend.hpp"

namespace weir::control {

/// {"route","state":"paused"|"resumed","waiting","queue","requests":{"let_go","timeout","left","refused"}}, and of one
/// that is paused "who","reason","since","until","seconds_left".
boost::json::object to_object(const PauseReport& report, SystemTime now);
/// The same with "running": the requests that came before the pause.
std::string to_json(const PauseReport& report, SystemTime now);

}  // namespace weir::control
