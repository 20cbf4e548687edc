#include "rollout/step_decision.hpp"

#include "rollout/shared_cause.hpp"

namespace weir::rollout {
namespace {

Verdict without_traffic(const Facts& facts) {
  if (facts.is_max_hold_over && !facts.is_suspicious) {
    if (facts.on_low_traffic == OnLowTraffic::promote) return Verdict::promote_unproven;
    if (facts.on_low_traffic == OnLowTraffic::rollback) return Verdict::roll_back_unproven;
  }
  return facts.held == Held::low_traffic ? Verdict::nothing : Verdict::hold_low_traffic;
}

Verdict while_suspicious(const Facts& facts) {
  if (facts.prolongations < prolongations_max) return Verdict::prolong;
  return facts.held == Held::suspicious ? Verdict::nothing : Verdict::hold_suspicious;
}

}  // namespace

Verdict decide(const Facts& facts) {
  if (facts.canary_down >= canary_down_max) return Verdict::roll_back_down;
  if (facts.held == Held::shared_cause) return facts.calm >= shared_calm ? Verdict::resume : Verdict::nothing;
  if (facts.is_shared_cause) return Verdict::hold_shared_cause;
  if (facts.is_worse) return Verdict::roll_back_worse;
  if (facts.is_tolerated && !facts.is_noted) return Verdict::note_tolerated;
  if (facts.is_operator_hold || !facts.is_hold_over) return Verdict::nothing;
  if (!facts.has_enough) return without_traffic(facts);
  if (facts.is_suspicious) return while_suspicious(facts);
  return Verdict::next_step;
}

}  // namespace weir::rollout
