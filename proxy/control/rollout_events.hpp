// What a rollout did, as an event: in the log, among /api/v1/events, with its numbers. Any thread; takes the mutex of
// events.
#pragma once

#include <string>

#include "rollout/decision.hpp"

namespace weir::control {

void emit_decision(const rollout::Decision& decision, const rollout::Names& names);
/// It began at its first step again: the canary has a new deployment, or clients have other sides.
void emit_restarted(const rollout::Names& names, std::string cause, std::string sentence);
/// It ended without a verdict.
void emit_aborted(const rollout::Names& names, std::string cause, std::string sentence);

}  // namespace weir::control
