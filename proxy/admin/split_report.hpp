// What the admin address answers about a route's split, and the call that changes its weights. Values; to_json is
// pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "admin/backend.hpp"

namespace weir::control {

/// {"route","generation","tag","source":"file|runtime","affinity","persistent","targets":[{"upstream","configured",
///  "runtime","effective","share","endpoints":{"healthy","total"}}],"who","reason","since","expires","ttl_seconds"};
/// from "who" on only with source runtime, `runtime` null otherwise.
std::string to_json(const SplitReport& report, SystemTime now);
/// {"splits":[...]}
std::string to_json(const std::vector<SplitReport>& reports, SystemTime now);

}  // namespace weir::control
