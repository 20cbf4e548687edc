// Rollouts on the control thread: begun, walked, taken back, kept over restarts and reloads.
#include "control/rollouts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "control/rollout_reports.hpp"
#include "unit/control/rollout_rig.hpp"

namespace weir::control {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using Action = RolloutWish::Action;
using Weights = RolloutRig::Weights;

config::Config with_hold(Milliseconds hold) {
  config::Config config = rollout_config();
  std::get<config::ProxyAction>(config.routes[0].action).rollout->hold = hold;
  return config;
}

TEST(Rollouts, NothingIsInForceBeforeOneIsStarted) {
  RolloutRig rig;
  EXPECT_FALSE(rig.all->is_active());
  EXPECT_TRUE(rig.in_force().weights.empty());
  EXPECT_EQ(rig.in_force().runtime, nullptr);
  EXPECT_EQ(rig.all->find("api"), nullptr);
}

TEST(Rollouts, StartPublishesTheFirstStep) {
  RolloutRig rig;
  ASSERT_TRUE(rig.start());
  EXPECT_EQ(rig.publications, 1);
  EXPECT_EQ(rig.weights(), (Weights{95, 5}));
  const auto runtime = rig.in_force().runtime;
  ASSERT_NE(runtime, nullptr);
  EXPECT_EQ(runtime->canary, 1U);
  EXPECT_EQ(runtime->comparison, 0U);
  EXPECT_EQ(runtime->publication, rig.rollout().machine().publication());
  EXPECT_TRUE(rig.all->is_active());
  EXPECT_EQ(rig.audit_actions(), (std::vector<std::string>{"rollout_started"}));
  EXPECT_TRUE(std::filesystem::exists(rig.state_file()));
}

TEST(Rollouts, EqualVersionsGoUpAndTheWeightsAreTheSplits) {
  RolloutRig rig;
  ASSERT_TRUE(rig.start());
  rig.run(9);
  EXPECT_EQ(rig.weights(), (Weights{50, 50}));
  EXPECT_EQ(rig.publications, 2);
  rig.run(9);
  EXPECT_EQ(rig.last(), "finished none");
  EXPECT_FALSE(rig.all->is_active());
  EXPECT_EQ(rig.in_force().runtime, nullptr);
  EXPECT_TRUE(rig.in_force().weights.empty()) << "the split has them now";
  EXPECT_EQ(rig.weights(), (Weights{0, 100}));
  EXPECT_EQ(rig.splits->find("api")->who, "rollout");
  EXPECT_THAT(rig.splits->find("api")->reason, HasSubstr("finished"));
  EXPECT_EQ(rig.audit_actions(),
            (std::vector<std::string>{"rollout_started", "rollout_step", "rollout_finished", "split_set"}));
}

TEST(Rollouts, AWorseCanaryIsTakenBackAndItsClientsLeave) {
  RolloutRig rig;
  ASSERT_TRUE(rig.start());
  rig.tick(5, 5, 95, 0);
  EXPECT_EQ(rig.last(), "rolled_back evidence");
  EXPECT_EQ(rig.weights(), (Weights{100, 0}));
  EXPECT_EQ(rig.in_force().taken_back, split::Mask{2});
  EXPECT_EQ(rig.in_force().runtime, nullptr);
  EXPECT_EQ(rig.publications, 2);
  rig.restart();
  EXPECT_EQ(rig.in_force().taken_back, split::Mask{2}) << "as long as these weights are in force";
  const auto report = rollout_report(*rig.all, *rig.config, rig.config->routes[0], "t-1");
  EXPECT_EQ(report.state, "rolled_back");
  EXPECT_THAT(report.done.back().sentence, HasSubstr("5 of 5 requests failed there"));
}

TEST(Rollouts, CountsOfOthersAreNotTaken) {
  RolloutRig rig;
  ASSERT_TRUE(rig.start());
  server::RolloutCounts other;
  other.id = rig.in_force().runtime->id + 1;
  other.counts.publication = rig.in_force().runtime->publication;
  other.counts.sides[rollout::index(rollout::Side::canary)].requests = 9;
  rig.now += rollout::tick_interval;
  rig.all->tick({other});
  EXPECT_EQ(rig.rollout().machine().state().step_totals, rollout::SideTotals{});
}

TEST(Rollouts, ACanaryWithoutEndpointsIsTakenBack) {
  RolloutRig rig;
  ASSERT_TRUE(rig.start());
  rig.endpoints["green"][0].is_usable = false;
  for (int i = 0; i < 19; ++i) rig.tick(0, 0, 100, 0);
  EXPECT_EQ(rig.share(), 500U);
  rig.tick();
  EXPECT_EQ(rig.last(), "rolled_back canary_down");
  EXPECT_EQ(rig.weights(), (Weights{100, 0}));
}

TEST(Rollouts, WhereNothingIsUsableItWaits) {
  RolloutRig rig;
  ASSERT_TRUE(rig.start());
  rig.endpoints["green"][0].is_usable = rig.endpoints["blue"][0].is_usable = false;
  for (int i = 0; i < 60; ++i) rig.tick();
  EXPECT_EQ(rig.last(), "held low_traffic");
}

TEST(Rollouts, AKillGoesOnAtTheSameStepWithTheSameEvidence) {
  RolloutRig rig(with_hold(Milliseconds{600'000}));
  ASSERT_TRUE(rig.start());
  ASSERT_TRUE(rig.obey(Action::promote));
  rig.tick(50, 2, 50, 0);
  rig.now += rollout_save_interval;
  rig.tick();  // saved
  const double evidence = rig.rollout().machine().evidence().value();
  const auto state = rig.rollout().machine().state();
  EXPECT_GT(evidence, 1);
  const std::uint64_t key = rig.in_force().runtime->client_key.low;
  rig.restart();
  EXPECT_THAT(rig.phrases, Contains(HasSubstr("goes on at 50 %, step 2 of 3")));
  EXPECT_EQ(rig.rollout().machine().state(), state);
  EXPECT_EQ(rig.rollout().machine().evidence().value(), evidence);
  EXPECT_EQ(rig.weights(), (Weights{50, 50}));
  EXPECT_EQ(rig.in_force().runtime->client_key.low, key) << "clients have the same hashes";
  EXPECT_TRUE(rig.all->is_active());
}

TEST(Rollouts, OfWhatWasCountedAKillLosesAnIntervalAtMost) {
  RolloutRig rig(with_hold(Milliseconds{600'000}));
  ASSERT_TRUE(rig.start());
  const auto saved_at = [&] {
    rig.restart();
    return rig.rollout().machine().state().step_totals[0].requests;
  };
  rig.tick(1, 0, 10, 0);
  EXPECT_EQ(saved_at(), 0U);
  rig.now += rollout_save_interval - rollout::tick_interval;
  rig.tick(1, 0, 10, 0);
  EXPECT_EQ(saved_at(), 10U);
}

TEST(Rollouts, WhatCannotBeSavedDoesNotGoUp) {
  RolloutRig rig;
  ASSERT_TRUE(rig.start());
  std::filesystem::remove_all(rig.folder() + "/rollouts");
  std::ofstream(rig.folder() + "/rollouts") << "no folder";
  rig.run(20);
  EXPECT_EQ(rig.weights(), (Weights{95, 5}));
  EXPECT_EQ(rig.publications, 1);
  EXPECT_EQ(rig.last(), "started none");
  EXPECT_GT(rig.rollout().machine().state().step_totals[0].requests, 1'000U) << "it still counts";
  std::filesystem::remove(rig.folder() + "/rollouts");
  std::filesystem::create_directory(rig.folder() + "/rollouts");
  for (int i = 0; i < 21 && rig.share() == 500; ++i) rig.run(1);
  EXPECT_EQ(rig.weights(), (Weights{50, 50}));
}

TEST(Rollouts, ARollbackDoesNotWaitForTheDisk) {
  RolloutRig rig;
  ASSERT_TRUE(rig.start());
  std::filesystem::remove_all(rig.folder() + "/rollouts");
  std::ofstream(rig.folder() + "/rollouts") << "no folder";
  rig.tick(5, 5, 95, 0);
  EXPECT_EQ(rig.weights(), (Weights{100, 0}));
  EXPECT_EQ(rig.publications, 2);
  EXPECT_TRUE(rig.all->is_active()) << "it is saved when that is possible";
  std::filesystem::remove(rig.folder() + "/rollouts");
  std::filesystem::create_directory(rig.folder() + "/rollouts");
  rig.now += rollout_retry_interval;
  rig.tick();
  EXPECT_FALSE(rig.all->is_active());
  rig.restart();
  EXPECT_EQ(rig.last(), "rolled_back evidence");
}

TEST(Rollouts, ARollbackIsPublishedBeforeItIsWritten) {
  RolloutRig rig;
  ASSERT_TRUE(rig.start());
  std::vector<std::string> at_publication;
  Weights weights;
  rig.published = [&] {
    at_publication = rig.audit_actions();
    weights = rig.weights();
  };
  rig.tick(5, 5, 95, 0);
  EXPECT_EQ(at_publication, (std::vector<std::string>{"rollout_started"}));
  EXPECT_EQ(weights, (Weights{100, 0}));
  EXPECT_THAT(rig.audit_actions(), Contains("rollout_rolled_back"));
  EXPECT_EQ(rig.publications, 2);
  EXPECT_FALSE(rig.all->is_active());
  rig.restart();
  EXPECT_EQ(rig.last(), "rolled_back evidence");
}

TEST(Rollouts, APublicationThatThrowsIsMadeAtTheNextTick) {
  RolloutRig rig;
  ASSERT_TRUE(rig.start());
  rig.fails_to_publish = true;
  EXPECT_THROW(rig.tick(5, 5, 95, 0), std::bad_alloc);
  EXPECT_TRUE(rig.all->is_active());
  EXPECT_THROW(rig.tick(), std::bad_alloc);
  rig.fails_to_publish = false;
  rig.tick();
  EXPECT_EQ(rig.publications, 2);
  EXPECT_EQ(rig.weights(), (Weights{100, 0}));
  EXPECT_EQ(rig.last(), "rolled_back evidence");
  EXPECT_FALSE(rig.all->is_active());
  rig.tick();
  EXPECT_EQ(rig.publications, 2);
}

TEST(Rollouts, WhatAnOperatorAskedForIsPublishedThoughThatThrew) {
  RolloutRig rig;
  rig.fails_to_publish = true;
  EXPECT_THROW((void)rig.start(), std::bad_alloc);
  EXPECT_TRUE(rig.all->is_active());
  rig.fails_to_publish = false;
  rig.tick();
  EXPECT_EQ(rig.publications, 1);
  rig.fails_to_publish = true;
  EXPECT_THROW((void)rig.obey(Action::roll_back), std::bad_alloc);
  rig.fails_to_publish = false;
  rig.tick();
  EXPECT_EQ(rig.publications, 2);
  EXPECT_EQ(rig.last(), "rolled_back operator");
}

TEST(Rollouts, ARollbackOfWeightsDoesNotGiveABadCanaryItsTrafficBack) {
  RolloutRig rig;
  WeightChange change;
  change.weights = {{"blue", 97}, {"green", 3}};
  change.who = "ada";
  ASSERT_TRUE(rig.splits->set(*rig.config, rig.config->routes[0], change, rig.wall));
  ASSERT_TRUE(rig.start());
  rig.tick(5, 5, 95, 0);
  EXPECT_EQ(rig.weights(), (Weights{100, 0}));
  EXPECT_FALSE(rig.splits->before(*rig.config, rig.config->routes[0], rig.wall));
}

TEST(Rollouts, AnOperatorsHoldStaysOverANewDeployment) {
  RolloutRig rig;
  ASSERT_TRUE(rig.start());
  ASSERT_TRUE(rig.obey(Action::hold));
  rig.endpoints["green"] = {{"10.0.0.9:80", true}};
  rig.run(1);
  EXPECT_EQ(rig.last(), "restarted new_deployment");
  EXPECT_THAT(rig.rollout().record().done.back().sentence, HasSubstr("An operator holds it."));
  rig.run(40);
  EXPECT_EQ(rig.share(), 500U);
  ASSERT_TRUE(rig.obey(Action::resume));
  rig.run(9);
  EXPECT_EQ(rig.share(), 5'000U);
}

TEST(Rollouts, AnOperatorsWeightsWinOverThoseThatAreNotHandedOverYet) {
  RolloutRig rig;
  ASSERT_TRUE(rig.start());
  const std::string blocked = rig.folder() + "/split-state.new";
  std::filesystem::create_directory(blocked);
  rig.tick(5, 5, 95, 0);
  std::filesystem::remove(blocked);
  WeightChange change;
  change.weights = {{"blue", 70}, {"green", 30}};
  change.who = "ada";
  ASSERT_TRUE(rig.splits->set(*rig.config, rig.config->routes[0], change, rig.wall));
  rig.all->end_for_weights("api", "ada", "by hand");
  EXPECT_EQ(rig.weights(), (Weights{70, 30}));
  EXPECT_EQ(rig.in_force().taken_back, split::Mask{0});
  EXPECT_FALSE(rig.all->is_active());
  rig.restart();
  rig.tick();
  EXPECT_EQ(rig.weights(), (Weights{70, 30}));
}

TEST(Rollouts, WeightsThatCannotBeHandedOverAreTriedAgainAfterAWhile) {
  RolloutRig rig;
  ASSERT_TRUE(rig.start());
  const std::string blocked = rig.folder() + "/split-state.new";
  std::filesystem::create_directory(blocked);
  rig.tick(5, 5, 95, 0);
  const std::size_t written = rig.audit_actions().size();
  for (int i = 0; i < 19; ++i) rig.tick();
  EXPECT_EQ(rig.audit_actions().size(), written);
  std::filesystem::remove(blocked);
  rig.tick();
  EXPECT_FALSE(rig.all->is_active());
}

TEST(Rollouts, OneThatCannotBeSavedDoesNotBegin) {
  RolloutRig rig;
  std::filesystem::remove_all(rig.folder() + "/rollouts");
  std::ofstream(rig.folder() + "/rollouts") << "no folder";
  EXPECT_FALSE(rig.start());
  EXPECT_EQ(rig.all->find("api"), nullptr);
  EXPECT_EQ(rig.publications, 0);
}

TEST(Rollouts, WeightsOfOneThatIsOverAreHandedOverAfterAKill) {
  RolloutRig rig;
  ASSERT_TRUE(rig.start());
  std::filesystem::create_directory(rig.folder() + "/split-state.new");  // the split's file cannot be written
  rig.tick(5, 5, 95, 0);
  EXPECT_EQ(rig.splits->find("api"), nullptr);
  EXPECT_EQ(rig.weights(), (Weights{100, 0})) << "in force all the same";
  std::filesystem::remove(rig.folder() + "/split-state.new");
  rig.restart();
  EXPECT_EQ(rig.weights(), (Weights{100, 0}));
  EXPECT_TRUE(rig.all->is_active());
  rig.tick();
  EXPECT_FALSE(rig.all->is_active());
}

TEST(Rollouts, OperatorsSteerIt) {
  RolloutRig rig;
  EXPECT_FALSE(rig.obey(Action::hold));
  ASSERT_TRUE(rig.start());
  ASSERT_TRUE(rig.obey(Action::hold));
  EXPECT_EQ(rig.last(), "held operator");
  EXPECT_FALSE(rig.obey(Action::hold));
  rig.run(40);
  EXPECT_EQ(rig.share(), 500U);
  ASSERT_TRUE(rig.obey(Action::resume));
  EXPECT_FALSE(rig.obey(Action::resume));
  EXPECT_FALSE(rig.obey(Action::promote, 400)) << "not above the present share";
  ASSERT_TRUE(rig.obey(Action::promote, 1'000));
  EXPECT_EQ(rig.weights(), (Weights{90, 10}));
  ASSERT_TRUE(rig.obey(Action::promote));
  EXPECT_EQ(rig.weights(), (Weights{50, 50}));
  ASSERT_TRUE(rig.obey(Action::roll_back));
  EXPECT_EQ(rig.weights(), (Weights{100, 0}));
  EXPECT_FALSE(rig.obey(Action::roll_back));
  const auto actions = rig.audit_actions();
  for (const char* action : {"rollout_held", "rollout_resumed", "rollout_step", "rollout_rolled_back"})
    EXPECT_THAT(actions, Contains(action));
  EXPECT_THAT(rig.audit->lines()[1], HasSubstr("\"who\":\"ada\""));
  EXPECT_THAT(rig.audit->lines()[1], HasSubstr("a reason"));
}

TEST(Rollouts, APromotionThatCannotBeSavedChangesNothing) {
  RolloutRig rig;
  ASSERT_TRUE(rig.start());
  ASSERT_TRUE(rig.obey(Action::hold));
  const auto before = rig.rollout().machine().state();
  std::filesystem::remove_all(rig.folder() + "/rollouts");
  std::ofstream(rig.folder() + "/rollouts") << "no folder";
  EXPECT_FALSE(rig.obey(Action::promote));
  EXPECT_EQ(rig.rollout().machine().state(), before);
  EXPECT_EQ(rig.last(), "held operator");
  EXPECT_EQ(rig.publications, 1);
}

TEST(Rollouts, OneAtATime) {
  RolloutRig rig;
  ASSERT_TRUE(rig.start());
  const auto again = rig.start();
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().detail, HasSubstr("a rollout runs: green has 5 %"));
  ASSERT_TRUE(rig.obey(Action::roll_back));
  const std::uint64_t first = rig.rollout().record().id;
  ASSERT_TRUE(rig.start());
  EXPECT_GT(rig.rollout().record().id, first);
  EXPECT_EQ(rig.weights(), (Weights{95, 5}));
}

TEST(Rollouts, StartTakesNoTrafficFromTheCanary) {
  RolloutRig rig;
  ASSERT_TRUE(rig.start());
  ASSERT_TRUE(rig.obey(Action::promote, rollout::whole));
  const auto again = rig.start();
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().detail, HasSubstr("green has 100 % of the traffic already"));
}

TEST(Rollouts, StartNeedsAUsableCanary) {
  RolloutRig rig;
  rig.endpoints["green"][0].is_usable = false;
  const auto refused = rig.start();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().detail, "green has no usable endpoint");
}

TEST(Rollouts, StartWithStepsOfItsOwn) {
  RolloutRig rig;
  ASSERT_TRUE(rig.start({100, 2'550}));
  EXPECT_EQ(rig.weights(), (Weights{99, 1}));
  ASSERT_TRUE(rig.obey(Action::promote));
  EXPECT_EQ(rig.weights(), (Weights{7'450, 2'550}));
  EXPECT_FALSE(rig.start({5'000, 100}));
}

TEST(Rollouts, ANewDeploymentOfTheCanaryBeginsAnew) {
  RolloutRig rig;
  ASSERT_TRUE(rig.start());
  rig.run(9);
  ASSERT_EQ(rig.share(), 5'000U);
  const std::uint64_t id = rig.rollout().record().id, count_id = rig.in_force().runtime->id;
  rig.endpoints["green"] = {{"10.0.0.9:80", true}};
  rig.run(1);
  EXPECT_EQ(rig.last(), "restarted new_deployment");
  EXPECT_THAT(rig.rollout().record().done.back().sentence, HasSubstr("10.0.0.9:80 is new there"));
  EXPECT_EQ(rig.weights(), (Weights{95, 5}));
  EXPECT_EQ(rig.rollout().record().id, id) << "the same rollout for who waits for it";
  EXPECT_NE(rig.in_force().runtime->id, count_id) << "counts of before are not taken";
  EXPECT_EQ(rig.rollout().record().restarts, 1U);
  rig.run(9);
  EXPECT_EQ(rig.share(), 5'000U);
  rig.restart();
  rig.run(1);
  EXPECT_EQ(rig.share(), 5'000U) << "what is known is kept";
}

TEST(Rollouts, KeepGoesOnOverNewAddresses) {
  RolloutRig rig;
  ASSERT_TRUE(rig.start({}, true));
  rig.run(9);
  rig.endpoints["green"].push_back({"10.0.0.9:80", true});
  rig.run(1);
  EXPECT_EQ(rig.share(), 5'000U);
}

TEST(Rollouts, AReloadThatChangesNothingOfItGoesOn) {
  RolloutRig rig;
  ASSERT_TRUE(rig.start());
  rig.run(4);
  const auto state = rig.rollout().machine().state();
  config::Config same = rollout_config();
  std::ranges::reverse(std::get<config::ProxyAction>(same.routes[0].action).split->targets);
  std::get<config::ProxyAction>(same.routes[0].action).rollout->canary = 0;
  std::get<config::ProxyAction>(same.routes[0].action).rollout->stable = 1;
  rig.adopt(same);
  EXPECT_TRUE(rig.rollout().is_running());
  EXPECT_EQ(rig.rollout().machine().state(), state);
  EXPECT_EQ(rig.in_force().weights, (Weights{5, 95})) << "by the order of the configuration";
}

TEST(Rollouts, AReloadWithOtherSettingsGoesOnWithItsOwn) {
  RolloutRig rig;
  ASSERT_TRUE(rig.start());
  config::Config other = rollout_config();
  std::get<config::ProxyAction>(other.routes[0].action).rollout->hold = Milliseconds{60'000};
  rig.adopt(other);
  rig.run(9);
  EXPECT_EQ(rig.share(), 5'000U);
  ASSERT_TRUE(rig.obey(Action::roll_back));
  ASSERT_TRUE(rig.start());
  rig.run(9);
  EXPECT_EQ(rig.share(), 500U) << "the next one has the new ones";
}

TEST(Rollouts, AReloadThatDividesClientsOtherwiseBeginsAnew) {
  RolloutRig rig;
  ASSERT_TRUE(rig.start());
  rig.run(9);
  config::Config other = rollout_config();
  std::get<config::ProxyAction>(other.routes[0].action).split->affinity.by = config::AffinityBy::client_ip;
  rig.adopt(other);
  EXPECT_EQ(rig.last(), "restarted sides");
  EXPECT_TRUE(rig.in_force().runtime->by_client);
  EXPECT_EQ(rig.share(), 500U);
  other = *rig.config;
  std::get<config::ProxyAction>(other.routes[0].action).rollout->salt = "another";
  rig.adopt(other);
  EXPECT_EQ(rig.rollout().record().restarts, 2U);
}

TEST(Rollouts, WeightsOfAnOperatorEndIt) {
  RolloutRig rig;
  ASSERT_TRUE(rig.start());
  WeightChange change;
  change.weights = {{"blue", 70}, {"green", 30}};
  change.who = "ada";
  ASSERT_TRUE(rig.splits->set(*rig.config, rig.config->routes[0], change, rig.wall));
  EXPECT_EQ(rig.weights(), (Weights{95, 5})) << "while it runs its own are in force";
  rig.all->end_for_weights("api", "ada", "by hand");
  EXPECT_EQ(rig.weights(), (Weights{70, 30}));
  EXPECT_EQ(rig.last(), "aborted operator");
  rig.restart();
  EXPECT_EQ(rig.weights(), (Weights{70, 30}));
}

TEST(Rollouts, AnOperatorsWeightsAfterARollbackMayKeepClients) {
  RolloutRig rig;
  ASSERT_TRUE(rig.start());
  ASSERT_TRUE(rig.obey(Action::roll_back));
  WeightChange change;
  change.weights = {{"blue", 1}, {"green", 0}};
  change.who = "ada";
  ASSERT_TRUE(rig.splits->set(*rig.config, rig.config->routes[0], change, rig.wall));
  EXPECT_EQ(rig.in_force().taken_back, split::Mask{0});
}

TEST(Rollouts, ABrokenFileIsSetAsideAndNothingRuns) {
  RolloutRig rig;
  ASSERT_TRUE(rig.start());
  std::ofstream(rig.state_file(), std::ios::app) << "x";
  rig.restart();
  EXPECT_THAT(rig.phrases, Contains(HasSubstr("set aside as api.broken")));
  EXPECT_EQ(rig.all->find("api"), nullptr);
  EXPECT_EQ(rig.weights(), (Weights{100, 0}));
  EXPECT_TRUE(std::filesystem::exists(rig.state_file() + ".broken"));
}

TEST(Rollouts, NobodyElseReadsTheKeysOfClients) {
  RolloutRig rig;
  const auto mode = std::filesystem::status(rig.folder() + "/rollouts").permissions();
  EXPECT_EQ(mode & std::filesystem::perms::all, std::filesystem::perms::owner_all);
}

TEST(Rollouts, MetricsCountWhatCameIn) {
  RolloutRig rig;
  ASSERT_TRUE(rig.start());
  rig.tick(10, 1, 100, 2);
  auto facts = rollout_facts(*rig.all, *rig.config);
  ASSERT_EQ(facts.size(), 1U);
  EXPECT_EQ(facts[0].state, "running");
  EXPECT_EQ(facts[0].weight_percent, 5);
  EXPECT_EQ(facts[0].sides[1].ok, 9U);
  EXPECT_EQ(facts[0].sides[1].failed, 1U);
  EXPECT_EQ(facts[0].sides[0].ok, 98U);
  ASSERT_EQ(facts[0].evidence.size(), 2U);
  ASSERT_TRUE(rig.obey(Action::roll_back));
  ASSERT_TRUE(rig.start());
  facts = rollout_facts(*rig.all, *rig.config);
  EXPECT_EQ(facts[0].sides[0].ok, 98U) << "counters of the process";
  EXPECT_THAT(facts[0].decisions, Contains(std::pair<std::string, std::uint64_t>("started", 2)));
  EXPECT_THAT(facts[0].decisions, Contains(std::pair<std::string, std::uint64_t>("rolled_back_operator", 1)));
}

TEST(Rollouts, AReportHasWhatAnOperatorNeeds) {
  RolloutRig rig;
  const auto report = [&] { return rollout_report(*rig.all, *rig.config, rig.config->routes[0], "t-1"); };
  EXPECT_EQ(report().state, "none");
  EXPECT_EQ(report().canary, "green");
  ASSERT_TRUE(rig.start());
  rig.tick(10, 1, 100, 2);
  EXPECT_EQ(report().state, "running");
  EXPECT_EQ(report().steps, (std::vector<double>{5, 50, 100}));
  EXPECT_EQ(report().step, 1U);
  EXPECT_EQ(report().canary_side.failed, 1U);
  EXPECT_EQ(report().limit, 100);
  EXPECT_EQ(report().who, "ada");
  ASSERT_TRUE(rig.obey(Action::hold));
  EXPECT_EQ(report().state, "held");
  EXPECT_EQ(report().held, (std::vector<std::string>{"operator"}));
}

}  // namespace
}  // namespace weir::control
