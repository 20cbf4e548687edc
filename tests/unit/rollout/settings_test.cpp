// Settings: the defaults are fine, faults are named all at once, and weights follow from them.
#include "rollout/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::rollout {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(RolloutSettings, DefaultsHaveNoFaults) {
  EXPECT_THAT(faults(Settings{}), ElementsAre());
}

TEST(RolloutSettings, EveryFaultIsNamed) {
  Settings settings;
  settings.steps = {2'500, 500, 0};
  settings.hold = Milliseconds{10};
  settings.max_hold = Milliseconds{1};
  settings.min_requests = settings.min_clients = 0;
  settings.false_rollback = 1'000;
  settings.tolerate_failures = 6'000;
  settings.replicas = 0;
  EXPECT_THAT(
      faults(settings),
      ElementsAre("steps: 5 % comes after 25 %", "steps: 0 % is not above 0 and up to 100 %",
                  "steps: 0 % comes after 5 %", "hold: 10ms is not from 1s to 1d",
                  "max_hold: 1ms is not from 10ms to 7d", "min_requests: 0 is not from 1 to 1000000",
                  "min_clients: 0 is not from 1 to 1000000", "false_rollback: 10 % is not from 0.1 % to 5 %",
                  "tolerate.failures: 60 % is not from 0 % to 50 %", "replicas: 0 is not from 1 to 100"));
}

TEST(RolloutSettings, AStepOfTheWholeComparesNothing) {
  Settings settings;
  settings.steps = {whole};
  EXPECT_THAT(faults(settings), ElementsAre(HasSubstr("nothing to compare with")));
  settings.steps = {};
  EXPECT_THAT(faults(settings), ElementsAre("steps: 0 of them; 1 to 20 are possible"));
}

TEST(RolloutSettings, WithoutBaselineTheRestIsStable) {
  const Settings settings;
  EXPECT_EQ(weights_for(settings, 500), (Weights{500, 0, 9'500}));
  EXPECT_EQ(compared_share(settings, 500), 500u);
  EXPECT_EQ(compared_steps(settings), 3u);
}

TEST(RolloutSettings, ABaselineIsAsLargeAsTheCanaryWhereThereIsRoom) {
  Settings settings;
  settings.has_baseline = true;
  EXPECT_EQ(weights_for(settings, 500), (Weights{500, 500, 9'000}));
  EXPECT_EQ(compared_share(settings, 500), 5'000u);
  EXPECT_EQ(weights_for(settings, 7'500), (Weights{7'500, 2'500, 0}));
  EXPECT_EQ(compared_share(settings, 7'500), 7'500u);
  EXPECT_EQ(weights_for(settings, 0), (Weights{0, 0, whole}));
}

}  // namespace
}  // namespace weir::rollout
