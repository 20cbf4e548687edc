// PUT /api/v1/upstreams/NAME/endpoints/ADDRESS: its body, read strictly, its ADDRESS, and the words of a refusal. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "upstream/operator_state.hpp"

namespace weir::control {

struct EndpointRequest {
  upstream::OperatorState state = upstream::OperatorState::active;
  std::string reason, who;
  std::optional<std::string> generation;  // only while this one is in use: its number or tag
};

/// The request, or everything that is wrong with it.
std::variant<EndpointRequest, std::vector<std::string>> parse_endpoint_request(std::string_view body);

/// A part of a path with its percent-encoding taken off; as it is where that is broken, which names nothing.
std::string decoded(std::string_view part);
/// As decoded() takes it back: for an address or a name in a path.
std::string encoded(std::string_view part);

/// `a, b and c`; of many the first known_shown_max, and how many more there are; `none` of none.
inline constexpr std::size_t known_shown_max = 20;
std::string listed(std::span<const std::string> names);

}  // namespace weir::control
