// The decision table of a rollout: what follows from how things stand, in one fixed order. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>

#include "rollout/settings.hpp"

namespace weir::rollout {

/// Why a rollout does not go on by itself.
enum class Held : std::uint8_t { shared_cause, suspicious, low_traffic };

inline constexpr Milliseconds canary_down_max{5'000};
/// How often a suspicious step is prolonged by a quarter of its hold.
inline constexpr std::uint32_t prolongations_max = 4;

struct Facts {
  Milliseconds canary_down{0};   // no usable endpoint, while the stable target has one
  bool is_shared_cause = false;  // seen now
  Milliseconds calm{0};          // not seen, since it was
  bool is_worse = false;         // evidence at the limit, in a family whose difference is material
  bool is_tolerated = false;     // evidence at the limit, in none
  bool is_suspicious = false;    // evidence at a tenth of the limit, and material
  bool is_noted = false;         // `tolerated` was said in this rollout
  bool is_operator_hold = false;
  std::optional<Held> held;
  bool is_hold_over = false;  // with its prolongations
  bool is_max_hold_over = false;
  bool has_enough = false;  // units of the canary, in this step
  std::uint32_t prolongations = 0;
  OnLowTraffic on_low_traffic = OnLowTraffic::hold;
};

enum class Verdict : std::uint8_t {
  nothing,
  roll_back_down,  // the canary has no usable endpoint
  hold_shared_cause,
  resume,  // the shared cause is over
  roll_back_worse,
  note_tolerated,
  next_step,
  prolong,
  hold_suspicious,
  hold_low_traffic,
  promote_unproven,  // max_hold without enough units, as on_low_traffic says
  roll_back_unproven,
};

/// The first that holds:
///   1 no usable canary endpoint for 5 s             -> roll_back_down; no statistics are needed
///   2 a shared cause                                -> hold_shared_cause; calm for 30 s -> resume; in between nothing
///   3 evidence at the limit, material               -> roll_back_worse; also while held, and while an operator holds
///   4 evidence at the limit, within what is tolerated -> note_tolerated, once; goes on
///   5 an operator holds, or the hold is not over    -> nothing
///   6 too few units                                 -> hold_low_traffic; never a pass; after max_hold as settings say
///   7 evidence at a tenth of the limit, material    -> prolong, four times; then hold_suspicious
///   8 otherwise                                     -> next_step
Verdict decide(const Facts& facts);

}  // namespace weir::rollout
