// What a canary's endpoints say: usable, restarted, newly deployed.
#include "rollout/canary_watch.hpp"

#include <gtest/gtest.h>

#include "rollout/record.hpp"

namespace weir::rollout {
namespace {

using Seen = CanaryWatch::Seen;
using Sights = std::vector<EndpointSight>;

TEST(CanaryWatch, WhatItHadAtTheStartIsNothingNew) {
  CanaryWatch watch;
  EXPECT_EQ(watch.look(Sights{{"a", true}, {"b", false}}), (Seen{true, false, false}));
  EXPECT_EQ(watch.look(Sights{{"a", true}, {"b", false}}), (Seen{true, false, false}));
  EXPECT_EQ(watch.known(), (std::vector<std::string>{"a", "b"}));
}

TEST(CanaryWatch, OneThatReturnsFromDownHasRestarted) {
  CanaryWatch watch;
  watch.look(Sights{{"a", true}, {"b", true}});
  EXPECT_EQ(watch.look(Sights{{"a", false}, {"b", true}}), (Seen{true, false, false}));
  EXPECT_EQ(watch.look(Sights{{"a", true}, {"b", true}}), (Seen{true, true, false}));
  EXPECT_EQ(watch.look(Sights{{"a", true}, {"b", true}}), (Seen{true, false, false}));
  EXPECT_EQ(watch.look(Sights{{"a", false}, {"b", false}}), (Seen{false, false, false}));
}

TEST(CanaryWatch, AnAddressThatItDidNotHaveIsANewDeployment) {
  CanaryWatch watch;
  watch.look(Sights{{"a", true}, {"b", true}});
  EXPECT_EQ(watch.look(Sights{{"a", true}}), (Seen{true, false, false})) << "an instance that leaves is none";
  EXPECT_EQ(watch.look(Sights{{"a", true}, {"c", true}}), (Seen{true, true, true}));
  EXPECT_EQ(watch.look(Sights{{"a", true}, {"c", true}}), (Seen{true, false, false}));
}

TEST(CanaryWatch, AnswersThatNameSomeOfThemInTurnAreNone) {
  CanaryWatch watch;
  watch.look(Sights{{"a", true}, {"b", true}, {"c", true}});
  EXPECT_FALSE(watch.look(Sights{{"a", true}}).is_new_deployment);
  EXPECT_FALSE(watch.look(Sights{{"b", true}, {"c", true}}).is_new_deployment);
}

TEST(CanaryWatch, NamesThatHaveNoAddressYetAreNone) {
  CanaryWatch watch;
  EXPECT_EQ(watch.look({}), (Seen{false, false, false}));
  EXPECT_EQ(watch.look(Sights{{"a", true}}), (Seen{true, false, false}));
  EXPECT_EQ(watch.look({}), (Seen{false, false, false}));
  EXPECT_EQ(watch.look(Sights{{"a", true}}), (Seen{true, false, false}));
}

TEST(CanaryWatch, AfterARestartOfWeirWhatWasKnownIs) {
  CanaryWatch watch({"a", "b"});
  EXPECT_FALSE(watch.look(Sights{{"a", true}, {"b", true}}).is_new_deployment);
  CanaryWatch other({"a"});
  EXPECT_TRUE(other.look(Sights{{"a", true}, {"b", true}}).is_new_deployment);
}

TEST(CanaryWatch, KnowsSoManyAddresses) {
  CanaryWatch watch;
  Sights many;
  for (std::size_t i = 0; i < known_endpoints_max; ++i) many.push_back({std::to_string(i), true});
  watch.look(many);
  EXPECT_FALSE(watch.look(Sights{{"one more", true}}).is_new_deployment);
  EXPECT_EQ(watch.known().size(), known_endpoints_max);
}

}  // namespace
}  // namespace weir::rollout
