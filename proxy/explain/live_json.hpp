// PresentFacts as JSON: the member `live` of what `weir explain --live --json` prints. Pure.
#pragma once

#include <boost/json/object.hpp>

#include "explain/present_facts.hpp"

namespace weir::control {

boost::json::object live_json(const PresentFacts& facts);

}  // namespace weir::control
