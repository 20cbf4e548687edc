#include "cli/drain_wait.hpp"

#include <algorithm>

#include "core/units.hpp"
#include "upstream/operator_state.hpp"

namespace weir::control {

DrainWait::Step DrainWait::saw(std::string_view state, std::uint64_t in_flight, Milliseconds elapsed) {
  Step step;
  const auto said = upstream::parse_operator_state(state);
  if (!said || *said == upstream::OperatorState::active) {
    step.next = Next::taken_back;
    return step;
  }
  if (in_flight == 0) {
    step.next = Next::drained;
    return step;
  }
  if (elapsed >= timeout_) {
    step.next = Next::timed_out;
    return step;
  }
  if (in_flight != last_in_flight_ || elapsed >= next_progress_) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(elapsed).count();
    step.progress = std::to_string(in_flight) + " in flight, " + std::to_string(seconds) + "s of " +
                    format_duration(timeout_);
    last_in_flight_ = in_flight;
    next_progress_ = elapsed + progress_every;
  }
  step.pause = std::min(pause_, timeout_ - elapsed);
  pause_ = std::min(2 * pause_, pause_max);
  return step;
}

}  // namespace weir::control
