#include "health/active.hpp"

#include <gtest/gtest.h>

#include "upstream/ejection.hpp"
#include "upstream/endpoint.hpp"

namespace weir::health {
namespace {

class ActiveHealthTest : public testing::Test {
 protected:
  CheckChange pass() { return health_.report(true, settings_); }
  CheckChange fail() { return health_.report(false, settings_); }
  void fail_out() {
    while (fail() != CheckChange::out) {
    }
  }

  config::HealthCheck settings_;  // 3 failures, 2 successes
  ActiveHealth health_{CheckState::pending};
};

TEST_F(ActiveHealthTest, TheFirstSuccessCountsAlone) {
  EXPECT_EQ(health_.state(), CheckState::pending);
  EXPECT_EQ(health_.in_a_row(), 0u);
  EXPECT_EQ(pass(), CheckChange::first_pass);
  EXPECT_EQ(health_.state(), CheckState::passing);
  EXPECT_EQ(health_.in_a_row(), 1u);
  EXPECT_EQ(pass(), CheckChange::none);
  EXPECT_EQ(health_.in_a_row(), 2u);
}

TEST_F(ActiveHealthTest, OneSuccessAmongFailuresIsEnoughWhilePending) {
  EXPECT_EQ(fail(), CheckChange::none);
  EXPECT_EQ(fail(), CheckChange::none);
  EXPECT_EQ(health_.state(), CheckState::pending);
  EXPECT_EQ(pass(), CheckChange::first_pass);
  EXPECT_EQ(fail(), CheckChange::none) << "the failures before it no longer count";
  EXPECT_EQ(fail(), CheckChange::none);
  EXPECT_EQ(fail(), CheckChange::out);
}

TEST_F(ActiveHealthTest, WhatNeverPassedFailsAtItsThreshold) {
  EXPECT_EQ(fail(), CheckChange::none);
  EXPECT_EQ(fail(), CheckChange::none);
  EXPECT_EQ(fail(), CheckChange::out);
  EXPECT_EQ(health_.state(), CheckState::failing);
  EXPECT_EQ(fail(), CheckChange::none) << "reported once";
  EXPECT_EQ(health_.in_a_row(), 4u);
}

TEST_F(ActiveHealthTest, ComingBackTakesItsThreshold) {
  fail_out();
  EXPECT_EQ(pass(), CheckChange::none);
  EXPECT_EQ(health_.state(), CheckState::failing);
  EXPECT_EQ(pass(), CheckChange::back);
  EXPECT_EQ(health_.state(), CheckState::passing);
  EXPECT_EQ(health_.in_a_row(), 2u);
}

TEST_F(ActiveHealthTest, AFailureBreaksTheRowOfSuccesses) {
  fail_out();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(pass(), CheckChange::none);
    EXPECT_EQ(fail(), CheckChange::none);
    EXPECT_EQ(health_.in_a_row(), 1u);
  }
  EXPECT_EQ(health_.state(), CheckState::failing);
}

TEST_F(ActiveHealthTest, ASuccessBreaksTheRowOfFailures) {
  pass();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(fail(), CheckChange::none);
    EXPECT_EQ(fail(), CheckChange::none);
    EXPECT_EQ(pass(), CheckChange::none);
  }
  EXPECT_EQ(health_.state(), CheckState::passing);
}

TEST_F(ActiveHealthTest, ThresholdsOfOneActAtOnce) {
  settings_.healthy_threshold = settings_.unhealthy_threshold = 1;
  EXPECT_EQ(fail(), CheckChange::out);
  EXPECT_EQ(pass(), CheckChange::back);
  EXPECT_EQ(fail(), CheckChange::out);
}

TEST_F(ActiveHealthTest, OtherSettingsRestartTheCountAndKeepTheVerdict) {
  pass();
  fail();
  fail();
  health_.restart();
  EXPECT_EQ(health_.state(), CheckState::passing);
  EXPECT_EQ(health_.in_a_row(), 0u);
  EXPECT_EQ(fail(), CheckChange::none);
  EXPECT_EQ(fail(), CheckChange::none);
  EXPECT_EQ(fail(), CheckChange::out);

  EXPECT_EQ(pass(), CheckChange::none);
  health_.restart();
  EXPECT_EQ(health_.state(), CheckState::failing);
  EXPECT_EQ(pass(), CheckChange::none);
  EXPECT_EQ(pass(), CheckChange::back);
}

TEST_F(ActiveHealthTest, ALowerThresholdActsOnTheNextCheck) {
  pass();
  fail();
  settings_.unhealthy_threshold = 1;
  EXPECT_EQ(health_.state(), CheckState::passing) << "a change of settings alone takes none out";
  EXPECT_EQ(fail(), CheckChange::out);
}

TEST_F(ActiveHealthTest, WhatIsForgottenIsPendingAgain) {
  fail_out();
  health_.forget();
  EXPECT_EQ(health_.state(), CheckState::pending);
  EXPECT_EQ(health_.in_a_row(), 0u);
  EXPECT_EQ(pass(), CheckChange::first_pass);
}

TEST(CheckStates, HaveNames) {
  EXPECT_EQ(to_string(CheckState::pending), "pending");
  EXPECT_EQ(to_string(CheckState::passing), "passing");
  EXPECT_EQ(to_string(CheckState::failing), "failing");
}

TEST(ExpectedStatus, RangesIncludeTheirEnds) {
  const std::vector<config::StatusRange> expect{{200, 299}, {401, 401}};
  for (const int status : {200, 250, 299, 401}) EXPECT_TRUE(is_expected(expect, status)) << status;
  for (const int status : {199, 300, 400, 402, 503}) EXPECT_FALSE(is_expected(expect, status)) << status;
  EXPECT_FALSE(is_expected({}, 200));
}

TEST(Jitter, StaysWithinATenth) {
  EXPECT_EQ(jittered(Milliseconds(1000), 0), Milliseconds(900));
  EXPECT_EQ(jittered(Milliseconds(1000), 100), Milliseconds(1000));
  EXPECT_EQ(jittered(Milliseconds(1000), 200), Milliseconds(1100));
  EXPECT_EQ(jittered(Milliseconds(1000), 201), Milliseconds(900));
  EXPECT_EQ(jittered(Milliseconds(5), 12345), Milliseconds(5)) << "nothing to spread";
}

TEST(EndpointOut, ChecksAndPassiveHealthBothHaveToAgree) {
  upstream::EndpointState endpoint("blue", "10.0.0.3:80", *SocketAddress::parse("10.0.0.3:80"), 0);
  EXPECT_TRUE(endpoint.usable());
  endpoint.out = upstream::out_check_pending;
  EXPECT_FALSE(endpoint.usable());
  EXPECT_TRUE(endpoint.health.usable());
  endpoint.out = upstream::out_check_failed;
  EXPECT_FALSE(endpoint.usable());
  endpoint.out = 0;
  config::PassiveHealth once;
  once.consecutive_failures = 1;
  endpoint.health.report_failure(once, TimePoint{}, true, endpoint.health.ticket());
  EXPECT_FALSE(endpoint.usable()) << "a check that passes ends no ejection";
}

TEST(EndpointOut, OneThatChecksTookOutIsNoFallbackForAnEjection) {
  upstream::EndpointState a("blue", "a:80", *SocketAddress::parse("10.0.0.1:80"), 0);
  upstream::EndpointState b("blue", "b:80", *SocketAddress::parse("10.0.0.2:80"), 1);
  const std::vector<upstream::Candidate> both{{&a, 1}, {&b, 1}};
  EXPECT_TRUE(upstream::may_eject(both, a));
  b.out = upstream::out_check_failed;
  EXPECT_FALSE(upstream::may_eject(both, a));
  EXPECT_EQ(upstream::usable_count(both), 1u);
}

}  // namespace
}  // namespace weir::health
