// `weir events`: the events that a running Weir keeps, and with `follow` new ones as they come. Main thread of that
// command; blocking.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

#include "cli/client.hpp"

namespace weir::control {

inline constexpr std::size_t event_line_bytes_max = 64 * 1024;  // of a stream; longer ones end it

/// One line an event: time, level and text; with `as_json` the object. With `follow` until the server ends the
/// stream, which it does when it shuts down.
ClientOutcome show_events(const AdminTarget& target, bool follow, bool as_json, std::ostream& out,
                          std::ostream& err);

/// `2026-01-31T12:00:00.000Z warn  ejected blue/...` from an event's JSON object; empty when it is none.
std::string event_line(std::string_view json);

}  // namespace weir::control
