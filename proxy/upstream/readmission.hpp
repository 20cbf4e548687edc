// Ejections that end before their time, without a probe: an operator ends them, a reload switched passive health off or
// made them shorter, or all endpoints share the fault. Pure; any thread. It only ever puts endpoints back,
// so no EjectionGuard is needed to keep the rules of ejection.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "config/model.hpp"
#include "core/clock.hpp"
#include "upstream/endpoint.hpp"

namespace weir::upstream {

/// Back in use with nothing held against it, from `now` on in service; `why` for people. False when it is not out by
/// passive health.
bool end_ejection(EndpointState& endpoint, TimePoint now, const std::string& why);

/// What a configuration that takes over makes of an ejection that runs.
enum class Adjusted : std::uint8_t { kept, shortened, ended };
/// Ends it where passive health is off now. Otherwise none lasts longer than the settings' longest from `now` on.
Adjusted adjust_ejection(EndpointState& endpoint, const config::PassiveHealth& settings, TimePoint now);

/// Puts those back that are out and whose ejection was due for `failure` at `since` or later; that ejection does not
/// count in their row. How many.
std::size_t readmit_alike(std::span<const Candidate> candidates, std::uint16_t failure, TimePoint since,
                          TimePoint now);

/// Puts all back but backups that passive health took out, as their stand-in fails, too; that ejection does not count
/// in their row. How many.
std::size_t readmit_primaries(std::span<const Candidate> candidates, TimePoint now);

}  // namespace weir::upstream
