// When `weir rollout watch` and `start --wait` are done, and what they say meanwhile: a pure machine over what was seen
// and the time that has passed since it began.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/rollout_seen.hpp"
#include "core/clock.hpp"

namespace weir::control {

class RolloutWait {
 public:
  static constexpr Milliseconds pause{500};               // between two looks
  static constexpr Milliseconds progress_every{10'000};   // a line at least this often
  static constexpr Milliseconds unreachable_max{60'000};  // Weir may be restarted meanwhile

  enum class Next : std::uint8_t {
    look_again,  // after `pause`
    finished,
    rolled_back,
    ended,      // without a verdict, or another one was started
    timed_out,  // it still runs, or is held
    lost,       // nothing has answered for unreachable_max
  };
  struct Step {
    Next next = Next::look_again;
    std::vector<std::string> sentences;  // of what it did since the last look
    std::string progress;                // a line for people; empty: nothing new
  };

  /// `id`: of the rollout that is waited for. `timeout`: nothing means for as long as it takes. What it did up to
  /// number `said` is not repeated.
  RolloutWait(std::uint64_t id, std::optional<Milliseconds> timeout, std::uint64_t said = 0)
      : id_(id), timeout_(timeout), said_(said) {}

  /// `elapsed`: since the start, never less than before.
  Step saw(const RolloutSeen& seen, Milliseconds elapsed);
  /// Nothing answered.
  Step saw_nothing(Milliseconds elapsed);

 private:
  bool is_over(Milliseconds elapsed) const { return timeout_ && elapsed >= *timeout_; }

  const std::uint64_t id_;
  const std::optional<Milliseconds> timeout_;
  std::uint64_t said_;
  Milliseconds next_progress_{0}, seen_at_{0};
  std::string last_state_;
};

}  // namespace weir::control
