// The state machine of a rollout, by a manual time and exact traffic.
#include "rollout/rollout.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rollout/state_text.hpp"
#include "unit/rollout/rig.hpp"

namespace weir::rollout {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;

TEST(Rollout, GoesUpStepByStepAndFinishes) {
  Rig rig;
  EXPECT_EQ(rig.rollout.started().weights, (Weights{500, 0, 9'500}));
  std::vector<Share> shares;
  while (!rig.rollout.is_over()) {
    const auto decision = rig.run(minutes{11}, 1, 0, 19, 0);
    ASSERT_TRUE(decision);
    EXPECT_EQ(decision->from == decision->to, false);
    EXPECT_EQ(decision->publication, rig.rollout.publication());
    EXPECT_EQ(decision->step_time, minutes{10});
    shares.push_back(decision->to);
  }
  EXPECT_EQ(shares, (std::vector<Share>{2'500, 5'000, whole}));
  EXPECT_EQ(rig.rollout.state().phase, Phase::finished);
  EXPECT_EQ(rig.rollout.weights(), (Weights{whole, 0, 0}));
  EXPECT_FALSE(rig.tick(0, 0, 5, 5)) << "over is over";
}

TEST(Rollout, TheLastStepMayBeBelowTheWhole) {
  Settings settings;
  settings.steps = {500, 2'500};
  Rig rig(settings);
  ASSERT_EQ(rig.run(minutes{11}, 1, 0, 19, 0)->kind, Kind::step);
  const auto end = rig.run(minutes{11}, 1, 0, 3, 0);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->kind, Kind::finished);
  EXPECT_EQ(end->to, 2'500u);
  EXPECT_EQ(end->from, end->to) << "nothing to publish";
}

TEST(Rollout, ADeadCanaryIsGoneAfterItsFourthFailure) {
  Rig rig;
  EXPECT_FALSE(rig.tick(1, 1, 19, 0));
  EXPECT_FALSE(rig.tick(1, 1, 19, 0));
  auto decision = rig.tick(1, 1, 19, 0);
  if (!decision) decision = rig.tick(1, 1, 19, 0);
  ASSERT_TRUE(decision);
  EXPECT_EQ(decision->kind, Kind::rolled_back);
  EXPECT_EQ(decision->cause, Cause::evidence);
  EXPECT_EQ(decision->family, Family::failures);
  EXPECT_EQ(decision->weights, (Weights{0, 0, whole}));
  EXPECT_GE(decision->evidence, decision->limit);
  EXPECT_EQ(rig.rollout.state().phase, Phase::rolled_back);
  EXPECT_EQ(rig.rollout.weights().canary, 0u);
}

TEST(Rollout, OneThatBreaksLateIsTakenBackAndSaysSinceWhen) {
  Rig rig;
  EXPECT_FALSE(rig.run(minutes{8}, 1, 0, 19, 0));
  const auto decision = rig.run(minutes{2}, 1, 1, 19, 0);
  ASSERT_TRUE(decision);
  EXPECT_EQ(decision->cause, Cause::evidence);
  EXPECT_LE(decision->totals[index(Side::canary)].requests, 2'400u / 10);
  EXPECT_LT(decision->counted_time, decision->step_time);
  EXPECT_THAT(decision->sentence, HasSubstr("in the last"));
}

TEST(Rollout, ASlowCanaryIsTakenBackForItsLatency) {
  Rig rig;
  rig.canary_latency = 60;
  const auto decision = rig.run(minutes{5}, 1, 0, 19, 0);
  ASSERT_TRUE(decision);
  EXPECT_EQ(decision->kind, Kind::rolled_back);
  EXPECT_EQ(decision->family, Family::latency);
  EXPECT_GT(decision->step_time, rig.settings.warmup) << "its warm-up does not count";
  EXPECT_THAT(decision->sentence, HasSubstr("p95 there is"));
}

TEST(Rollout, ARestartedCanaryWarmsUpAgain) {
  Rig rig;
  ASSERT_FALSE(rig.run(seconds{60}, 1, 0, 19, 0));
  rig.canary_restarted = true;
  ASSERT_FALSE(rig.tick(1, 0, 19, 0));
  rig.canary_restarted = false;
  rig.canary_latency = 60;
  EXPECT_FALSE(rig.run(seconds{29}, 1, 0, 19, 0));
  EXPECT_TRUE(rig.run(seconds{60}, 1, 0, 19, 0));
}

TEST(Rollout, LatencyIsNotWatchedWhereItIsOff) {
  Settings settings;
  settings.latency = false;
  Rig rig(settings);
  rig.canary_latency = 100;
  EXPECT_EQ(rig.run(minutes{11}, 1, 0, 19, 0)->kind, Kind::step);
}

TEST(Rollout, ClientErrorsCountWhereTheyAreWatched) {
  for (const bool watched : {false, true}) {
    Settings settings;
    settings.client_errors = watched;
    Rig rig(settings);
    std::optional<Decision> decision;
    for (int i = 0; i < 100 && !decision; ++i) {
      Counts counts;
      counts.publication = rig.rollout.publication();
      counts.sides[index(Side::canary)].requests = counts.sides[index(Side::canary)].client_errors = 1;
      counts.sides[index(Side::comparison)].requests = 19;
      decision = rig.tick(counts);
    }
    EXPECT_EQ(decision.has_value(), watched);
    if (decision) {
      EXPECT_EQ(decision->family, Family::client_errors);
      EXPECT_THAT(decision->sentence, HasSubstr("got a 4xx"));
    }
  }
}

TEST(Rollout, WhatIsTinyIsToleratedAndSaidOnce) {
  Settings settings;
  settings.latency = false;
  Rig rig(settings);
  int notes = 0;
  std::optional<Decision> step;
  for (int i = 0; i < 2'400 && !step; ++i) {
    // 0.4 % against 0: much evidence, and less than half a point.
    const auto decision = rig.tick(100, i % 5 > 2 ? 1 : 0, 1'900, 0);
    if (!decision) continue;
    if (decision->kind == Kind::noted) {
      ++notes;
      EXPECT_EQ(decision->cause, Cause::worse_within_tolerance);
    } else {
      step = decision;
    }
  }
  EXPECT_EQ(notes, 1);
  ASSERT_TRUE(step);
  EXPECT_EQ(step->kind, Kind::step);
}

TEST(Rollout, NoTrafficIsNoPass) {
  Rig rig;
  const auto held = rig.run(minutes{11}, 0, 0, 20, 0);
  ASSERT_TRUE(held);
  EXPECT_EQ(held->cause, Cause::low_traffic);
  EXPECT_THAT(held->sentence, HasSubstr("0 of the 200 requests"));
  EXPECT_FALSE(rig.run(std::chrono::hours{7}, 0, 0, 1, 0)) << "for ever";
  const auto step = rig.run(minutes{5}, 1, 0, 19, 0);
  ASSERT_TRUE(step) << "goes on as soon as there is enough";
  EXPECT_EQ(step->kind, Kind::step);
}

TEST(Rollout, AfterMaxHoldItDoesAsItIsTold) {
  for (const auto& [on, kind] :
       {std::pair(OnLowTraffic::promote, Kind::step), std::pair(OnLowTraffic::rollback, Kind::rolled_back)}) {
    Settings settings;
    settings.on_low_traffic = on;
    Rig rig(settings);
    ASSERT_EQ(rig.run(minutes{11}, 0, 0, 20, 0)->kind, Kind::held);
    const auto decision = rig.run(std::chrono::hours{6}, 0, 0, 20, 0);
    ASSERT_TRUE(decision);
    EXPECT_EQ(decision->kind, kind);
    EXPECT_EQ(decision->cause, Cause::low_traffic);
    EXPECT_THAT(decision->sentence, HasSubstr("0 of the 200 requests"));
  }
}

TEST(Rollout, ASharedOutageIsHeldNotCountedAndResumed) {
  Rig rig;
  ASSERT_FALSE(rig.run(minutes{3}, 1, 0, 19, 0));
  const auto held = rig.run(seconds{20}, 1, 1, 19, 6);
  ASSERT_TRUE(held);
  EXPECT_EQ(held->kind, Kind::held);
  EXPECT_EQ(held->cause, Cause::shared_cause);
  const State before = rig.rollout.state();
  EXPECT_FALSE(rig.run(minutes{2}, 1, 1, 19, 6));
  EXPECT_EQ(rig.rollout.state().periods, before.periods) << "nothing counts";
  EXPECT_EQ(rig.rollout.state().clocks.hold_ms, before.clocks.hold_ms) << "its hold stands";
  const auto resumed = rig.run(minutes{1}, 1, 0, 19, 0);
  ASSERT_TRUE(resumed);
  EXPECT_EQ(resumed->kind, Kind::resumed);
  EXPECT_EQ(rig.run(minutes{8}, 1, 0, 19, 0)->kind, Kind::step);
}

TEST(Rollout, ASharedOutageStepsBackWhereThatIsAsked) {
  Settings settings;
  settings.on_shared_cause = OnSharedCause::step_back;
  Rig rig(settings);
  ASSERT_EQ(rig.run(minutes{11}, 1, 0, 19, 0)->to, 2'500u);
  ASSERT_FALSE(rig.run(seconds{15}, 5, 0, 15, 0));
  const auto held = rig.run(seconds{20}, 5, 2, 15, 6);
  ASSERT_TRUE(held);
  EXPECT_EQ(held->from, 2'500u);
  EXPECT_EQ(held->to, 500u);
  EXPECT_THAT(held->sentence, HasSubstr("steps back from 25 % to 5 %"));
  EXPECT_THAT(held->sentence, HasSubstr("after the step to 25 %"));
  EXPECT_EQ(rig.run(minutes{2}, 1, 0, 19, 0)->kind, Kind::resumed);
  EXPECT_EQ(rig.run(minutes{11}, 1, 0, 19, 0)->to, 2'500u);
}

TEST(Rollout, ADownCanaryNeedsNoStatistics) {
  Rig rig;
  rig.canary_usable = false;
  const auto decision = rig.run(seconds{10}, 0, 0, 20, 0);
  ASSERT_TRUE(decision);
  EXPECT_EQ(decision->cause, Cause::canary_down);
  EXPECT_EQ(decision->step_time, seconds{5});
}

TEST(Rollout, OneLookAfterAPauseOfTheProcessIsNoProofThatTheCanaryIsDown) {
  Rig rig;
  rig.canary_usable = false;
  rig.interval = seconds{30};
  EXPECT_FALSE(rig.tick(0, 0, 20, 0));
  rig.interval = Milliseconds{250};
  const auto decision = rig.run(seconds{10}, 0, 0, 20, 0);
  ASSERT_TRUE(decision);
  EXPECT_EQ(decision->cause, Cause::canary_down);
}

TEST(Rollout, WhereAllIsDownNothingIsSaidOfTheCanary) {
  Rig rig;
  rig.canary_usable = rig.stable_usable = false;
  EXPECT_FALSE(rig.run(minutes{5}, 0, 0, 0, 0));
}

TEST(Rollout, CountsOfAnEarlierPublicationAreDropped) {
  Rig rig;
  Counts counts;
  counts.publication = rig.rollout.publication();
  Rig::fill(counts.sides[index(Side::canary)], 5, 5, 40);
  ASSERT_EQ(rig.run(minutes{11}, 1, 0, 19, 0)->kind, Kind::step);
  EXPECT_FALSE(rig.tick(counts));
  EXPECT_EQ(rig.rollout.state().step_totals[index(Side::canary)].requests, 0u);
}

TEST(Rollout, SuspicionProlongsFourTimesThenHoldsAndRecovers) {
  Rig rig;
  ASSERT_FALSE(rig.run(minutes{9}, 1, 0, 19, 0));
  ASSERT_FALSE(rig.tick(2, 2, 19, 0));
  ASSERT_GE(rig.rollout.evidence().value(), suspicion_limit(rig.settings));
  ASSERT_LT(rig.rollout.evidence().value(), evidence_limit(rig.settings));
  for (int i = 0; i < 4; ++i) {
    const auto noted = rig.run(minutes{4}, 0, 0, 2, 0);
    ASSERT_TRUE(noted);
    EXPECT_EQ(noted->cause, Cause::prolonged);
  }
  const auto held = rig.run(minutes{4}, 0, 0, 2, 0);
  ASSERT_TRUE(held);
  EXPECT_EQ(held->cause, Cause::suspicious);
  EXPECT_FALSE(rig.rollout.resume("").has_value()) << "an operator who wants it promotes it";
  const auto step = rig.run(minutes{40}, 1, 0, 19, 1);
  ASSERT_TRUE(step) << "evidence falls as the other side fails, too";
  EXPECT_EQ(step->kind, Kind::step);
}

TEST(Rollout, OperatorsHoldAndItIsStillTakenBack) {
  Rig rig;
  const auto held = rig.rollout.hold("lunch");
  ASSERT_TRUE(held);
  EXPECT_THAT(held->sentence, HasSubstr("by an operator (lunch)"));
  EXPECT_FALSE(rig.rollout.hold("again"));
  EXPECT_FALSE(rig.run(minutes{20}, 1, 0, 19, 0));
  ASSERT_TRUE(rig.rollout.resume("back"));
  EXPECT_FALSE(rig.run(minutes{9}, 1, 0, 19, 0)) << "its hold begins where it stood";
  ASSERT_TRUE(rig.rollout.hold(""));
  EXPECT_EQ(rig.run(minutes{1}, 1, 1, 19, 0)->kind, Kind::rolled_back);
  for (const auto& refused :
       {rig.rollout.hold(""), rig.rollout.resume(""), rig.rollout.promote({}, ""), rig.rollout.roll_back("")})
    EXPECT_FALSE(refused);
}

TEST(Rollout, OperatorsPromoteAndRollBack) {
  Rig rig;
  EXPECT_FALSE(rig.rollout.resume(""));
  EXPECT_FALSE(rig.rollout.promote(500, "")) << "not above";
  EXPECT_EQ(rig.rollout.promote({}, "sure")->to, 2'500u);
  EXPECT_EQ(rig.rollout.promote(4'000, "")->to, 4'000u);
  EXPECT_EQ(rig.rollout.state().step, 1u);
  EXPECT_EQ(rig.run(minutes{11}, 8, 0, 12, 0)->to, 5'000u);
  const auto back = rig.rollout.roll_back("marketing");
  ASSERT_TRUE(back);
  EXPECT_EQ(back->to, 0u);
  EXPECT_THAT(back->sentence, HasSubstr("rolled back green from 50 % to 0"));
  EXPECT_THAT(back->sentence, HasSubstr("(marketing)"));
}

TEST(Rollout, AnOperatorEndsASharedCauseByAcceptingIt) {
  Rig rig;
  ASSERT_FALSE(rig.run(minutes{3}, 1, 0, 19, 0));
  ASSERT_EQ(rig.run(seconds{20}, 1, 0, 19, 6)->cause, Cause::shared_cause);
  ASSERT_FALSE(rig.run(seconds{20}, 1, 0, 19, 6));
  ASSERT_TRUE(rig.rollout.resume("that is how it is now"));
  EXPECT_FALSE(rig.run(minutes{1}, 0, 0, 19, 6)) << "not seen again";
}

TEST(Rollout, AStepThatCannotBeSavedIsUndone) {
  Rig rig;
  for (bool is_last = false; !is_last;) {
    std::optional<Decision> decision;
    State before;
    while (!decision) {
      before = rig.rollout.state();
      decision = rig.tick(1, 0, 19, 0);
    }
    is_last = decision->kind == Kind::finished;
    rig.rollout.undo();
    EXPECT_EQ(rig.rollout.weights().canary, decision->from);
    EXPECT_EQ(rig.rollout.publication(), before.publication);
    EXPECT_FALSE(rig.rollout.is_over());
    const double evidence = rig.rollout.evidence().value();
    const auto again = rig.tick(1, 0, 19, 0);
    ASSERT_TRUE(again) << "it goes on counting, and decides the same";
    EXPECT_EQ(again->to, decision->to);
    EXPECT_GT(evidence, 0);
  }
}

TEST(Rollout, NothingIsRaisedWhereItMayNot) {
  Rig rig;
  rig.may_raise = false;
  EXPECT_FALSE(rig.run(minutes{20}, 1, 0, 19, 0));
  EXPECT_EQ(rig.rollout.weights().canary, 500U);
  while (!rig.rollout.is_over()) ASSERT_TRUE(rig.run(minutes{1}, 1, 1, 19, 0)) << "lowering needs nothing";
  EXPECT_EQ(rig.rollout.state().phase, Phase::rolled_back);
}

TEST(Rollout, AnUndonePromotionKeepsTheHold) {
  Rig rig;
  ASSERT_TRUE(rig.rollout.hold({}));
  const State before = rig.rollout.state();
  ASSERT_TRUE(rig.rollout.promote({}, {}));
  rig.rollout.undo();
  EXPECT_EQ(rig.rollout.state(), before);
}

TEST(Rollout, APauseOfTheProcessIsNotAHold) {
  Rig rig;
  rig.tick(1, 0, 19, 0);
  rig.now += std::chrono::hours{2};
  EXPECT_FALSE(rig.tick(500, 0, 9'500, 0));
  EXPECT_LE(rig.rollout.state().clocks.step_ms, 11'000);
}

TEST(Rollout, ARestartGoesOnWithTheSameEvidence) {
  Rig rig;
  ASSERT_FALSE(rig.run(minutes{4}, 1, 0, 19, 1));
  ASSERT_FALSE(rig.tick(2, 2, 19, 0));
  auto state = parse_state(write_state(rig.rollout.state()));
  ASSERT_TRUE(state) << state.error().detail;
  auto restored = Rollout::restore(rig.settings, rig.names, std::move(*state), TimePoint{});
  ASSERT_TRUE(restored);
  EXPECT_EQ(restored->state(), rig.rollout.state());
  EXPECT_EQ(restored->evidence().logs, rig.rollout.evidence().logs);
  EXPECT_EQ(restored->weights(), rig.rollout.weights());
}

TEST(Rollout, AStateThatDoesNotFitIsRefused) {
  Rig rig;
  Settings one;
  one.steps = {500};
  rig.rollout.promote({}, "").value();
  EXPECT_FALSE(Rollout::restore(one, rig.names, rig.rollout.state(), {}));
  State state = rig.rollout.state();
  state.periods.clear();
  EXPECT_FALSE(Rollout::restore(rig.settings, rig.names, state, {}));
  state = rig.rollout.state();
  state.periods[0].place = 1'000;
  EXPECT_FALSE(Rollout::restore(rig.settings, rig.names, state, {}));
  state = rig.rollout.state();
  state.share = whole;
  EXPECT_FALSE(Rollout::restore(rig.settings, rig.names, state, {}));
}

TEST(Rollout, NeedsClientsWhereTheUnitIsTheClient) {
  Settings settings;
  settings.by_client = true;
  Rig rig(settings);
  std::optional<Decision> held;
  for (std::uint64_t i = 0; i < 3'000 && !held; ++i) {
    Counts counts;
    counts.publication = rig.rollout.publication();
    Rig::fill(counts.sides[index(Side::canary)], 1, 0, 40);
    Rig::fill(counts.sides[index(Side::comparison)], 1, 0, 40);
    counts.clients = {{i % 5, Side::canary, false, false, true, 40},
                      {100 + i, Side::comparison, false, false, true, 40}};
    held = rig.tick(counts);
  }
  ASSERT_TRUE(held);
  EXPECT_EQ(held->cause, Cause::low_traffic);
  EXPECT_THAT(held->sentence, HasSubstr("5 of the 20 clients"));
}

}  // namespace
}  // namespace weir::rollout
