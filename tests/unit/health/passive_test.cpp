#include "health/passive.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace weir::health {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TimePoint start{seconds(1000)};

class PassiveHealthTest : public testing::Test {
 protected:
  Change fail(TimePoint now = start, bool may_eject = true) {
    return health_.report_failure(settings_, now, may_eject, health_.ticket());
  }
  Change succeed() { return health_.report_success(health_.ticket()); }
  void eject(TimePoint now = start) {
    while (fail(now) != Change::ejected) {
    }
  }
  Ticket probe(TimePoint now) {
    Ticket ticket;
    EXPECT_TRUE(health_.claim_probe(now, ticket));
    EXPECT_TRUE(ticket.probe);
    return ticket;
  }

  config::PassiveHealth settings_;  // 3 failures, 30 s
  PassiveHealth health_;
};

TEST_F(PassiveHealthTest, StartsHealthy) {
  EXPECT_EQ(health_.state(), State::healthy);
  EXPECT_TRUE(health_.usable());
  EXPECT_FALSE(health_.probe_due(start));
  EXPECT_EQ(health_.consecutive_failures(), 0u);
  EXPECT_EQ(health_.ejected_until(), TimePoint::min());
}

TEST_F(PassiveHealthTest, ThirdFailureInARowEjects) {
  EXPECT_EQ(fail(), Change::none);
  EXPECT_EQ(fail(), Change::none);
  EXPECT_TRUE(health_.usable());
  EXPECT_EQ(health_.consecutive_failures(), 2u);
  EXPECT_EQ(fail(), Change::ejected);
  EXPECT_FALSE(health_.usable());
  EXPECT_EQ(health_.state(), State::ejected);
  EXPECT_EQ(health_.ejected_until(), start + seconds(30));
  EXPECT_EQ(health_.consecutive_failures(), 0u);
}

TEST_F(PassiveHealthTest, ASuccessBreaksTheRow) {
  fail();
  fail();
  EXPECT_EQ(succeed(), Change::none);
  EXPECT_EQ(health_.consecutive_failures(), 0u);
  EXPECT_EQ(fail(), Change::none);
  EXPECT_EQ(fail(), Change::none);
  EXPECT_EQ(fail(), Change::ejected);
}

TEST_F(PassiveHealthTest, OneFailureIsEnoughWhereConfigured) {
  settings_.consecutive_failures = 1;
  EXPECT_EQ(fail(), Change::ejected);
}

TEST_F(PassiveHealthTest, ZeroIsOff) {
  settings_.consecutive_failures = 0;
  for (int i = 0; i < 100; ++i) EXPECT_EQ(fail(), Change::none);
  EXPECT_EQ(health_.consecutive_failures(), 0u);
}

TEST_F(PassiveHealthTest, TheLastOneStaysButItsFailuresAreKept) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(fail(start, false), Change::none);
  EXPECT_TRUE(health_.usable());
  EXPECT_EQ(health_.consecutive_failures(), 5u);
  EXPECT_EQ(fail(start, true), Change::ejected);
}

TEST_F(PassiveHealthTest, EjectIfDueNeedsEnoughFailures) {
  fail(start, false);
  fail(start, false);
  EXPECT_EQ(health_.eject_if_due(settings_, start, health_.ticket()), Change::none);
  fail(start, false);
  EXPECT_EQ(health_.eject_if_due(settings_, start, health_.ticket()), Change::ejected);
  EXPECT_EQ(health_.eject_if_due(settings_, start, health_.ticket()), Change::none);
}

TEST_F(PassiveHealthTest, ProbeIsDueExactlyWhenTheTimeHasPassed) {
  eject(start + microseconds(300));
  EXPECT_FALSE(health_.probe_due(start + seconds(30)));
  EXPECT_FALSE(health_.probe_due(start + seconds(30) + microseconds(999)));
  EXPECT_TRUE(health_.probe_due(start + seconds(30) + milliseconds(1)));
  EXPECT_EQ(health_.state(), State::ejected);
}

TEST_F(PassiveHealthTest, OneProbeOnly) {
  eject();
  Ticket ticket;
  EXPECT_FALSE(health_.claim_probe(start + seconds(29), ticket));
  EXPECT_FALSE(ticket.probe);
  probe(start + seconds(30));
  EXPECT_EQ(health_.state(), State::half_open);
  EXPECT_FALSE(health_.usable());
  EXPECT_FALSE(health_.probe_due(start + seconds(59)));
  EXPECT_FALSE(health_.claim_probe(start + seconds(59), ticket));
}

TEST_F(PassiveHealthTest, ASuccessfulProbeRecovers) {
  eject();
  const Ticket ticket = probe(start + seconds(30));
  EXPECT_EQ(health_.report_success(ticket), Change::recovered);
  EXPECT_TRUE(health_.usable());
  EXPECT_EQ(fail(), Change::none);  // the row starts anew
  EXPECT_EQ(health_.consecutive_failures(), 1u);
}

TEST_F(PassiveHealthTest, AFailedProbeEjectsAgainForTwiceTheTime) {
  eject();
  const TimePoint later = start + seconds(31);
  const Ticket ticket = probe(later);
  EXPECT_EQ(health_.report_failure(settings_, later, true, ticket), Change::re_ejected);
  EXPECT_EQ(health_.ejected_until(), later + seconds(60));
  EXPECT_FALSE(health_.probe_due(later + seconds(59)));
  EXPECT_TRUE(health_.probe_due(later + seconds(60)));
}

TEST_F(PassiveHealthTest, AFailedProbeEjectsEvenTheLastOne) {
  eject();
  const Ticket ticket = probe(start + seconds(30));
  EXPECT_EQ(health_.report_failure(settings_, start, false, ticket), Change::re_ejected);
}

TEST_F(PassiveHealthTest, SwitchedOffWhileOutAFailedProbeEndsTheEjection) {
  eject();
  const Ticket ticket = probe(start + seconds(30));
  settings_.consecutive_failures = 0;
  EXPECT_EQ(health_.report_failure(settings_, start, true, ticket), Change::recovered);
  EXPECT_TRUE(health_.usable());
}

TEST_F(PassiveHealthTest, AnAbandonedProbeIsDueAgainAtOnce) {
  eject();
  const TimePoint later = start + seconds(30) + microseconds(700);
  const Ticket first = probe(later);
  health_.abandon_probe(later, first);
  EXPECT_EQ(health_.state(), State::ejected);
  EXPECT_TRUE(health_.probe_due(later));
  const Ticket second = probe(later);
  EXPECT_EQ(health_.report_success(second), Change::recovered);
}

TEST_F(PassiveHealthTest, AnAbandonedProbeLeavesTheVerdictToAnEarlierOne) {
  eject();
  const Ticket first = probe(start + seconds(30));
  const Ticket second = probe(start + seconds(60));
  health_.abandon_probe(start + seconds(70), second);
  EXPECT_TRUE(health_.probe_due(start + seconds(70)));
  EXPECT_EQ(health_.report_failure(settings_, start + seconds(90), true, first), Change::re_ejected);
  EXPECT_EQ(health_.ejected_until(), start + seconds(150));
}

/// The head of a stream that may be silent for hours says nothing, but others need not wait long for it.
TEST_F(PassiveHealthTest, AProbeThatHasBegunIsSoonFollowedByAnother) {
  eject();
  const TimePoint claimed = start + seconds(30);
  Ticket silent = probe(claimed);
  const TimePoint head_at = claimed + seconds(1);
  health_.begun_probe(head_at, silent);
  EXPECT_FALSE(health_.probe_due(head_at + PassiveHealth::begun_patience - milliseconds(1)));
  const Ticket next = probe(head_at + PassiveHealth::begun_patience);
  EXPECT_EQ(health_.report_success(silent), Change::recovered) << "whichever has a verdict first";
  EXPECT_EQ(health_.report_success(next), Change::none);
}

TEST_F(PassiveHealthTest, AProbeThatHasBegunCanBeAbandoned) {
  eject();
  const TimePoint claimed = start + seconds(30);
  Ticket silent = probe(claimed);
  health_.begun_probe(claimed, silent);
  health_.abandon_probe(claimed + milliseconds(1), silent);
  EXPECT_TRUE(health_.probe_due(claimed + milliseconds(1)));
}

TEST_F(PassiveHealthTest, ItsHeadNeverLengthensAProbe) {
  eject();
  const TimePoint claimed = start + seconds(30);
  Ticket slow = probe(claimed);
  const TimePoint end = claimed + PassiveHealth::probe_patience;
  health_.begun_probe(end - milliseconds(1), slow);
  EXPECT_TRUE(health_.probe_due(end));
  const Ticket next = probe(end);
  health_.begun_probe(end, slow);
  EXPECT_FALSE(health_.probe_due(end + PassiveHealth::begun_patience)) << "it is not the latest any more";
  EXPECT_EQ(health_.report_success(next), Change::recovered);
  health_.begun_probe(end, slow);
  EXPECT_EQ(health_.state(), State::healthy);
}

TEST_F(PassiveHealthTest, AfterAProbesPatienceAnotherRequestProbes) {
  eject();
  const TimePoint claimed = start + seconds(30);
  const Ticket slow = probe(claimed);
  Ticket other;
  EXPECT_FALSE(health_.claim_probe(claimed + PassiveHealth::probe_patience - milliseconds(1), other));
  const Ticket next = probe(claimed + PassiveHealth::probe_patience);
  health_.abandon_probe(claimed, slow);
  EXPECT_EQ(health_.state(), State::half_open) << "the latest one still runs";
  EXPECT_FALSE(health_.claim_probe(claimed + PassiveHealth::probe_patience, other));
  EXPECT_EQ(health_.report_success(next), Change::recovered);
}

/// `timeouts.response` may be longer than a probe's patience.
TEST_F(PassiveHealthTest, ALateVerdictOfAnEarlierProbeDecides) {
  for (const bool answers : {false, true}) {
    health_.end_ejection(PassiveHealth::in_row_max);
    eject();
    const TimePoint claimed = start + seconds(30);
    const Ticket first = probe(claimed);
    const Ticket second = probe(claimed + seconds(30));
    const Ticket third = probe(claimed + seconds(60));
    EXPECT_TRUE(health_.is_probed_by(first));
    if (answers) {
      EXPECT_EQ(health_.report_success(first), Change::recovered);
    } else {
      EXPECT_EQ(health_.report_failure(settings_, claimed + seconds(60), true, first), Change::re_ejected);
      EXPECT_EQ(health_.ejected_until(), claimed + seconds(120));
    }
    for (const Ticket& late : {second, third}) {
      EXPECT_EQ(health_.report_success(late), Change::none);
      EXPECT_FALSE(health_.is_probed_by(late));
      health_.abandon_probe(claimed + seconds(61), late);
    }
    EXPECT_EQ(health_.state(), answers ? State::healthy : State::ejected);
  }
}

TEST_F(PassiveHealthTest, AProbeOfAnEarlierHalfOpenTimeSaysNothing) {
  eject();
  const Ticket early = probe(start + seconds(30));
  const Ticket next = probe(start + seconds(60));
  EXPECT_EQ(health_.report_success(next), Change::recovered);
  eject(start + seconds(70));
  const Ticket now = probe(start + seconds(200));
  EXPECT_EQ(health_.report_failure(settings_, start + seconds(201), true, early), Change::none);
  EXPECT_EQ(health_.report_success(early), Change::none);
  health_.abandon_probe(start + seconds(201), early);
  EXPECT_EQ(health_.state(), State::half_open);
  EXPECT_EQ(health_.report_success(now), Change::recovered);
}

TEST_F(PassiveHealthTest, OnlyTheProbeCanAbandon) {
  health_.abandon_probe(start, health_.ticket());
  EXPECT_EQ(health_.state(), State::healthy);
  eject();
  const Ticket other = health_.ticket();
  const Ticket ticket = probe(start + seconds(30));
  health_.abandon_probe(start, other);
  EXPECT_EQ(health_.state(), State::half_open);
  EXPECT_EQ(health_.report_success(ticket), Change::recovered);
  health_.abandon_probe(start, ticket);
  EXPECT_EQ(health_.state(), State::healthy);
}

// Requests that were sent before an ejection end whenever they like.

TEST_F(PassiveHealthTest, LateFailuresNeitherExtendNorRepeatAnEjection) {
  const Ticket early = health_.ticket();
  eject();
  const TimePoint until = health_.ejected_until();
  EXPECT_EQ(health_.report_failure(settings_, start + seconds(20), true, early), Change::none);
  EXPECT_EQ(health_.ejected_until(), until);

  const Ticket ticket = probe(start + seconds(30));
  EXPECT_EQ(health_.report_failure(settings_, start + seconds(31), true, early), Change::none);
  EXPECT_EQ(health_.state(), State::half_open);
  EXPECT_EQ(health_.report_success(ticket), Change::recovered);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(health_.report_failure(settings_, start + seconds(60), true, early), Change::none);
  }
  EXPECT_EQ(health_.consecutive_failures(), 0u);
}

TEST_F(PassiveHealthTest, LateSuccessesDoNotRecover) {
  const Ticket early = health_.ticket();
  eject();
  EXPECT_EQ(health_.report_success(early), Change::none);
  EXPECT_EQ(health_.state(), State::ejected);
  probe(start + seconds(30));
  EXPECT_EQ(health_.report_success(early), Change::none);
  EXPECT_EQ(health_.state(), State::half_open);
}

TEST_F(PassiveHealthTest, LateSuccessesDoNotBreakTheNextRow) {
  const Ticket early = health_.ticket();
  eject();
  health_.report_success(probe(start + seconds(30)));
  fail();
  fail();
  EXPECT_EQ(health_.report_success(early), Change::none);
  EXPECT_EQ(fail(), Change::ejected);
}

TEST_F(PassiveHealthTest, RequestsSentWhileEjectedDoNotJudge) {
  eject();
  const Ticket during = health_.ticket();
  EXPECT_EQ(health_.report_success(during), Change::none);
  EXPECT_EQ(health_.report_failure(settings_, start, true, during), Change::none);
  EXPECT_EQ(health_.state(), State::ejected);
}

TEST_F(PassiveHealthTest, AnOutdatedTicketDoesNotEjectWhatIsDue) {
  const Ticket early = health_.ticket();
  eject();
  health_.report_success(probe(start + seconds(30)));
  for (int i = 0; i < 4; ++i) fail(start, false);
  EXPECT_EQ(health_.eject_if_due(settings_, start, early), Change::none);
}

// How long ejections last.

TEST(EjectionTime, DoublesUpToTheMaximum) {
  config::PassiveHealth settings;
  settings.ejection_time = seconds(30);
  settings.max_ejection_time = seconds(300);
  const std::vector<seconds> expected{seconds(30),  seconds(30),  seconds(60), seconds(120),
                                      seconds(240), seconds(300), seconds(300)};
  for (unsigned in_row = 0; in_row < expected.size(); ++in_row)
    EXPECT_EQ(ejection_time(settings, in_row), expected[in_row]) << in_row;
  EXPECT_EQ(ejection_time(settings, PassiveHealth::in_row_max), seconds(300));
}

TEST(EjectionTime, AMaximumBelowTheTimeItselfIsNone) {
  config::PassiveHealth settings;
  settings.ejection_time = std::chrono::hours(1);
  EXPECT_EQ(ejection_time(settings, 1), std::chrono::hours(1));
  EXPECT_EQ(ejection_time(settings, 5), std::chrono::hours(1));
}

class RowTest : public PassiveHealthTest {
 protected:
  /// Fails the probe that is due now; the new end.
  seconds fail_probe(bool shared_cause = false) {
    now_ = health_.ejected_until();
    health_.report_failure(settings_, now_, true, probe(now_), {{}, shared_cause});
    return std::chrono::duration_cast<seconds>(health_.ejected_until() - now_);
  }
  void recover() {
    now_ = health_.ejected_until();
    EXPECT_EQ(health_.report_success(probe(now_)), Change::recovered);
    since_ = now_;
  }
  seconds eject_after(Duration service) {
    now_ += service;
    EXPECT_EQ(health_.eject(settings_, now_, health_.ticket(), {since_, false}), Change::ejected);
    return std::chrono::duration_cast<seconds>(health_.ejected_until() - now_);
  }

  TimePoint now_ = start, since_{};
};

TEST_F(RowTest, EachFailedProbeDoublesTheTime) {
  eject();
  EXPECT_EQ(health_.ejections_in_row(), 1u);
  for (const int expected : {60, 120, 240, 300, 300}) EXPECT_EQ(fail_probe(), seconds(expected));
  EXPECT_EQ(health_.ejections_in_row(), 6u);
}

TEST_F(RowTest, AProbeThatASharedCauseFailsDoesNot) {
  eject();
  EXPECT_EQ(fail_probe(true), seconds(30));
  EXPECT_EQ(fail_probe(true), seconds(30));
  EXPECT_EQ(fail_probe(), seconds(60));
  EXPECT_EQ(fail_probe(true), seconds(60));
}

TEST_F(RowTest, AnEjectionSoonAfterTheReturnIsTheNextInTheRow) {
  EXPECT_EQ(eject_after(seconds(0)), seconds(30));
  recover();
  EXPECT_EQ(eject_after(seconds(29)), seconds(60));
  recover();
  EXPECT_EQ(eject_after(milliseconds(29'999)), seconds(120));
  EXPECT_EQ(health_.ejections_in_row(), 3u);
}

TEST_F(RowTest, EachEjectionTimeInServiceTakesOneStepBack) {
  eject();
  fail_probe();
  fail_probe();
  ASSERT_EQ(fail_probe(), seconds(240));  // the fourth
  recover();
  EXPECT_EQ(health_.row_now(settings_, now_ + seconds(29), since_), 4u);
  EXPECT_EQ(health_.row_now(settings_, now_ + seconds(30), since_), 3u);
  EXPECT_EQ(health_.row_now(settings_, now_ + seconds(119), since_), 1u);
  EXPECT_EQ(health_.row_now(settings_, now_ + seconds(120), since_), 0u);
  EXPECT_EQ(health_.row_now(settings_, now_ - seconds(1), since_), 4u) << "a clock that stands a little back";
  EXPECT_EQ(eject_after(seconds(65)), seconds(120)) << "four, less two, and this one";
  recover();
  EXPECT_EQ(eject_after(seconds(10'000)), seconds(30));
}

TEST_F(RowTest, TheRowDoesNotDecayWhileOut) {
  eject();
  fail_probe();
  EXPECT_EQ(health_.row_now(settings_, now_ + std::chrono::hours(1), {}), 2u);
  now_ = health_.ejected_until() + std::chrono::hours(1);
  EXPECT_EQ(health_.report_failure(settings_, now_, true, probe(now_)), Change::re_ejected);
  EXPECT_EQ(health_.ejections_in_row(), 3u);
}

TEST_F(RowTest, AnAbandonedProbeLeavesTheRow) {
  eject();
  fail_probe();
  now_ = health_.ejected_until();
  health_.abandon_probe(now_, probe(now_));
  EXPECT_EQ(health_.ejections_in_row(), 2u);
}

TEST_F(RowTest, AVeryLongRowStaysBounded) {
  eject();
  for (int i = 0; i < 100; ++i) fail_probe();
  EXPECT_EQ(health_.ejections_in_row(), PassiveHealth::in_row_max);
  EXPECT_EQ(health_.ejected_until() - now_, seconds(300));
}

TEST_F(PassiveHealthTest, EjectNeedsACurrentTicketOnly) {
  const Ticket early = health_.ticket();
  EXPECT_TRUE(health_.judges(early));
  EXPECT_EQ(health_.eject(settings_, start, early), Change::ejected);
  EXPECT_FALSE(health_.judges(early));
  EXPECT_EQ(health_.eject(settings_, start, early), Change::none);
  EXPECT_EQ(health_.eject(settings_, start, health_.ticket()), Change::none) << "it is out";
  const Ticket ticket = probe(start + seconds(30));
  EXPECT_TRUE(health_.is_probed_by(ticket));
  EXPECT_FALSE(health_.judges(ticket));
  EXPECT_FALSE(health_.is_probed_by(early));
  EXPECT_EQ(health_.eject(settings_, start, ticket), Change::none) << "a probe is reported, not ejected";
}

TEST_F(PassiveHealthTest, WithARateOnlyFailuresAreCountedAndNeverDue) {
  settings_.consecutive_failures = 0;
  settings_.failure_rate = 50;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(fail(), Change::none);
  EXPECT_EQ(health_.consecutive_failures(), 10u);
  health_.eject(settings_, start, health_.ticket());
  const Ticket ticket = probe(start + seconds(30));
  EXPECT_EQ(health_.report_failure(settings_, start, true, ticket), Change::re_ejected);
}

TEST_F(PassiveHealthTest, EpochsWrapAround) {
  settings_.consecutive_failures = 1;
  settings_.ejection_time = Milliseconds(0);
  for (int i = 0; i < 70'000; ++i) {
    ASSERT_EQ(fail(), Change::ejected) << i;
    ASSERT_EQ(health_.report_success(probe(start)), Change::recovered) << i;
  }
  EXPECT_TRUE(health_.usable());
}

TEST_F(PassiveHealthTest, VeryLongEjectionsAndClocksBeforeZero) {
  settings_.ejection_time = std::chrono::hours(24 * 365 * 10);
  eject();
  EXPECT_FALSE(health_.probe_due(start + std::chrono::hours(24 * 365 * 9)));
  EXPECT_TRUE(health_.probe_due(start + std::chrono::hours(24 * 365 * 10)));
  EXPECT_FALSE(health_.probe_due(TimePoint{seconds(-5)}));
}

}  // namespace
}  // namespace weir::health
