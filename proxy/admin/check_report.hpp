// What the admin address shows of active checks, from what the checker knows. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "admin/backend.hpp"
#include "observe/collector.hpp"
#include "server/checker.hpp"

namespace weir::control {

/// Nothing before the first check has ended.
std::optional<CheckSummary> check_summary(const std::optional<server::CheckReport>& report);

observe::CheckFacts check_facts(const upstream::EndpointState& endpoint, const server::CheckReport& report);

}  // namespace weir::control
