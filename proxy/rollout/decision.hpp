// What a rollout did, and the numbers that made it: an event. Plain values; any thread.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "rollout/evidence.hpp"
#include "rollout/recent.hpp"

namespace weir::rollout {

enum class Kind : std::uint8_t { started, step, held, resumed, noted, rolled_back, finished };
enum class Cause : std::uint8_t {
  none,
  shared_cause,
  suspicious,
  low_traffic,
  operator_asked,
  prolonged,               // noted: a suspicious step has another quarter of its hold
  worse_within_tolerance,  // noted
  evidence,                // rolled back
  canary_down,             // rolled back
};
/// As events, metrics and logs name them: `rolled_back`, `shared_cause`.
std::string_view to_string(Kind kind);
std::string_view to_string(Cause cause);

struct Decision {
  Kind kind = Kind::started;
  Cause cause = Cause::none;
  Share from = 0, to = 0;  // of the canary; different: `weights` have to be published
  Weights weights;
  std::uint32_t publication = 0;

  Milliseconds rollout_time{0}, step_time{0};
  Milliseconds counted_time{0};  // what `totals` cover
  SideTotals totals;             // of the step; with evidence, since the canary seems to be worse
  Family family = Family::failures;
  double evidence = 0, limit = 0;
  std::array<std::optional<Microseconds>, side_count> p95;
  std::optional<Share> jump;  // what would have been noticed, where that can be said
  std::uint64_t canary_requests = 0, canary_clients = 0;  // of the step
  Outcomes recent;       // of the comparison side, in ten seconds: what a shared cause was seen by
  std::string reason;    // an operator's, may be empty
  std::string sentence;  // all of it for people
};

/// What `Decision::sentence` says.
std::string sentence(const Decision& decision, const Settings& settings, const Names& names);

}  // namespace weir::rollout
