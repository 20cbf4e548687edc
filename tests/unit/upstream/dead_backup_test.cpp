// What a backup that fails means for those whose place it takes.
#include <gtest/gtest.h>

#include "unit/balance/endpoints.hpp"
#include "upstream/ejection.hpp"
#include "upstream/ejection_text.hpp"

namespace weir::upstream {
namespace {

using health::Change;
using std::chrono::seconds;

const FailedAttempt refused{health::Cause(ErrorKind::connect_refused), config::failure_connect};
const FailedAttempt busy{health::Cause::of_status(503), config::failure_503};
const FailedAttempt odd{health::Cause(ErrorKind::response_malformed), config::failure_invalid_response};

class Backups : public testing::Test {
 protected:
  explicit Backups(std::size_t count = 3) : endpoints_(std::vector<std::uint32_t>(count, 1)) {}

  Verdict fail(std::size_t index, FailedAttempt failed) {
    return report_failure(guard_, endpoints_.candidates(), endpoints_[index], settings_, now_,
                          endpoints_[index].health.ticket(), failed);
  }
  /// Until something changes or is held.
  Verdict fail_until_due(std::size_t index, FailedAttempt failed) {
    for (int i = 0; i < 10; ++i) {
      const Verdict verdict = fail(index, failed);
      if (verdict.reason != Reason::none) return verdict;
    }
    return {};
  }
  void succeed(std::size_t index) {
    report_success(endpoints_.candidates(), endpoints_[index], settings_, now_,
                   endpoints_[index].health.ticket());
  }
  std::size_t usable() const { return usable_count(endpoints_.candidates()); }
  std::string text(const Verdict& verdict, std::size_t index) {
    return verdict_text(verdict, settings_, "blue", endpoints_[index].label);
  }

  Endpoints endpoints_;
  EjectionGuard guard_;
  config::PassiveHealth settings_ = ejecting_after(3);
  TimePoint now_ = time_zero;
};

class DeadBackup : public Backups {
 protected:
  DeadBackup() : Backups(5) {
    endpoints_.candidate(backup).backup = true;
    for (std::size_t i = 0; i < backup; ++i) EXPECT_EQ(fail_until_due(i, busy).change, Change::ejected);
    EXPECT_EQ(usable(), 1u);
  }
  static constexpr std::size_t backup = 4;
};

TEST_F(DeadBackup, GivesTheOthersTheirPlaceBack) {
  EXPECT_EQ(fail(backup, refused).pardoned, 0u);
  EXPECT_EQ(fail(backup, refused).pardoned, 0u);
  EXPECT_EQ(usable(), 1u) << "below its threshold";
  const Verdict last = fail(backup, refused);
  EXPECT_EQ(last.held, Held::last_endpoint);
  EXPECT_EQ(last.pardoned, 4u) << "whatever they failed with";
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
  EXPECT_EQ(fail(backup, refused).pardoned, 4u) << "one more failure is enough";
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
  EXPECT_EQ(last.pardoned, 4u);
}

TEST_F(DeadBackup, OneOfTwoGoesAndTheOtherOneGivesThePlaceBack) {
  fail_until_due(backup, refused);
  now_ += seconds(100);
  endpoints_.candidate(3).backup = true;
  succeed(backup);
  settings_.max_ejection_percent = 100;
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(fail_until_due(i, busy).change, Change::ejected);
  EXPECT_EQ(fail_until_due(backup, refused).change, Change::ejected);
  EXPECT_EQ(fail_until_due(3, refused).pardoned, 3u) << "the first backup stays out";
}

TEST_F(DeadBackup, WhatIsOutForAnotherReasonStaysOut) {
  endpoints_.put_out(0, out_check_failed);
  endpoints_.put_out(1, out_drain);
  EXPECT_EQ(fail_until_due(backup, refused).pardoned, 3u);
  EXPECT_EQ(usable(), 3u);
  EXPECT_FALSE(endpoints_[0].usable());
  EXPECT_FALSE(endpoints_[1].usable());
}

TEST_F(Backups, ABackupThatFailsBesidesAUsableOneEndsNothing) {
  endpoints_.candidate(2).backup = true;
  EXPECT_EQ(fail_until_due(0, busy).change, Change::ejected);
  const Verdict failed = fail_until_due(2, refused);
  EXPECT_EQ(failed.pardoned, 0u);
  EXPECT_FALSE(endpoints_[0].health.usable());
}

}  // namespace
}  // namespace weir::upstream
