// The routes in force as JSON, in matching order, in the shape of their YAML. Pure; any thread.
#pragma once

#include <string>

#include "config/model.hpp"

namespace weir::control {

/// GET /api/v1/routes: {"routes":[...]}, the `routes` of config::dump.
std::string routes_json(const config::Config& config);

}  // namespace weir::control
