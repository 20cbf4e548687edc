// State of one endpoint by active checks: pending until one has passed, then passing or failing with a threshold in
// each direction. Independent of passive health: a check neither causes nor ends an ejection. Pure: no sockets, no
// clock, randomness is passed in. Belongs to the caller that runs the checks (one thread).
//
//   pending --one check passed--> passing             (the first success counts alone)
//   pending, passing --unhealthy_threshold failed in a row--> failing
//   failing --healthy_threshold passed in a row--> passing
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "config/model.hpp"
#include "core/clock.hpp"

namespace weir::health {

enum class CheckState : std::uint8_t {
  pending,  // nothing is known yet: no traffic unless no other can take it
  passing,
  failing,
};
std::string_view to_string(CheckState state);

/// What a check changed; the caller puts it in force and reports it.
enum class CheckChange : std::uint8_t {
  none,
  first_pass,  // pending -> passing
  out,         // -> failing
  back,        // failing -> passing
};

class ActiveHealth {
 public:
  explicit ActiveHealth(CheckState state) : state_(state) {}

  CheckState state() const { return state_; }
  /// How many checks in a row ended as the last one did, since the thresholds last started.
  std::uint32_t in_a_row() const { return in_a_row_; }

  CheckChange report(bool passed, const config::HealthCheck& settings);
  /// The settings have changed: counting starts again, the verdict stays.
  void restart() { in_a_row_ = 0; }
  /// It was not checked for a while: whatever was known is old.
  void forget() { *this = ActiveHealth(CheckState::pending); }

 private:
  CheckState state_;
  bool last_passed_ = false;
  std::uint32_t in_a_row_ = 0;
};

/// `status` is one of those that a check expects.
bool is_expected(const std::vector<config::StatusRange>& expect, int status);

inline constexpr int check_jitter_percent = 10;
/// Time to the next check: `interval`, up to check_jitter_percent shorter or longer, evenly by `random` (any 64 bits),
/// so that neither endpoints nor several Weirs stay in step.
Milliseconds jittered(Milliseconds interval, std::uint64_t random);

}  // namespace weir::health
