// What an operator says of an endpoint, and what follows for requests: `drain` and `disabled` take no new one,
// whatever else is left. The words and the bits of EndpointState::out that stand for them. Pure; the control thread
// writes, any thread reads.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "upstream/endpoint.hpp"

namespace weir::upstream {

enum class OperatorState : std::uint8_t {
  active,    // nothing was said
  drain,     // what runs finishes; active checks go on
  disabled,  // the same, and it is not checked either
};

std::string_view name_of(OperatorState state);
/// Nothing on other words than `active`, `drain` and `disabled`.
std::optional<OperatorState> parse_operator_state(std::string_view name);

OperatorState operator_state(const EndpointState& endpoint);
/// One atomic step, which leaves alone what others say of the endpoint: on the way from `drain` to `disabled` it is
/// never active.
void set_operator_state(EndpointState& endpoint, OperatorState state);

/// No candidate may get a request: an operator took out each of them, or there are none.
bool all_taken_out(std::span<const Candidate> candidates);

/// What users are shown: an operator's word first, then what active checks say against it, then passive health.
std::string_view shown_state(const EndpointState& endpoint);

}  // namespace weir::upstream
