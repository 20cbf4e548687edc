// Numbers as the sentences of a rollout show them. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "core/clock.hpp"

namespace weir::rollout {

/// `1,874`.
std::string grouped(std::uint64_t number);
/// Of basis points: `5 %`, `0.5 %`, `0.25 %`.
std::string percent(std::uint32_t basis_points);
/// `part` of `total`: `7.1 %`, below a tenth of a percent with another digit; `0.0 %` of nothing.
std::string percent_of(std::uint64_t part, std::uint64_t total);
/// `41 s`, `12 min 5 s`, `3 h 20 min`; below ten seconds with tenths.
std::string how_long(Milliseconds time);

}  // namespace weir::rollout
