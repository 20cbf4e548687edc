// LiveFacts as JSON: the member `live` of what `weir explain --live --json` prints. Pure.
#pragma once

#include <boost/json/object.hpp>

#include "explain/live_facts.hpp"

namespace weir::control {

boost::json::object live_json(const LiveFacts& facts);

}  // namespace weir::control
