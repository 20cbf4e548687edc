#include "upstream/operator_state.hpp"

#include <algorithm>
#include <array>

namespace weir::upstream {
namespace {

struct Row {
  OperatorState state;
  std::string_view name;
  std::uint8_t bits;  // of Out
};

constexpr std::array<Row, 3> rows{{
    {OperatorState::active, "active", 0},
    {OperatorState::drain, "drain", out_drain},
    {OperatorState::disabled, "disabled", out_disabled},
}};

const Row& row_of(OperatorState state) {
  return *std::ranges::find(rows, state, &Row::state);
}

}  // namespace

std::string_view name_of(OperatorState state) {
  return row_of(state).name;
}

std::optional<OperatorState> parse_operator_state(std::string_view name) {
  const auto found = std::ranges::find(rows, name, &Row::name);
  if (found == rows.end()) return std::nullopt;
  return found->state;
}

OperatorState operator_state(const EndpointState& endpoint) {
  const auto out = endpoint.out.load(std::memory_order_relaxed);
  if ((out & out_disabled) != 0) return OperatorState::disabled;
  return (out & out_drain) != 0 ? OperatorState::drain : OperatorState::active;
}

void set_operator_state(EndpointState& endpoint, OperatorState state) {
  std::uint8_t before = endpoint.out.load(std::memory_order_relaxed);
  std::uint8_t after = 0;
  do {
    after = static_cast<std::uint8_t>((before & ~out_by_operator) | row_of(state).bits);
  } while (!endpoint.out.compare_exchange_weak(before, after, std::memory_order_relaxed));
}

bool all_taken_out(std::span<const Candidate> candidates) {
  return std::ranges::all_of(candidates,
                             [](const Candidate& candidate) { return candidate.state->taken_out(); });
}

std::string_view shown_state(const EndpointState& endpoint) {
  const OperatorState said = operator_state(endpoint);
  if (said != OperatorState::active) return name_of(said);
  const auto out = endpoint.out.load(std::memory_order_relaxed);
  if ((out & out_check_failed) != 0) return "check_failed";
  if ((out & out_check_pending) != 0) return "check_pending";
  switch (endpoint.health.state()) {
    case health::State::healthy:
      return "healthy";
    case health::State::ejected:
      return "ejected";
    case health::State::half_open:
      return "half_open";
  }
  return {};
}

}  // namespace weir::upstream
