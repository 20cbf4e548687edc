// What a backup that fails means for those whose place it takes.
#include <gtest/gtest.h>

#include "unit/upstream/ejection_fixture.hpp"

namespace weir::upstream {
namespace {

using health::Change;
using std::chrono::seconds;

class DeadBackup : public EjectionTest {
 protected:
  DeadBackup() : EjectionTest(5) {
    endpoints_.candidate(backup).backup = true;
    for (std::size_t i = 0; i < backup; ++i) EXPECT_EQ(fail_until_due(i, busy).change, Change::ejected);
    EXPECT_EQ(usable(), 1u);
  }
  static constexpr std::size_t backup = 4;
};

TEST_F(DeadBackup, GivesTheOthersTheirPlaceBack) {
  EXPECT_EQ(fail(backup, refused).readmitted, 0u);
  EXPECT_EQ(fail(backup, refused).readmitted, 0u);
  EXPECT_EQ(usable(), 1u) << "below its threshold";
  const Verdict last = fail(backup, refused);
  EXPECT_EQ(last.held, Held::last_endpoint);
  EXPECT_EQ(last.readmitted, 4u) << "whatever they failed with";
  EXPECT_TRUE(last.announce);
  EXPECT_EQ(last.usable, 5u);
  EXPECT_EQ(usable(), 5u);
  EXPECT_EQ(endpoints_[0].health.ejections_in_row(), 0u);
  EXPECT_EQ(endpoints_[0].last_change.get().why, "the backup that took its place fails, too");
  EXPECT_EQ(
      text(last, backup),
      "blue/4 would be ejected, but no other of 5 is usable: 3 consecutive failures (connect_refused x3); "
      "4 others that were out are back");
}

TEST_F(DeadBackup, IsNoReasonToTakeTheOthersOutAgain) {
  fail_until_due(backup, refused);
  now_ += settings_.window + seconds(1);
  settings_.max_ejection_percent = 40;
  EXPECT_EQ(fail_until_due(0, busy).change, Change::ejected);
  EXPECT_EQ(fail_until_due(1, refused).change, Change::ejected);
  EXPECT_EQ(fail_until_due(2, odd).held, Held::max_ejection_percent);
  EXPECT_EQ(fail_until_due(3, odd).held, Held::max_ejection_percent);
}

TEST_F(DeadBackup, IsTriedAgainAfterAnEjectionTime) {
  fail_until_due(backup, refused);
  settings_.max_ejection_percent = 20;
  now_ += settings_.ejection_time + seconds(1);
  for (std::size_t i = 0; i < backup; ++i) EXPECT_EQ(fail_until_due(i, busy).change, Change::ejected);
  EXPECT_EQ(fail(backup, refused).readmitted, 4u) << "one more failure is enough";
}

TEST_F(DeadBackup, ThatAnswersAgainTakesTheirPlaceAtOnce) {
  fail_until_due(backup, refused);
  succeed(backup);
  settings_.max_ejection_percent = 20;
  for (std::size_t i = 0; i < backup; ++i) EXPECT_EQ(fail_until_due(i, busy).change, Change::ejected);
}

TEST_F(DeadBackup, ThatFailsAsTheOthersDidIsNoExceptionForConnections) {
  fail_until_due(backup, busy);  // they are back
  now_ += seconds(100);
  succeed(backup);
  for (std::size_t i = 0; i < backup; ++i) EXPECT_EQ(fail_until_due(i, refused).change, Change::ejected);
  const Verdict last = fail_until_due(backup, refused);
  EXPECT_EQ(last.held, Held::shared_cause);
  EXPECT_EQ(last.readmitted, 4u);
}

TEST_F(DeadBackup, OneOfTwoGoesAndTheOtherOneGivesThePlaceBack) {
  fail_until_due(backup, refused);
  now_ += seconds(100);
  endpoints_.candidate(3).backup = true;
  succeed(backup);
  settings_.max_ejection_percent = 100;
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(fail_until_due(i, busy).change, Change::ejected);
  EXPECT_EQ(fail_until_due(backup, refused).change, Change::ejected);
  EXPECT_EQ(fail_until_due(3, refused).readmitted, 3u) << "the first backup stays out";
}

TEST_F(DeadBackup, WhatIsOutForAnotherReasonStaysOut) {
  endpoints_.put_out(0, out_check_failed);
  endpoints_.put_out(1, out_drain);
  EXPECT_EQ(fail_until_due(backup, refused).readmitted, 3u);
  EXPECT_EQ(usable(), 3u);
  EXPECT_FALSE(endpoints_[0].usable());
  EXPECT_FALSE(endpoints_[1].usable());
}

using Backups = EjectionTest;

TEST_F(Backups, ABackupThatFailsBesidesAUsableOneEndsNothing) {
  endpoints_.candidate(2).backup = true;
  EXPECT_EQ(fail_until_due(0, busy).change, Change::ejected);
  const Verdict failed = fail_until_due(2, refused);
  EXPECT_EQ(failed.readmitted, 0u);
  EXPECT_FALSE(endpoints_[0].health.usable());
}

}  // namespace
}  // namespace weir::upstream
