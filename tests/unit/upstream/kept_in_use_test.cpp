// Which endpoints fail and stay in use, and why: what users are shown of an ejection that was held.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/upstream/ejection_fixture.hpp"

namespace weir::upstream {
namespace {

class KeptInUse : public EjectionTest {
 protected:
  explicit KeptInUse(std::size_t count = 3) : EjectionTest(count) {}
  std::string kept(std::size_t which) {
    return kept_text(kept_in_use(endpoints_[which], settings_, now_), settings_);
  }
};

class KeptInUseOfFive : public KeptInUse {
 protected:
  KeptInUseOfFive() : KeptInUse(5) {}
};

TEST_F(KeptInUse, WhatKeepsOneThatFailsInUseIsKnownUntilItAnswers) {
  fail_until_due(0);
  EXPECT_EQ(kept(0), "") << "it is out";
  fail_until_due(1);
  fail(2, refused);
  EXPECT_EQ(kept(2), "") << "nothing is due";
  fail_until_due(2, refused);
  EXPECT_THAT(kept(2), testing::EndsWith("; it stays in use, because no other endpoint is usable"));
  EXPECT_THAT(kept(2), testing::StartsWith("3 consecutive failures (connect_refused x3)"));
  now_ += settings_.window * 10;
  EXPECT_NE(kept(2), "") << "no request has said otherwise since";
  endpoints_[2].out = out_drain;
  EXPECT_EQ(kept(2), "");
  endpoints_[2].out = 0;
  succeed(2, endpoints_[2].health.ticket());
  EXPECT_EQ(kept(2), "");
}

TEST_F(KeptInUse, WhatIsOffKeepsNothing) {
  for (std::size_t i = 0; i < 3; ++i) fail_until_due(i);
  config::PassiveHealth off = settings_;
  off.consecutive_failures = 0;
  EXPECT_EQ(kept_in_use(endpoints_[2], settings_, now_).held, Held::last_endpoint);
  EXPECT_EQ(kept_in_use(endpoints_[2], off, now_).held, Held::none);
}

TEST_F(KeptInUseOfFive, TheCapAndASharedCauseKeepOneInUse) {
  settings_.max_ejection_percent = 20;
  fail_until_due(0, busy);
  fail_until_due(1, busy);
  EXPECT_THAT(kept(1), testing::EndsWith("because others are out already (max_ejection_percent 20)"));
  fail_until_due(2, busy);
  EXPECT_THAT(kept(2), testing::EndsWith("because most endpoints fail the same way"));
}

}  // namespace
}  // namespace weir::upstream
