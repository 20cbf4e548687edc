// What of a snapshot the stream of the admin page shows: names, and facts about routes, limits and certificates. Pure,
// but for the tables of limits, whose sizes are read; control thread.
#pragma once

#include <deque>
#include <string>

#include "admin/live_facts.hpp"
#include "server/snapshot.hpp"

namespace weir::control {

observe::ShownNames shown_names(const server::Snapshot& snapshot);

/// Routes, limits, certificates and what was left out of the bounds; the rest is its caller's. `audit`: lines, newest
/// last.
LiveFacts live_facts(const server::Snapshot& snapshot, const std::deque<std::string>& audit);

}  // namespace weir::control
