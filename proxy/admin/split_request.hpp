// The body of PUT /api/v1/routes/NAME/split, read strictly: what is wrong is said member by member. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/model.hpp"
#include "core/clock.hpp"
#include "split/state.hpp"

namespace weir::control {

struct SplitRequest {
  split::NamedWeights weights;  // as written
  std::string reason, who;
  std::optional<Milliseconds> ttl;
  bool abort_rollout = false;             // that runs on the route; without it that is refused
  std::optional<std::string> generation;  // only while this one is in use: its number or tag
};

/// The request, or everything that is wrong with it.
std::variant<SplitRequest, std::vector<std::string>> parse_split_request(std::string_view body);

/// `weights` in the order of `configured`, which must have the same names, not all 0; or what is wrong.
std::variant<split::NamedWeights, std::vector<std::string>> match_weights(
    const split::NamedWeights& weights, const split::NamedWeights& configured);

}  // namespace weir::control
