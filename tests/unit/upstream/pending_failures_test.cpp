#include "upstream/pending_failures.hpp"

#include <gtest/gtest.h>

#include "unit/balance/endpoints.hpp"
#include "upstream/ejection_text.hpp"

namespace weir::upstream {
namespace {

using std::chrono::seconds;

PendingFailure answer(std::size_t endpoint, int status, std::uint16_t failure) {
  return {endpoint, {}, health::Cause::of_status(status), failure};
}

class PendingFailuresTest : public ::testing::Test {
 protected:
  void add(int status, std::uint16_t failure) {
    pending_.add(answer(pending_.all().size(), status, failure));
  }
  void add_500() { add(500, config::failure_500); }
  PendingFailures pending_;
};

TEST_F(PendingFailuresTest, OneEndpointIsNoEvidence) {
  EXPECT_TRUE(pending_.empty());
  add_500();
  EXPECT_FALSE(pending_.empty());
  EXPECT_FALSE(pending_.is_request_failure(false));
}

TEST_F(PendingFailuresTest, TheSameAnswerFromTwoIs) {
  add_500();
  add_500();
  EXPECT_TRUE(pending_.is_request_failure(false));
  add_500();
  EXPECT_TRUE(pending_.is_request_failure(false));
}

TEST_F(PendingFailuresTest, WhereOneServesItTheyAreOfTheEndpoints) {
  add_500();
  add_500();
  EXPECT_FALSE(pending_.is_request_failure(true));
}

TEST_F(PendingFailuresTest, DifferentAnswersAreNoEvidence) {
  add_500();
  add(503, config::failure_503);
  EXPECT_FALSE(pending_.is_request_failure(false));
}

TEST_F(PendingFailuresTest, AnotherKindOfFailureIsADifferentAnswer) {
  add_500();
  add_500();
  pending_.note_other(config::failure_reset);
  EXPECT_FALSE(pending_.is_request_failure(false));
}

TEST_F(PendingFailuresTest, OneThatNeverHadTheRequestIsNoEvidence) {
  add_500();
  pending_.note_other(config::failure_connect);
  add_500();
  EXPECT_TRUE(pending_.is_request_failure(false));
}

TEST_F(PendingFailuresTest, ClearedItIsAsNew) {
  add_500();
  pending_.note_other(config::failure_reset);
  pending_.clear();
  EXPECT_TRUE(pending_.empty());
  add_500();
  add_500();
  EXPECT_TRUE(pending_.is_request_failure(false));
}

TEST_F(PendingFailuresTest, HoldsAsManyAsARequestTries) {
  for (std::size_t i = 0; i < PendingFailures::size_max; ++i) add_500();
  EXPECT_EQ(pending_.all().size(), PendingFailures::size_max);
}

class Discount : public ::testing::Test {
 protected:
  Verdict discount_two() {
    const std::vector<PendingFailure> failures{
        {0, endpoints_[0].health.ticket(), health::Cause::of_status(503), config::failure_503},
        {1, endpoints_[1].health.ticket(), health::Cause::of_status(503), config::failure_503}};
    return discount(guard_, endpoints_.candidates(), failures, settings_, now_);
  }
  Endpoints endpoints_{std::vector<std::uint32_t>(5, 1)};
  EjectionGuard guard_;
  config::PassiveHealth settings_;
  TimePoint now_ = time_zero;
};

TEST_F(Discount, CountsNothingAndAnnouncesItOnceAWindow) {
  const Verdict first = discount_two();
  EXPECT_TRUE(first.announce);
  EXPECT_EQ(first.held, Held::request);
  EXPECT_EQ(verdict_kind(first), "request_failure");
  EXPECT_EQ(
      verdict_text(first, settings_, "blue", ""),
      "request failure in blue: 2 of 5 endpoints gave one request the same answer (503), so the cause is the "
      "request or something they share; such answers count against no endpoint");
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(discount_two().announce);
  EXPECT_EQ(usable_count(endpoints_.candidates()), 5u);
  EXPECT_EQ(endpoints_[0].health.consecutive_failures(), 0u);
  EXPECT_EQ(endpoints_[0].discounted, 101u);
  now_ += settings_.window;
  EXPECT_TRUE(discount_two().announce);
}

TEST_F(Discount, ASuccessEndsTheRow) {
  discount_two();
  report_success(endpoints_.candidates(), endpoints_[0], settings_, now_, endpoints_[0].health.ticket());
  EXPECT_EQ(endpoints_[0].discounted, 0u);
  EXPECT_EQ(endpoints_[1].discounted, 1u);
}

TEST_F(Discount, AProbeHasNoVerdictAndTheNextRequestProbes) {
  endpoints_.eject(0, time_zero);
  now_ = endpoints_[0].health.ejected_until();
  health::Ticket probe;
  ASSERT_TRUE(endpoints_[0].health.claim_probe(now_, probe));
  const std::vector<PendingFailure> failures{
      {0, probe, health::Cause::of_status(503), config::failure_503},
      {1, endpoints_[1].health.ticket(), health::Cause::of_status(503), config::failure_503}};
  discount(guard_, endpoints_.candidates(), failures, settings_, now_);
  EXPECT_EQ(endpoints_[0].health.state(), health::State::ejected);
  EXPECT_TRUE(endpoints_[0].health.probe_due(now_));
  EXPECT_EQ(endpoints_[0].health.ejections_in_row(), 1u);
}

TEST_F(Discount, WhileTheGuardIsHeldItIsAnnouncedLater) {
  ASSERT_TRUE(guard_.try_enter());
  EXPECT_FALSE(discount_two().announce);
  guard_.leave();
  EXPECT_TRUE(discount_two().announce);
}

class Deprioritise : public ::testing::Test {
 protected:
  Deprioritise() { settings_.consecutive_failures = 3; }
  bool is_deprioritised(std::size_t i) {
    return should_deprioritise(endpoints_.candidates(), endpoints_[i], settings_);
  }
  Endpoints endpoints_{std::vector<std::uint32_t>{1, 1, 1}};
  config::PassiveHealth settings_;
};

TEST_F(Deprioritise, AsManyAtOnceAsWouldEjectAndNoneElsewhere) {
  endpoints_[0].pending = 2;
  EXPECT_FALSE(is_deprioritised(0));
  endpoints_[0].pending = 3;
  EXPECT_TRUE(is_deprioritised(0));
  endpoints_[1].pending = 1;
  EXPECT_FALSE(is_deprioritised(0)) << "they may share what is broken";
  endpoints_.put_out(1, out_disabled);
  EXPECT_TRUE(is_deprioritised(0)) << "it gets no requests";
}

TEST_F(Deprioritise, NeedsAnotherToCompareWith) {
  endpoints_[0].pending = 9;
  endpoints_.put_out(1, out_check_failed);
  endpoints_.put_out(2, out_drain);
  EXPECT_FALSE(is_deprioritised(0));
}

TEST_F(Deprioritise, NothingWithoutALimit) {
  settings_.consecutive_failures = 0;
  endpoints_[0].pending = 9;
  EXPECT_FALSE(is_deprioritised(0));
}

}  // namespace
}  // namespace weir::upstream
