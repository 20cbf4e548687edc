// Parts of the admin address's reports as JSON objects, for those who put them together: json.hpp, split_report.hpp and
// event_text.hpp say what is in them. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "admin/backend.hpp"
#include "admin/rollout_report.hpp"
#include "observe/events.hpp"

namespace weir::control {

/// 2026-01-31T23:59:59.123Z
std::string time_text(SystemTime time);
std::string_view state_name(RunState state);
/// {"success","at","error"}
boost::json::object last_reload(const StatusReport& report);
/// {"state","generation","since","until","text"} of the last watched reload; {"state":"none"} of none
boost::json::object to_object(const GuardReport& guard);
boost::json::object to_object(const limit::Overload& overload);
boost::json::object to_object(const EndpointReport& endpoint);
boost::json::object to_object(const config::Changes& changes);
boost::json::object to_object(const SplitReport& report, SystemTime now);
boost::json::object to_object(const RolloutReport& report);
boost::json::object to_object(const observe::Event& event);

}  // namespace weir::control
