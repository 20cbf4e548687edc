// When `weir endpoint drain --wait` is done, and what it says meanwhile: a pure machine over what was seen and the
// time that has passed since it began.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/clock.hpp"

namespace weir::control {

class DrainWait {
 public:
  static constexpr Milliseconds first_pause{50};         // between two looks; doubles up to ...
  static constexpr Milliseconds pause_max{1000};         // ... this
  static constexpr Milliseconds progress_every{10'000};  // a line at least this often

  enum class Next : std::uint8_t {
    look_again,  // after `pause`
    drained,     // nothing is in flight
    timed_out,
    taken_back,  // an operator put the endpoint back into use
  };
  struct Step {
    Next next = Next::look_again;
    Milliseconds pause{};
    std::string progress;  // a line for people; empty: nothing new
  };

  explicit DrainWait(Milliseconds timeout) : timeout_(timeout) {}

  /// `state` as status shows it. `elapsed`: since the start, never less than before.
  Step saw(std::string_view state, std::uint64_t in_flight, Milliseconds elapsed);

 private:
  const Milliseconds timeout_;
  Milliseconds pause_ = first_pause;
  Milliseconds next_progress_{};
  std::uint64_t last_in_flight_ = 0;
};

}  // namespace weir::control
