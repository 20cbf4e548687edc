#include "http2/misbehaviour.hpp"

#include <gtest/gtest.h>

namespace weir::http2 {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{std::chrono::hours(5)};

int spendable(MisbehaviourBudget& budget, Misbehaviour kind, TimePoint now) {
  int count = 0;
  while (budget.spend(kind, now)) ++count;
  return count;
}

TEST(MisbehaviourBudget, CostsOfEachKind) {
  const struct {
    Misbehaviour kind;
    int count;
  } cases[] = {{Misbehaviour::client_reset, 200},   {Misbehaviour::server_reset, 200},
               {Misbehaviour::refused_stream, 200}, {Misbehaviour::empty_frame, 200},
               {Misbehaviour::control_frame, 400},  {Misbehaviour::ignored_frame, 2000},
               {Misbehaviour::window_update, 200},  {Misbehaviour::endpoint_reset, 200},
               {Misbehaviour::stream_error, 200}};
  static_assert(std::size(cases) == misbehaviour_kinds);
  for (const auto& [kind, count] : cases) {
    MisbehaviourBudget budget;
    EXPECT_EQ(spendable(budget, kind, start), count) << misbehaviour_name(kind);
  }
}

TEST(MisbehaviourBudget, Refills) {
  MisbehaviourBudget budget;
  spendable(budget, Misbehaviour::client_reset, start);
  EXPECT_EQ(spendable(budget, Misbehaviour::client_reset, start + 49ms), 0);
  EXPECT_EQ(spendable(budget, Misbehaviour::client_reset, start + 50ms), 1);
  EXPECT_EQ(spendable(budget, Misbehaviour::client_reset, start + 1050ms), 20);
  EXPECT_EQ(spendable(budget, Misbehaviour::client_reset, start + 1h), 200);
}

TEST(MisbehaviourBudget, ManySmallStepsAddUp) {
  MisbehaviourBudget budget;
  spendable(budget, Misbehaviour::ignored_frame, start);
  int count = 0;
  for (TimePoint now = start; now < start + 1s; now += 700ns)
    count += budget.spend(Misbehaviour::ignored_frame, now);
  EXPECT_GE(count, 199);
  EXPECT_LE(count, 200);
}

TEST(MisbehaviourBudget, TimeThatStandsStillOrGoesBackAddsNothing) {
  MisbehaviourBudget budget;
  spendable(budget, Misbehaviour::client_reset, start);
  EXPECT_FALSE(budget.spend(Misbehaviour::client_reset, start));
  EXPECT_FALSE(budget.spend(Misbehaviour::client_reset, start - 1s));
  EXPECT_EQ(spendable(budget, Misbehaviour::client_reset, start + 1s), 20);
}

TEST(MisbehaviourBudget, GrantsFillItNoFurtherThanItWas) {
  MisbehaviourBudget budget;
  budget.grant(2);
  EXPECT_EQ(spendable(budget, Misbehaviour::stream_error, start), 200);
  budget.grant(2);
  EXPECT_EQ(spendable(budget, Misbehaviour::stream_error, start), 2);
  EXPECT_EQ(spendable(budget, Misbehaviour::stream_error, start + 1s), 20);
  budget.grant(1'000'000);
  EXPECT_EQ(spendable(budget, Misbehaviour::stream_error, start + 1s), 200);
}

TEST(MisbehaviourBudget, Names) {
  EXPECT_EQ(misbehaviour_name(Misbehaviour::client_reset), "client_reset");
  EXPECT_EQ(misbehaviour_name(Misbehaviour::ignored_frame), "control_frame");
  EXPECT_EQ(misbehaviour_name(Misbehaviour::window_update), "window_update");
}

}  // namespace
}  // namespace weir::http2
