#include "upstream/ejection.hpp"

#include <gtest/gtest.h>

#include "unit/balance/endpoints.hpp"

namespace weir::upstream {
namespace {

using health::Change;

class EjectionTest : public testing::Test {
 protected:
  Change fail(std::size_t index) {
    return report_failure(guard_, endpoints_.candidates(), endpoints_[index], ejecting_after(3), time_zero,
                          endpoints_[index].health.ticket());
  }
  Change fail_until_change(std::size_t index) {
    for (int i = 0; i < 10; ++i) {
      if (const Change change = fail(index); change != Change::none) return change;
    }
    return Change::none;
  }

  Endpoints endpoints_{{1, 1, 1}};
  EjectionGuard guard_;
};

TEST_F(EjectionTest, EjectsAtTheThreshold) {
  EXPECT_EQ(fail(1), Change::none);
  EXPECT_EQ(fail(1), Change::none);
  EXPECT_EQ(fail(1), Change::ejected);
  EXPECT_EQ(fail(1), Change::none);
  EXPECT_EQ(usable_count(endpoints_.candidates()), 2u);
}

TEST_F(EjectionTest, TheLastOneStays) {
  EXPECT_EQ(fail_until_change(0), Change::ejected);
  EXPECT_EQ(fail_until_change(1), Change::ejected);
  EXPECT_FALSE(may_eject(endpoints_.candidates(), endpoints_[2]));
  EXPECT_EQ(fail_until_change(2), Change::none);
  EXPECT_EQ(usable_count(endpoints_.candidates()), 1u);
}

TEST_F(EjectionTest, TheLastOneGoesAtItsNextFailureAfterAnotherRecovered) {
  fail_until_change(0);
  fail_until_change(1);
  fail_until_change(2);
  health::Ticket probe;
  ASSERT_TRUE(endpoints_[0].health.claim_probe(time_zero + std::chrono::seconds(30), probe));
  EXPECT_EQ(fail(2), Change::none) << "one that is only being probed is not in use";
  ASSERT_EQ(endpoints_[0].health.report_success(probe), Change::recovered);
  EXPECT_EQ(fail(2), Change::ejected);
  EXPECT_TRUE(endpoints_[0].health.usable());
}

TEST_F(EjectionTest, AFailedProbeIsReportedThroughHereToo) {
  fail_until_change(0);
  health::Ticket probe;
  ASSERT_TRUE(endpoints_[0].health.claim_probe(time_zero + std::chrono::seconds(30), probe));
  EXPECT_EQ(
      report_failure(guard_, endpoints_.candidates(), endpoints_[0], ejecting_after(3), time_zero, probe),
      Change::re_ejected);
}

TEST_F(EjectionTest, ASingleEndpointIsNeverEjected) {
  Endpoints one({1});
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(report_failure(guard_, one.candidates(), one[0], ejecting_after(1), time_zero,
                             one[0].health.ticket()),
              Change::none);
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
  EXPECT_EQ(fail(2), Change::ejected);
}

TEST_F(EjectionTest, TheSameEndpointTwiceIsStillOne) {
  Endpoints one({1});
  const std::vector<Candidate> twice{one.candidates()[0], one.candidates()[0]};
  EXPECT_FALSE(may_eject(twice, one[0]));
}

TEST_F(EjectionTest, WhileTheGuardIsHeldFailuresAreOnlyCounted) {
  ASSERT_TRUE(guard_.try_enter());
  EXPECT_FALSE(guard_.try_enter());
  EXPECT_EQ(fail_until_change(0), Change::none);
  guard_.leave();
  EXPECT_EQ(fail(0), Change::ejected);
}

TEST_F(EjectionTest, AnOutdatedReportDoesNotEjectTheFormerLastOne) {
  const health::Ticket early = endpoints_[2].health.ticket();
  endpoints_.eject(2, time_zero);
  health::Ticket probe;
  ASSERT_TRUE(endpoints_[2].health.claim_probe(time_zero + std::chrono::seconds(30), probe));
  endpoints_[2].health.report_success(probe);
  fail_until_change(0);
  fail_until_change(1);
  ASSERT_EQ(fail_until_change(2), Change::none);
  ASSERT_TRUE(endpoints_[0].health.claim_probe(time_zero + std::chrono::seconds(30), probe));
  endpoints_[0].health.report_success(probe);
  EXPECT_EQ(
      report_failure(guard_, endpoints_.candidates(), endpoints_[2], ejecting_after(3), time_zero, early),
      Change::none);
}

}  // namespace
}  // namespace weir::upstream
