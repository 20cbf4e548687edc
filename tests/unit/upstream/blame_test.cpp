#include "upstream/blame.hpp"

#include <gtest/gtest.h>

#include "unit/balance/endpoints.hpp"
#include "upstream/ejection_text.hpp"

namespace weir::upstream {
namespace {

using std::chrono::seconds;

HeldFailure answer(std::size_t endpoint, int status, std::uint16_t failure) {
  return {endpoint, {}, status, failure};
}

class Blame : public ::testing::Test {
 protected:
  void hold(int status, std::uint16_t failure) { blame_.hold(answer(blame_.held().size(), status, failure)); }
  void hold_500() { hold(500, config::failure_500); }
  RequestBlame blame_;
};

TEST_F(Blame, OneEndpointIsNoEvidence) {
  EXPECT_TRUE(blame_.empty());
  hold_500();
  EXPECT_FALSE(blame_.empty());
  EXPECT_FALSE(blame_.excuses(false));
}

TEST_F(Blame, TheSameAnswerFromTwoIs) {
  hold_500();
  hold_500();
  EXPECT_TRUE(blame_.excuses(false));
  hold_500();
  EXPECT_TRUE(blame_.excuses(false));
}

TEST_F(Blame, OneThatServesItClearsTheRequest) {
  hold_500();
  hold_500();
  EXPECT_FALSE(blame_.excuses(true));
}

TEST_F(Blame, DifferentAnswersAreNoEvidence) {
  hold_500();
  hold(503, config::failure_503);
  EXPECT_FALSE(blame_.excuses(false));
}

TEST_F(Blame, AnotherKindOfFailureIsADifferentAnswer) {
  hold_500();
  hold_500();
  blame_.note_other(config::failure_reset);
  EXPECT_FALSE(blame_.excuses(false));
}

TEST_F(Blame, WhoNeverHadTheRequestSaysNothing) {
  hold_500();
  blame_.note_other(config::failure_connect);
  hold_500();
  EXPECT_TRUE(blame_.excuses(false));
}

TEST_F(Blame, ClearedItIsAsNew) {
  hold_500();
  blame_.note_other(config::failure_reset);
  blame_.clear();
  EXPECT_TRUE(blame_.empty());
  hold_500();
  hold_500();
  EXPECT_TRUE(blame_.excuses(false));
}

TEST_F(Blame, HoldsAsManyAsARequestTries) {
  for (std::size_t i = 0; i < RequestBlame::held_max; ++i) hold_500();
  EXPECT_EQ(blame_.held().size(), RequestBlame::held_max);
}

class Excuse : public ::testing::Test {
 protected:
  Verdict excuse_two() {
    const std::vector<HeldFailure> held{{0, endpoints_[0].health.ticket(), 503, config::failure_503},
                                        {1, endpoints_[1].health.ticket(), 503, config::failure_503}};
    return excuse(guard_, endpoints_.candidates(), held, settings_, now_);
  }
  Endpoints endpoints_{std::vector<std::uint32_t>(5, 1)};
  EjectionGuard guard_;
  config::PassiveHealth settings_;
  TimePoint now_ = time_zero;
};

TEST_F(Excuse, CountsNothingAndSaysSoOnceAWindow) {
  const Verdict first = excuse_two();
  EXPECT_TRUE(first.announce);
  EXPECT_EQ(first.held, Held::request);
  EXPECT_EQ(verdict_kind(first), "suspected_request");
  EXPECT_EQ(
      verdict_text(first, settings_, "blue", ""),
      "suspected request in blue: 2 of 5 endpoints gave one request the same answer (503), so the request or "
      "something they share is at fault; such answers are held against no endpoint");
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(excuse_two().announce);
  EXPECT_EQ(usable_count(endpoints_.candidates()), 5u);
  EXPECT_EQ(endpoints_[0].health.consecutive_failures(), 0u);
  EXPECT_EQ(endpoints_[0].excused, 101u);
  now_ += settings_.window;
  EXPECT_TRUE(excuse_two().announce);
}

TEST_F(Excuse, ASuccessEndsTheRow) {
  excuse_two();
  report_success(endpoints_.candidates(), endpoints_[0], settings_, now_, endpoints_[0].health.ticket());
  EXPECT_EQ(endpoints_[0].excused, 0u);
  EXPECT_EQ(endpoints_[1].excused, 1u);
}

TEST_F(Excuse, AProbeHasNoVerdictAndTheNextRequestProbes) {
  endpoints_.eject(0, time_zero);
  now_ = endpoints_[0].health.ejected_until();
  health::Ticket probe;
  ASSERT_TRUE(endpoints_[0].health.claim_probe(now_, probe));
  const std::vector<HeldFailure> held{{0, probe, 503, config::failure_503},
                                      {1, endpoints_[1].health.ticket(), 503, config::failure_503}};
  excuse(guard_, endpoints_.candidates(), held, settings_, now_);
  EXPECT_EQ(endpoints_[0].health.state(), health::State::ejected);
  EXPECT_TRUE(endpoints_[0].health.probe_due(now_));
  EXPECT_EQ(endpoints_[0].health.ejections_in_row(), 1u);
}

TEST_F(Excuse, WhileSomebodyDecidesItIsSaidLater) {
  ASSERT_TRUE(guard_.try_enter());
  EXPECT_FALSE(excuse_two().announce);
  guard_.leave();
  EXPECT_TRUE(excuse_two().announce);
}

class Evidence : public ::testing::Test {
 protected:
  Evidence() { settings_.consecutive_failures = 3; }
  bool is_suspect_of(std::size_t i) { return is_suspect(endpoints_.candidates(), endpoints_[i], settings_); }
  Endpoints endpoints_{std::vector<std::uint32_t>{1, 1, 1}};
  config::PassiveHealth settings_;
};

TEST_F(Evidence, AsManyAtOnceAsWouldEjectAndNoneElsewhere) {
  endpoints_[0].held = 2;
  EXPECT_FALSE(is_suspect_of(0));
  endpoints_[0].held = 3;
  EXPECT_TRUE(is_suspect_of(0));
  endpoints_[1].held = 1;
  EXPECT_FALSE(is_suspect_of(0)) << "they may share what is broken";
  endpoints_.put_out(1, out_disabled);
  EXPECT_TRUE(is_suspect_of(0)) << "it gets no requests";
}

TEST_F(Evidence, NeedsSomebodyToCompareWith) {
  endpoints_[0].held = 9;
  endpoints_.put_out(1, out_check_failed);
  endpoints_.put_out(2, out_drain);
  EXPECT_FALSE(is_suspect_of(0));
}

TEST_F(Evidence, ThereIsNoneWithoutALimit) {
  settings_.consecutive_failures = 0;
  endpoints_[0].held = 9;
  EXPECT_FALSE(is_suspect_of(0));
}

}  // namespace
}  // namespace weir::upstream
