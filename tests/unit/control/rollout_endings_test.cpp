// What a reload does to a rollout that runs: the configuration wins where its split is another one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/rollout_reports.hpp"
#include "control/rollouts.hpp"
#include "unit/control/rollout_rig.hpp"

namespace weir::control {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

struct Ending {
  const char* name;
  void (*change)(config::Config&);
  const char* why;
  bool forgotten;  // there is nothing left to show
};

class RolloutEndings : public ::testing::TestWithParam<Ending> {};

TEST_P(RolloutEndings, TheConfigurationWins) {
  RolloutRig rig;
  ASSERT_TRUE(rig.start());
  rig.run(4);
  config::Config other = rollout_config();
  GetParam().change(other);
  rig.adopt(other);
  EXPECT_FALSE(rig.all->is_running("api"));
  EXPECT_FALSE(rig.all->is_active());
  EXPECT_THAT(rig.audit->lines().back(), HasSubstr("rollout_aborted"));
  EXPECT_THAT(rig.audit->lines().back(), HasSubstr(GetParam().why));
  EXPECT_EQ(rig.all->find("api") == nullptr, GetParam().forgotten);
  EXPECT_EQ(std::filesystem::exists(rig.state_file()), !GetParam().forgotten);
  rig.restart();
  EXPECT_FALSE(rig.all->is_running("api"));
}

INSTANTIATE_TEST_SUITE_P(
    All, RolloutEndings,
    ::testing::Values(Ending{"RouteGone", [](config::Config& config) { config.routes.clear(); },
                             "the route is gone", true},
                      Ending{"RolloutGone",
                             [](config::Config& config) {
                               std::get<config::ProxyAction>(config.routes[0].action).rollout.reset();
                             },
                             "no `rollout` any more", true},
                      Ending{"OtherCanary",
                             [](config::Config& config) {
                               auto& targets =
                                   std::get<config::ProxyAction>(config.routes[0].action).split->targets;
                               targets[1].upstream = 2;
                             },
                             "targets are others", false},
                      Ending{"OtherWeights",
                             [](config::Config& config) {
                               auto& targets =
                                   std::get<config::ProxyAction>(config.routes[0].action).split->targets;
                               targets[1].weight = 1;
                             },
                             "weights of its split changed", false}),
    [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace weir::control
