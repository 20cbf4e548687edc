// The decision table, row by row, and the order of its rows.
#include "rollout/step_decision.hpp"

#include <gtest/gtest.h>

#include "rollout/shared_cause.hpp"

namespace weir::rollout {
namespace {

/// A step that is over with all it needs.
Facts good() {
  Facts facts;
  facts.is_hold_over = facts.has_enough = true;
  return facts;
}

TEST(RolloutDecision, AStepNeedsItsHoldAndItsUnits) {
  EXPECT_EQ(decide(good()), Verdict::next_step);
  Facts facts = good();
  facts.is_hold_over = false;
  EXPECT_EQ(decide(facts), Verdict::nothing);
  facts = good();
  facts.is_operator_hold = true;
  EXPECT_EQ(decide(facts), Verdict::nothing);
}

TEST(RolloutDecision, TooFewUnitsAreNeverAPass) {
  Facts facts = good();
  facts.has_enough = false;
  EXPECT_EQ(decide(facts), Verdict::hold_low_traffic);
  facts.held = Held::low_traffic;
  EXPECT_EQ(decide(facts), Verdict::nothing);
  facts.is_max_hold_over = true;
  EXPECT_EQ(decide(facts), Verdict::nothing);
  facts.on_low_traffic = OnLowTraffic::promote;
  EXPECT_EQ(decide(facts), Verdict::promote_unproven);
  facts.is_suspicious = true;
  EXPECT_EQ(decide(facts), Verdict::nothing) << "not while anything speaks against it";
  facts.is_suspicious = false;
  facts.on_low_traffic = OnLowTraffic::rollback;
  EXPECT_EQ(decide(facts), Verdict::roll_back_unproven);
  facts.has_enough = true;
  EXPECT_EQ(decide(facts), Verdict::next_step);
}

TEST(RolloutDecision, SuspicionProlongsThenHolds) {
  Facts facts = good();
  facts.is_suspicious = true;
  EXPECT_EQ(decide(facts), Verdict::prolong);
  facts.prolongations = prolongations_max;
  EXPECT_EQ(decide(facts), Verdict::hold_suspicious);
  facts.held = Held::suspicious;
  EXPECT_EQ(decide(facts), Verdict::nothing);
  facts.is_suspicious = false;
  EXPECT_EQ(decide(facts), Verdict::next_step);
}

TEST(RolloutDecision, EvidenceRollsBackWhateverHolds) {
  for (const std::optional<Held> held :
       {std::optional<Held>{}, std::optional(Held::suspicious), std::optional(Held::low_traffic)}) {
    for (const bool by_operator : {false, true}) {
      Facts facts;
      facts.is_worse = facts.is_suspicious = true;
      facts.held = held;
      facts.is_operator_hold = by_operator;
      EXPECT_EQ(decide(facts), Verdict::roll_back_worse);
    }
  }
}

TEST(RolloutDecision, ASharedCauseComesBeforeEvidence) {
  Facts facts;
  facts.is_shared_cause = facts.is_worse = true;
  EXPECT_EQ(decide(facts), Verdict::hold_shared_cause);
  facts.held = Held::shared_cause;
  EXPECT_EQ(decide(facts), Verdict::nothing);
  facts.is_shared_cause = false;
  facts.calm = shared_calm - Milliseconds{1};
  EXPECT_EQ(decide(facts), Verdict::nothing);
  facts.calm = shared_calm;
  EXPECT_EQ(decide(facts), Verdict::resume);
}

TEST(RolloutDecision, ADeadCanaryComesBeforeAll) {
  Facts facts = good();
  facts.is_shared_cause = facts.is_operator_hold = true;
  facts.held = Held::shared_cause;
  facts.canary_down = canary_down_max - Milliseconds{1};
  EXPECT_NE(decide(facts), Verdict::roll_back_down);
  facts.canary_down = canary_down_max;
  EXPECT_EQ(decide(facts), Verdict::roll_back_down);
}

TEST(RolloutDecision, WhatIsToleratedIsNotedOnceAndGoesOn) {
  Facts facts = good();
  facts.is_tolerated = true;
  EXPECT_EQ(decide(facts), Verdict::note_tolerated);
  facts.is_noted = true;
  EXPECT_EQ(decide(facts), Verdict::next_step);
}

}  // namespace
}  // namespace weir::rollout
