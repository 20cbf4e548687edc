#include "upstream/ejection.hpp"

#include <gtest/gtest.h>

#include "unit/upstream/ejection_fixture.hpp"

namespace weir::upstream {
namespace {

using health::Change;
using std::chrono::seconds;

class FiveEndpoints : public EjectionTest {
 protected:
  FiveEndpoints() : EjectionTest(5) {}
};

TEST_F(EjectionTest, EjectsAtTheThreshold) {
  EXPECT_EQ(fail(1).change, Change::none);
  EXPECT_EQ(fail(1).change, Change::none);
  const Verdict third = fail(1);
  EXPECT_EQ(third.change, Change::ejected);
  EXPECT_EQ(third.reason, Reason::consecutive_failures);
  EXPECT_EQ(third.failures, 3u);
  EXPECT_EQ(third.in_row, 1u);
  EXPECT_EQ(third.ejected_for, seconds(30));
  EXPECT_EQ(fail(1).change, Change::none);
  EXPECT_EQ(usable(), 2u);
}

TEST_F(EjectionTest, TheLastOneStays) {
  EXPECT_EQ(fail_until_due(0).change, Change::ejected);
  EXPECT_EQ(fail_until_due(1).change, Change::ejected);
  EXPECT_FALSE(may_eject(endpoints_.candidates(), endpoints_[2]));
  const Verdict last = fail_until_due(2);
  EXPECT_EQ(last.change, Change::none);
  EXPECT_EQ(last.held, Held::last_endpoint);
  EXPECT_EQ(usable(), 1u);
}

TEST_F(EjectionTest, TheLastOneGoesAtItsNextFailureAfterAnotherRecovered) {
  fail_until_due(0);
  fail_until_due(1);
  fail_until_due(2);
  const health::Ticket ticket = probe(0);
  EXPECT_EQ(fail(2).change, Change::none) << "one that is only being probed is not in use";
  ASSERT_EQ(succeed(0, ticket).change, Change::recovered);
  EXPECT_EQ(fail(2).change, Change::ejected);
  EXPECT_TRUE(endpoints_[0].health.usable());
}

TEST_F(EjectionTest, AFailedProbeIsReportedThroughHereToo) {
  fail_until_due(0);
  const health::Ticket ticket = probe(0);
  const Verdict verdict =
      report_failure(guard_, endpoints_.candidates(), endpoints_[0], settings_, now_, ticket, refused);
  EXPECT_EQ(verdict.change, Change::re_ejected);
  EXPECT_EQ(verdict.reason, Reason::probe_failed);
  EXPECT_EQ(verdict.ejected_for, seconds(60));
}

TEST_F(EjectionTest, ASingleEndpointIsNeverEjected) {
  Endpoints one({1});
  for (int i = 0; i < 10; ++i) {
    const Verdict verdict = report_failure(guard_, one.candidates(), one[0], ejecting_after(1), time_zero,
                                           one[0].health.ticket(), refused);
    EXPECT_EQ(verdict.change, Change::none);
    EXPECT_EQ(verdict.held, Held::last_endpoint);
    EXPECT_EQ(verdict.announce, i == 0);
  }
  EXPECT_EQ(one[0].health.consecutive_failures(), 10u);
}

TEST_F(EjectionTest, OneThatAnOperatorTookOutIsNotInUse) {
  endpoints_[0].out = out_drain;
  endpoints_[1].out = out_disabled;
  EXPECT_EQ(usable_count(endpoints_.candidates()), 1u);
  EXPECT_FALSE(may_eject(endpoints_.candidates(), endpoints_[2]));
  EXPECT_EQ(fail_until_change(2), Change::none);
  endpoints_[0].out = 0;
  EXPECT_EQ(fail(2).change, Change::ejected);
}

TEST_F(EjectionTest, TheSameEndpointTwiceIsStillOne) {
  Endpoints one({1});
  const std::vector<Candidate> twice{one.candidates()[0], one.candidates()[0]};
  EXPECT_FALSE(may_eject(twice, one[0]));
}

TEST_F(EjectionTest, WhileTheGuardIsHeldFailuresAreOnlyCounted) {
  ASSERT_TRUE(guard_.try_enter());
  EXPECT_FALSE(guard_.try_enter());
  EXPECT_EQ(fail_until_due(0).change, Change::none);
  guard_.leave();
  EXPECT_EQ(fail(0).change, Change::ejected);
}

TEST_F(EjectionTest, AnOutdatedReportDoesNotEjectTheFormerLastOne) {
  const health::Ticket early = endpoints_[2].health.ticket();
  endpoints_.eject(2, time_zero);
  succeed(2, probe(2));
  fail_until_due(0);
  fail_until_due(1);
  ASSERT_EQ(fail_until_due(2).change, Change::none);
  succeed(0, probe(0));
  EXPECT_EQ(report_failure(guard_, endpoints_.candidates(), endpoints_[2], settings_, now_, early).change,
            Change::none);
}

TEST_F(EjectionTest, WhatIsOutForAnotherReasonIsNotLeft) {
  endpoints_[0].out = out_check_failed;
  endpoints_[1].out = out_drain;
  EXPECT_EQ(usable(), 1u);
  EXPECT_EQ(fail_until_due(2).held, Held::last_endpoint);
  endpoints_[0].out = 0;
  EXPECT_EQ(fail(2).change, Change::ejected);
}

TEST_F(EjectionTest, WhatAnOperatorTookOutIsNotJudged) {
  endpoints_[0].out = out_drain;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(fail(0).reason, Reason::none);
  EXPECT_EQ(endpoints_[0].health.consecutive_failures(), 0u);
}

TEST_F(EjectionTest, TheReturnIsNotedBeforeTheEndpointIsUsable) {
  EXPECT_EQ(endpoints_[0].serving_since, 0);
  fail_until_due(0);
  EXPECT_EQ(endpoints_[0].serving_since, 0);
  const health::Ticket ticket = probe(0);
  EXPECT_EQ(succeed(1).change, Change::none);
  EXPECT_EQ(endpoints_[1].serving_since, 0);
  EXPECT_EQ(succeed(0, ticket).change, Change::recovered);
  EXPECT_EQ(endpoints_[0].serving_since,
            std::chrono::duration_cast<Milliseconds>(now_.time_since_epoch()).count());
  now_ += seconds(5);
  succeed(0, ticket);
  EXPECT_EQ(TimePoint(Milliseconds(endpoints_[0].serving_since)), now_ - seconds(5)) << "only once";
}

TEST_F(EjectionTest, TheRowDecaysFromTheReturnOn) {
  fail_until_due(0);
  succeed(0, probe(0));
  EXPECT_EQ(fail_until_due(0).ejected_for, seconds(60));
  succeed(0, probe(0));
  now_ += seconds(60);
  EXPECT_EQ(fail_until_due(0).ejected_for, seconds(30));
}

// max_ejection_percent

TEST(OutMax, IsRoundedDownButNeverNone) {
  config::PassiveHealth settings;
  const auto max = [&settings](unsigned percent, std::size_t endpoints) {
    settings.max_ejection_percent = percent;
    return out_max(settings, endpoints);
  };
  EXPECT_EQ(max(50, 1), 1u);
  EXPECT_EQ(max(50, 2), 1u);
  EXPECT_EQ(max(50, 3), 1u);
  EXPECT_EQ(max(50, 5), 2u);
  EXPECT_EQ(max(10, 3), 1u);
  EXPECT_EQ(max(10, 40), 4u);
  EXPECT_EQ(max(100, 3), 3u);
}

TEST(OutMax, OneMayGoBesidesThoseThatAnOperatorTookOut) {
  config::PassiveHealth settings;
  settings.max_ejection_percent = 50;
  EXPECT_EQ(out_max(settings, 3, 1), 2u);
  EXPECT_EQ(out_max(settings, 10, 1), 5u);
  EXPECT_EQ(out_max(settings, 10, 5), 6u);
}

TEST_F(FiveEndpoints, NoMoreThanThePercentageGo) {
  settings_.max_ejection_percent = 50;
  EXPECT_EQ(fail_until_due(0, refused).change, Change::ejected);
  EXPECT_EQ(fail_until_due(1, reset).change, Change::ejected);
  const Verdict third = fail_until_due(2, busy);
  EXPECT_EQ(third.change, Change::none);
  EXPECT_EQ(third.held, Held::max_ejection_percent);
  EXPECT_EQ(
      text(third, 2),
      "blue/2 would be ejected, but 2 of 5 are out already (max_ejection_percent 50): 3 consecutive failures "
      "(status 503 x3)");
  succeed(0, probe(0));
  EXPECT_EQ(fail(2, busy).change, Change::ejected);
}

TEST_F(FiveEndpoints, WhatAnOperatorTookOutIsNoEndpointOfThePercentage) {
  settings_.max_ejection_percent = 50;
  endpoints_[4].out = out_disabled;
  endpoints_[3].out = out_drain;
  EXPECT_EQ(fail_until_due(0).change, Change::ejected);
  EXPECT_EQ(fail_until_due(1).held, Held::max_ejection_percent) << "one of three";
}

TEST_F(FiveEndpoints, WhatChecksTookOutIsOutForThePercentage) {
  settings_.max_ejection_percent = 50;
  endpoints_[4].out = out_check_failed;
  endpoints_[3].out = out_check_pending;
  const Verdict held = fail_until_due(0, busy);
  EXPECT_EQ(held.held, Held::max_ejection_percent);
  EXPECT_EQ(held.out, 2u);
  EXPECT_EQ(held.ejected, 0u);
  EXPECT_EQ(
      text(held, 0),
      "blue/0 would be ejected, but 2 of 5 are out already (max_ejection_percent 50): 3 consecutive failures "
      "(status 503 x3)");
  endpoints_[3].out = 0;
  EXPECT_EQ(fail(0, busy).change, Change::ejected);
  EXPECT_EQ(fail_until_due(1, reset).held, Held::max_ejection_percent);
}

TEST_F(FiveEndpoints, OneThatIsOutForTwoReasonsIsOutOnce) {
  settings_.max_ejection_percent = 40;
  EXPECT_EQ(fail_until_due(0, busy).change, Change::ejected);
  endpoints_[0].out = out_check_failed;
  EXPECT_EQ(fail_until_due(1, reset).change, Change::ejected);
}

TEST_F(FiveEndpoints, OneThatChecksTookOutDoesNotStandInTheWayOfItsOwnEjection) {
  settings_.max_ejection_percent = 20;
  endpoints_[0].out = out_check_failed;
  EXPECT_EQ(fail_until_due(0, busy).change, Change::ejected) << "no more are out than before";
}

TEST_F(FiveEndpoints, WhatChecksTookOutCannotShareACause) {
  endpoints_[3].out = endpoints_[4].out = out_check_failed;
  EXPECT_EQ(fail_until_due(0, refused).change, Change::ejected);
  EXPECT_EQ(fail_until_due(1, refused).held, Held::shared_cause) << "two of the three that get requests";
}

TEST_F(FiveEndpoints, HoldingIsSaidOnceAWindow) {
  settings_.max_ejection_percent = 10;
  fail_until_due(0);
  EXPECT_TRUE(fail_until_due(1).announce);
  for (int i = 0; i < 9; ++i) {
    now_ += seconds(1);
    const Verdict again = fail(1);
    EXPECT_EQ(again.held, Held::max_ejection_percent);
    EXPECT_FALSE(again.announce);
    EXPECT_EQ(text(again, 1), "");
  }
  succeed(1);
  now_ += seconds(1);
  EXPECT_TRUE(fail_until_due(1).announce);
}

TEST_F(EjectionTest, OneThatGivesOnlyFailuresGoesBeyondThePercentage) {
  settings_.max_ejection_percent = 50;
  EXPECT_EQ(fail_until_due(0, refused).change, Change::ejected);
  EXPECT_EQ(fail_until_due(1, busy).held, Held::max_ejection_percent);
  now_ += settings_.window - Milliseconds(1);
  EXPECT_EQ(fail(1, busy).held, Held::max_ejection_percent);
  now_ += Milliseconds(1);
  const Verdict verdict = fail(1, busy);
  EXPECT_EQ(verdict.change, Change::ejected);
  EXPECT_EQ(text(verdict, 1),
            "ejected blue/1 for 30s: 5 consecutive failures (status 503 x5), beyond max_ejection_percent 50, "
            "because all its requests failed for 10s, 1 of 3 left");
  EXPECT_EQ(fail_until_due(2, slow).held, Held::last_endpoint);
}

TEST_F(EjectionTest, OneThatAnswersNowAndThenStaysWithinThePercentage) {
  settings_.max_ejection_percent = 50;
  fail_until_due(0, refused);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(fail_until_due(1, busy).held, Held::max_ejection_percent);
    now_ += settings_.window / 2;
    succeed(1);
  }
}

TEST_F(EjectionTest, OneThatGivesOnlyFailuresStaysWhileNoOtherServes) {
  settings_.max_ejection_percent = 50;
  fail_until_due(0, refused);
  fail_until_due(1, busy);
  fail(2, slow);
  now_ += settings_.window * 2;
  EXPECT_EQ(fail(1, busy).held, Held::max_ejection_percent) << "the third one's latest request failed, too";
  succeed(2);
  EXPECT_EQ(fail(1, busy).change, Change::ejected);
}

TEST_F(EjectionTest, ABackupIsNoneThatServes) {
  settings_.max_ejection_percent = 30;
  endpoints_.candidate(2).backup = true;
  endpoints_[2].due.set(config::failure_503, now_ + seconds(100));  // it failed in its turn
  fail_until_due(0, refused);
  fail_until_due(1, busy);
  now_ += settings_.window * 2;
  EXPECT_NE(fail(1, busy).change, Change::ejected);
}

// Shared cause

TEST_F(FiveEndpoints, AFaultThatMostShareEjectsNoMore) {
  EXPECT_EQ(fail_until_due(0, refused).change, Change::ejected);
  EXPECT_EQ(fail_until_due(1, refused).change, Change::ejected);
  const Verdict third = fail_until_due(2, refused);
  EXPECT_EQ(third.change, Change::none);
  EXPECT_EQ(third.held, Held::shared_cause);
  EXPECT_TRUE(third.announce);
  EXPECT_EQ(third.alike, 3u);
  EXPECT_EQ(verdict_kind(third), "shared_cause");
  EXPECT_EQ(
      text(third, 2),
      "shared cause in blue: 3 of 5 endpoints fail the same way (connect) within 10s, so the cause is the "
      "request or something they share; no endpoint is ejected for it, 3 of 5 left");
  const Verdict fourth = fail_until_due(3, refused);
  EXPECT_EQ(fourth.held, Held::shared_cause);
  EXPECT_FALSE(fourth.announce);
  EXPECT_EQ(usable(), 3u);
}

TEST_F(FiveEndpoints, DifferentFaultsAreNotShared) {
  EXPECT_EQ(fail_until_due(0, refused).change, Change::ejected);
  EXPECT_EQ(fail_until_due(1, reset).change, Change::ejected);
  EXPECT_EQ(fail_until_due(2, refused).change, Change::ejected);
  EXPECT_EQ(fail_until_due(3, busy).change, Change::ejected);
}

TEST_F(FiveEndpoints, FaultsThatLieApartAreNotShared) {
  for (const std::size_t i : {0, 1, 2, 3}) {
    EXPECT_EQ(fail_until_due(i, refused).change, Change::ejected) << i;
    now_ += seconds(6);
  }
}

TEST_F(FiveEndpoints, ASuspicionIsLookedAtAgainAfterItsWindow) {
  for (const std::size_t i : {0, 1, 2}) fail_until_due(i, refused);
  now_ += seconds(10);
  EXPECT_EQ(fail(2, refused).held, Held::shared_cause) << "still of the window";
  now_ += Milliseconds(1);
  // Only this one fails now: the two that are out have not failed again.
  EXPECT_EQ(fail(2, refused).change, Change::ejected);
}

TEST_F(FiveEndpoints, ASuspicionThatHoldsIsSaidEachWindow) {
  for (const std::size_t i : {0, 1}) fail_until_due(i, refused);
  int announced = 0;
  for (int second = 0; second < 60; ++second) {
    for (const std::size_t i : {2, 3, 4}) {
      const Verdict verdict = fail(i, refused);
      ASSERT_EQ(verdict.change, Change::none) << second;
      announced += verdict.announce ? 1 : 0;
    }
    now_ += seconds(1);
  }
  EXPECT_GE(announced, 5);
  EXPECT_LE(announced, 6);
  EXPECT_EQ(usable(), 3u);
}

TEST_F(FiveEndpoints, ASuspicionConcernsItsKindOfFailureOnly) {
  for (const std::size_t i : {0, 1, 2}) fail_until_due(i, refused);
  EXPECT_EQ(fail_until_due(3, reset).change, Change::ejected);
}

TEST_F(FiveEndpoints, OneThatAnswersAgainDoesNotCountAsFailing) {
  for (const std::size_t i : {0, 1}) fail_until_due(i, refused);
  settings_.max_ejection_percent = 40;
  EXPECT_EQ(fail_until_due(2, slow).held, Held::max_ejection_percent);
  EXPECT_EQ(fail_until_due(3, slow).held, Held::max_ejection_percent);
  succeed(2);
  succeed(3);
  EXPECT_EQ(fail_until_due(4, slow).held, Held::max_ejection_percent) << "alone with it now";
}

TEST_F(FiveEndpoints, WhileACauseIsSharedProbesDoNotLengthenEjections) {
  settings_.window = seconds(60);
  for (const std::size_t i : {0, 1}) fail_until_due(i, refused);
  ASSERT_EQ(fail_until_due(2, refused).held, Held::shared_cause);
  const health::Ticket ticket = probe(0);
  const Verdict verdict =
      report_failure(guard_, endpoints_.candidates(), endpoints_[0], settings_, now_, ticket, refused);
  EXPECT_EQ(verdict.change, Change::re_ejected);
  EXPECT_EQ(verdict.ejected_for, seconds(30));
}

TEST_F(FiveEndpoints, ThoseThatAreOutComeBackWhenAllShareTheFault) {
  for (const std::size_t i : {0, 1}) EXPECT_EQ(fail_until_due(i, busy).change, Change::ejected);
  EXPECT_EQ(fail_until_due(2, busy).held, Held::shared_cause);
  EXPECT_EQ(fail_until_due(3, busy).readmitted, 0u) << "the last one may be better";
  EXPECT_EQ(usable(), 3u);
  const Verdict last = fail_until_due(4, busy);
  EXPECT_EQ(last.held, Held::shared_cause);
  EXPECT_EQ(last.readmitted, 2u);
  EXPECT_TRUE(last.announce);
  EXPECT_EQ(usable(), 5u);
  EXPECT_EQ(endpoints_[0].health.ejections_in_row(), 0u) << "the cause was shared";
  EXPECT_EQ(endpoints_[0].last_change.get().why, "all endpoints fail the same way");
  EXPECT_EQ(text(last, 4),
            "shared cause in blue: 5 of 5 endpoints fail the same way (503) within 10s, so the cause is the "
            "request "
            "or something they share; no endpoint is ejected for it, 2 that were out are back, 5 of 5 left");
  for (const std::size_t i : {0, 1, 2, 3, 4}) EXPECT_EQ(fail_until_due(i, busy).held, Held::shared_cause);
}

TEST_F(FiveEndpoints, OneThatIsProbedComesBackToo) {
  fail_until_due(0, busy);
  fail_until_due(1, busy);
  now_ += seconds(1);
  endpoints_.eject(2, now_ - seconds(40));
  endpoints_[2].due.set(config::failure_503, now_);
  probe(2);
  for (const std::size_t i : {0, 1}) endpoints_[i].due.set(config::failure_503, now_);
  fail_until_due(3, busy);
  EXPECT_EQ(fail_until_due(4, busy).readmitted, 3u);
  EXPECT_EQ(endpoints_[2].health.state(), health::State::healthy);
}

TEST_F(FiveEndpoints, AConnectionThatFailsIsNoRequestsFault) {
  for (const std::size_t i : {0, 1, 2, 3, 4}) fail_until_due(i, refused);
  EXPECT_EQ(usable(), 3u);
}

TEST_F(FiveEndpoints, OneThatWentForAnotherReasonStaysOut) {
  EXPECT_EQ(fail_until_due(0, refused).change, Change::ejected);
  for (const std::size_t i : {1, 2, 3, 4}) fail_until_due(i, busy);
  EXPECT_FALSE(endpoints_[0].health.usable());
}

TEST_F(EjectionTest, BothOfTwoAreShared) {
  Endpoints two({1, 1});
  const auto failing = [&](std::size_t i) {
    return report_failure(guard_, two.candidates(), two[i], ejecting_after(1), now_, two[i].health.ticket(),
                          odd);
  };
  EXPECT_EQ(failing(0).change, Change::ejected);
  EXPECT_EQ(failing(1).held, Held::shared_cause);
}

TEST_F(EjectionTest, OthersThanBackupsMayAllGoWhileABackupCanTakeTheirPlace) {
  settings_.max_ejection_percent = 50;
  endpoints_.candidate(2).backup = true;
  EXPECT_EQ(fail_until_due(0, busy).change, Change::ejected);
  EXPECT_EQ(fail_until_due(1, busy).change, Change::ejected) << "for the same fault, and past the percentage";
  const Verdict last = fail_until_due(2, busy);
  EXPECT_EQ(last.change, Change::none);
  EXPECT_EQ(last.held, Held::shared_cause);
  EXPECT_EQ(last.readmitted, 2u) << "the backup is no better";
}

TEST_F(EjectionTest, ABackupThatIsOutTakesNoPlace) {
  endpoints_.candidate(2).backup = true;
  endpoints_.put_out(2, out_check_failed);
  EXPECT_EQ(fail_until_due(0, busy).change, Change::ejected);
  EXPECT_EQ(fail_until_due(1, busy).change, Change::none);
}

TEST(SharedCause, IsMoreThanHalfAndAtLeastTwo) {
  static_assert(!is_shared_cause(1, 1));
  static_assert(is_shared_cause(2, 2));
  static_assert(is_shared_cause(2, 3));
  static_assert(!is_shared_cause(2, 4));
  static_assert(is_shared_cause(3, 5));
  static_assert(!is_shared_cause(0, 0));
}

// Failure rate

class RateTest : public FiveEndpoints {
 protected:
  RateTest() {
    settings_.consecutive_failures = 0;
    settings_.failure_rate = 50;
    settings_.min_requests = 20;
  }
};

TEST_F(RateTest, EjectsWhenEnoughOfEnoughFailed) {
  for (int i = 0; i < 20; ++i) succeed(0);
  for (int i = 0; i < 19; ++i) ASSERT_EQ(fail(0, busy).change, Change::none) << i;
  const Verdict verdict = fail(0, busy);
  EXPECT_EQ(verdict.change, Change::ejected);
  EXPECT_EQ(verdict.reason, Reason::failure_rate);
  EXPECT_EQ(
      text(verdict, 0),
      "ejected blue/0 for 30s: 50% of 40 requests failed in 10s (the last 8: status 503 x8), 4 of 5 left");
}

TEST_F(RateTest, NotBelowMinRequests) {
  for (int i = 0; i < 19; ++i) ASSERT_EQ(fail(0).reason, Reason::none) << i;
  EXPECT_EQ(fail(0).change, Change::ejected);
}

TEST_F(RateTest, OldRequestsDoNotCount) {
  for (int i = 0; i < 19; ++i) fail(0);
  now_ += settings_.window;
  EXPECT_EQ(fail(0).reason, Reason::none);
}

TEST_F(RateTest, AReturnStartsAfresh) {
  settings_.ejection_time = seconds(1);
  for (int i = 0; i < 20; ++i) fail(0);
  ASSERT_FALSE(endpoints_[0].health.usable());
  ASSERT_EQ(succeed(0, probe(0)).change, Change::recovered);
  for (int i = 0; i < 19; ++i) ASSERT_EQ(fail(0).reason, Reason::none) << i;
  EXPECT_EQ(fail(0).change, Change::ejected);
}

TEST_F(RateTest, LateReportsDoNotCount) {
  const health::Ticket early = endpoints_[0].health.ticket();
  endpoints_.eject(0, now_);
  succeed(0, probe(0));
  for (int i = 0; i < 100; ++i) {
    succeed(0, early);
    report_failure(guard_, endpoints_.candidates(), endpoints_[0], settings_, now_, early, busy);
  }
  EXPECT_EQ(endpoints_[0].outcomes.counts(endpoints_[0].health.ticket().epoch, now_, settings_.window),
            (health::OutcomeWindow::Counts{0, 0}));
}

TEST_F(RateTest, FailuresInARowComeFirst) {
  settings_.consecutive_failures = 20;
  for (int i = 0; i < 19; ++i) fail(0);
  EXPECT_EQ(fail(0).reason, Reason::consecutive_failures);
}

TEST_F(RateTest, WithoutARateNothingIsCounted) {
  settings_.failure_rate = 0;
  succeed(0);
  fail(0);
  EXPECT_EQ(endpoints_[0].outcomes.counts(0, now_, settings_.window).requests, 0u);
}

// What people read

TEST_F(FiveEndpoints, TextsHaveTheReasonAndTheNumbers) {
  EXPECT_EQ(text(fail_until_due(2, refused), 2),
            "ejected blue/2 for 30s: 3 consecutive failures (connect_refused x3), 4 of 5 left");
  const health::Ticket ticket = probe(2);
  const Verdict again =
      report_failure(guard_, endpoints_.candidates(), endpoints_[2], settings_, now_, ticket, busy);
  EXPECT_EQ(text(again, 2),
            "ejected blue/2 again for 1m: its probe failed: status 503, the 2nd time in a row, 4 of 5 left");
  EXPECT_EQ(reason_text(again, settings_), "its probe failed: status 503");
  EXPECT_EQ(verdict_kind(again), "re_ejected");
  const Verdict back = succeed(2, probe(2));
  EXPECT_EQ(text(back, 2), "blue/2 is back: its probe succeeded, 5 of 5 in use");
  EXPECT_EQ(verdict_kind(back), "recovered");
  EXPECT_EQ(text(succeed(2), 2), "");
  fail(1, busy);
  fail(1, refused);
  EXPECT_EQ(
      text(fail(1, busy), 1),
      "ejected blue/1 for 30s: 3 consecutive failures (status 503 x2, connect_refused x1), 4 of 5 left");
}

TEST_F(EjectionTest, TextOfTheLastOne) {
  endpoints_[0].out = out_disabled;
  endpoints_[1].out = out_check_failed;
  EXPECT_EQ(
      text(fail_until_due(2, odd), 2),
      "blue/2 would be ejected, but no other of 3 is usable: 3 consecutive failures (response_malformed x3)");
}

TEST(VerdictText, CountsTimesInARow) {
  Verdict verdict;
  verdict.change = Change::ejected;
  verdict.reason = Reason::consecutive_failures;
  verdict.failures = 9;
  verdict.ejected_for = seconds(90);
  const auto times = [&verdict](unsigned in_row) {
    verdict.in_row = in_row;
    return verdict_text(verdict, {}, "u", "e");
  };
  EXPECT_EQ(times(1), "ejected u/e for 90s: 9 consecutive failures, 0 of 0 left");
  for (const auto& [in_row, word] :
       {std::pair{2, "2nd"}, {3, "3rd"}, {4, "4th"}, {11, "11th"}, {21, "21st"}}) {
    EXPECT_NE(times(static_cast<unsigned>(in_row)).find(std::string(", the ") + word + " time in a row"),
              std::string::npos)
        << times(static_cast<unsigned>(in_row));
  }
}

}  // namespace
}  // namespace weir::upstream
