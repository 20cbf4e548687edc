// Time as the whole program uses it. Policy code takes a TimePoint argument and never reads a clock; the
// worker reads the clock once per loop turn.
#pragma once

#include <chrono>

namespace weir {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = Clock::duration;
using Milliseconds = std::chrono::milliseconds;

}  // namespace weir
