// The bodies of POST and PUT /api/v1/routes/NAME/rollout, read strictly: what is wrong is said member by member. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "rollout/settings.hpp"

namespace weir::control {

/// {"steps":[1,10,50],"keep":true,"reason":..,"who":..,"generation":..}; all of them, and the body, may be left out.
struct RolloutStartRequest {
  std::vector<rollout::Share> steps;  // empty: those of the configuration
  bool keep = false;
  std::string reason, who;
  std::optional<std::string> generation;  // only while this one is in use: its number or tag
};
std::variant<RolloutStartRequest, std::vector<std::string>> parse_rollout_start(std::string_view body);

/// {"action":"hold|resume|promote|rollback","to":50,"reason":..,"who":..,"generation":..}; `to` with promote only, and
/// with rollback there has to be a reason.
struct RolloutChangeRequest {
  std::string action;
  std::optional<rollout::Share> to;
  std::string reason, who;
  std::optional<std::string> generation;
};
std::variant<RolloutChangeRequest, std::vector<std::string>> parse_rollout_change(std::string_view body);

}  // namespace weir::control
