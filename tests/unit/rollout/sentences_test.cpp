// What a rollout says, word by word.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rollout/decision.hpp"
#include "rollout/wording.hpp"

namespace weir::rollout {
namespace {

const Names names{"api", "green", "blue"};

Decision numbers(Kind kind, Cause cause) {
  Decision decision;
  decision.kind = kind;
  decision.cause = cause;
  decision.from = decision.to = 500;
  decision.rollout_time = decision.step_time = decision.counted_time = Milliseconds{41'000};
  decision.totals = {Totals{1'874, 9, 30}, Totals{98, 7, 12}};
  decision.evidence = 10'400.7;
  decision.limit = 100;
  decision.canary_requests = 98;
  decision.canary_clients = 12;
  decision.recent = {100, 31};
  decision.p95 = {Microseconds{201'700}, Microseconds{312'400}};
  return decision;
}

std::string said(const Decision& decision, const Settings& settings = {}) {
  return sentence(decision, settings, names);
}

TEST(RolloutSentences, Started) {
  Decision decision = numbers(Kind::started, Cause::none);
  EXPECT_EQ(said(decision),
            "api: green starts at 5 %, compared with blue; steps 5 %, 25 %, 50 %, 100 %, each held for 10m.");
}

TEST(RolloutSentences, RolledBack) {
  Decision decision = numbers(Kind::rolled_back, Cause::evidence);
  decision.to = 0;
  EXPECT_EQ(said(decision),
            "api: rolled back green from 5 % to 0 after 41 s: 7 of 98 requests failed there (7.1 %), 9 of "
            "1,874 on blue "
            "(0.5 %). If green were no worse, at most 1 of 10,400 rollouts would look like this; the limit "
            "is 1 of 100.");
  Decision of_one = decision;
  of_one.limit *= 3;
  Settings shared;
  shared.replicas = 3;
  EXPECT_THAT(said(of_one, shared),
              testing::EndsWith("; the limit is 1 of 300 (3 replicas share 1 of 100)."));
  decision.family = Family::latency;
  decision.counted_time = Milliseconds{20'000};
  EXPECT_EQ(said(decision),
            "api: rolled back green from 5 % to 0 after 41 s: in the last 20 s p95 there is 312.4 ms, 201.7 "
            "ms on blue. If "
            "green were no worse, at most 1 of 10,400 rollouts would look like this; the limit is 1 of 100.");
  decision.cause = Cause::canary_down;
  EXPECT_EQ(said(decision),
            "api: rolled back green from 5 % to 0 after 41 s: none of its endpoints was usable for 5.0 s.");
  decision.cause = Cause::low_traffic;
  EXPECT_EQ(said(decision),
            "api: rolled back green from 5 % to 0 after 41 s: it had 98 of the 200 requests that a step "
            "needs within 6h, and "
            "on_low_traffic is rollback.");
  decision.cause = Cause::operator_asked;
  decision.family = Family::failures;
  decision.reason = "tickets";
  EXPECT_EQ(said(decision),
            "api: rolled back green from 5 % to 0 after 41 s by an operator (tickets): 7 of 98 requests "
            "failed there "
            "(7.1 %), 9 of 1,874 on blue (0.5 %).");
}

TEST(RolloutSentences, Step) {
  Decision decision = numbers(Kind::step, Cause::none);
  decision.to = 2'500;
  decision.step_time = Milliseconds{600'000};
  decision.jump = 210;
  EXPECT_EQ(said(decision),
            "api: green goes from 5 % to 25 % after 10 min: 7 of 98 requests failed there (7.1 %), 9 of "
            "1,874 on blue "
            "(0.5 %). A jump of its failures by 2.10 points or more would have been noticed.");
  decision.cause = Cause::low_traffic;
  decision.jump.reset();
  EXPECT_EQ(said(decision),
            "api: green goes from 5 % to 25 % after 10 min: 7 of 98 requests failed there (7.1 %), 9 of "
            "1,874 on blue "
            "(0.5 %). This proves nothing: it had 98 of the 200 requests that a step needs within 6h, and "
            "on_low_traffic is "
            "promote.");
}

TEST(RolloutSentences, Held) {
  EXPECT_EQ(said(numbers(Kind::held, Cause::shared_cause)),
            "api: green is held at 5 %: 31 of 100 requests failed on blue in the last 10 s (31.0 %), which "
            "it did not "
            "before. Neither is counted until that is over for 30 s.");
  Decision early = numbers(Kind::held, Cause::shared_cause);
  early.step_time = Milliseconds{12'000};
  EXPECT_EQ(said(early).substr(said(early).size() - 37), " It began 12 s after the step to 5 %.");
  Settings settings;
  settings.by_client = true;
  EXPECT_EQ(said(numbers(Kind::held, Cause::low_traffic), settings),
            "api: green is held at 5 %: it had 98 of the 200 requests and 12 of the 20 clients that a step "
            "needs in 41 s. No "
            "traffic is no proof.");
  EXPECT_EQ(said(numbers(Kind::held, Cause::suspicious)),
            "api: green is held at 5 %: 7 of 98 requests failed there (7.1 %), 9 of 1,874 on blue (0.5 %). "
            "Evidence that it "
            "is worse is 10,400; a step needs less than a tenth of the limit of 100.");
}

TEST(RolloutSentences, ResumedAndNoted) {
  EXPECT_EQ(said(numbers(Kind::resumed, Cause::shared_cause)),
            "api: green goes on at 5 %: blue has been calm for 30 s.");
  EXPECT_EQ(said(numbers(Kind::resumed, Cause::operator_asked)), "api: green goes on at 5 % by an operator.");
  EXPECT_EQ(said(numbers(Kind::noted, Cause::worse_within_tolerance)),
            "api: green at 5 % is worse, within what is tolerated: 7 of 98 requests failed there (7.1 %), 9 "
            "of 1,874 on blue "
            "(0.5 %). It goes on.");
  EXPECT_EQ(
      said(numbers(Kind::noted, Cause::prolonged)),
      "api: green stays at 5 % for another 2 min 30 s: 7 of 98 requests failed there (7.1 %), 9 of 1,874 on "
      "blue "
      "(0.5 %). Evidence that it is worse is 10,400; a step needs less than a tenth of the limit of 100.");
}

TEST(RolloutSentences, Finished) {
  Decision decision = numbers(Kind::finished, Cause::none);
  decision.to = whole;
  EXPECT_EQ(said(decision),
            "api: finished, green has 100 % after 41 s: 7 of 98 requests failed there (7.1 %), 9 of 1,874 on "
            "blue (0.5 %).");
}

TEST(RolloutSentences, NamesAreStable) {
  EXPECT_EQ(to_string(Kind::rolled_back), "rolled_back");
  EXPECT_EQ(to_string(Cause::worse_within_tolerance), "worse_within_tolerance");
  EXPECT_EQ(to_string(Cause::operator_asked), "operator");
}

TEST(RolloutWording, Numbers) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1'000), "1,000");
  EXPECT_EQ(grouped(12'345'678), "12,345,678");
  EXPECT_EQ(percent(500), "5 %");
  EXPECT_EQ(percent(50), "0.5 %");
  EXPECT_EQ(percent(25), "0.25 %");
  EXPECT_EQ(percent(105), "1.05 %");
  EXPECT_EQ(percent_of(7, 98), "7.1 %");
  EXPECT_EQ(percent_of(1, 5'000), "0.02 %");
  EXPECT_EQ(percent_of(0, 0), "0.0 %");
  EXPECT_EQ(how_long(Milliseconds{900}), "0.9 s");
  EXPECT_EQ(how_long(Milliseconds{119'000}), "119 s");
  EXPECT_EQ(how_long(Milliseconds{125'000}), "2 min 5 s");
  EXPECT_EQ(how_long(std::chrono::hours{2}), "2 h");
  EXPECT_EQ(how_long(std::chrono::minutes{200}), "3 h 20 min");
}

}  // namespace
}  // namespace weir::rollout
