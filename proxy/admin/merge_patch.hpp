// What has changed between two JSON objects, as a JSON Merge Patch (RFC 7396): members that are new or differ, null for
// those that are gone. Lists are replaced as a whole, and no member may be null. Pure; any thread.
#pragma once

#include <boost/json/object.hpp>

namespace weir::control {

/// Applied to `before` it makes `after`; empty where nothing differs.
boost::json::object merge_patch(const boost::json::object& before, const boost::json::object& after);

}  // namespace weir::control
