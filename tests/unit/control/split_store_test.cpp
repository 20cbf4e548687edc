// Weights set at run time: on the disk before they are in force, back after a restart, gone when the file wins or
// their time is over.
#include "control/split_store.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "control/durable_file.hpp"
#include "support/temp_dir.hpp"

namespace weir::control {
namespace {

using std::chrono::seconds;
using SystemTime = SplitStore::SystemTime;

const SystemTime start{seconds(1'763'690'400)};

config::Config make_config(std::uint32_t blue, std::uint32_t green) {
  config::Config config;
  config.upstreams.resize(2);
  config.upstreams[0].name = "blue";
  config.upstreams[1].name = "green";
  config::Route route;
  route.name = "api";
  config::ProxyAction action;
  action.upstream = config::no_upstream;
  action.split.emplace().targets = {{0, blue}, {1, green}};
  route.action = action;
  config.routes.push_back(route);
  return config;
}

WeightChange change(std::uint32_t blue, std::uint32_t green) {
  WeightChange made;
  made.weights = {{"blue", blue}, {"green", green}};
  made.who = "ada from 127.0.0.1";
  return made;
}

std::string text_of(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

using Weights = std::vector<std::uint32_t>;

class SplitStoreTest : public ::testing::Test {
 protected:
  SplitStore opened() {
    audits.push_back(std::make_unique<AuditLog>(folder));
    EXPECT_TRUE(audits.back()->open());
    SplitStore store(*audits.back(), folder);
    const auto result = store.open();
    EXPECT_TRUE(result) << (result ? "" : result.error().detail);
    return store;
  }
  Weights weights(const SplitStore& store) const { return store.weights_of(config.routes[0]); }
  bool set(SplitStore& store, const WeightChange& wanted) {
    return static_cast<bool>(store.set(config, config.routes[0], wanted, start));
  }

  /// Of the store that was opened last.
  const std::deque<std::string>& audit() const { return audits.back()->lines(); }

  testing::TempDir directory;
  std::vector<std::unique_ptr<AuditLog>> audits;
  std::string folder = directory.file("state/deeper");
  config::Config config = make_config(100, 0);
};

TEST_F(SplitStoreTest, TheConfigurationIsInForceUntilSomethingIsSet) {
  const SplitStore store = opened();
  EXPECT_EQ(weights(store), (Weights{100, 0}));
  EXPECT_EQ(store.find("api"), nullptr);
  EXPECT_FALSE(store.next_expiry());
  EXPECT_TRUE(store.persistent());
}

TEST_F(SplitStoreTest, ComesBackAfterARestart) {
  {
    SplitStore store = opened();
    WeightChange wanted = change(90, 10);
    wanted.reason = "canary";
    wanted.ttl = Milliseconds(60'000);
    ASSERT_TRUE(set(store, wanted));
    EXPECT_EQ(weights(store), (Weights{90, 10}));
  }
  SplitStore store = opened();
  EXPECT_EQ(weights(store), (Weights{90, 10}));
  EXPECT_EQ(store.find("api")->reason, "canary");
  EXPECT_EQ(store.find("api")->who, "ada from 127.0.0.1");
  EXPECT_EQ(store.next_expiry(), start + seconds(60));
  EXPECT_TRUE(store.reconcile(config, start).empty());
  ASSERT_EQ(audit().size(), 1u);
  const auto entry = boost::json::parse(audit()[0]);
  EXPECT_EQ(entry.at("at"), "2025-11-21T02:00:00.000Z");
  EXPECT_EQ(entry.at("who"), "ada from 127.0.0.1");
  EXPECT_EQ(entry.at("action"), "split_set");
  EXPECT_EQ(entry.at("route"), "api");
  EXPECT_EQ(entry.at("before").at("blue"), 100);
  EXPECT_EQ(entry.at("after").at("green"), 10);
  EXPECT_EQ(entry.at("reason"), "canary");
  EXPECT_EQ(entry.at("ttl"), "1m");
}

TEST_F(SplitStoreTest, TheTimeRunsOut) {
  SplitStore store = opened();
  WeightChange wanted = change(0, 100);
  wanted.ttl = Milliseconds(60'000);
  ASSERT_TRUE(set(store, wanted));
  EXPECT_TRUE(store.expire(start + seconds(59)).empty());
  EXPECT_EQ(weights(store), (Weights{0, 100}));
  ASSERT_EQ(store.expire(start + seconds(60)).size(), 1u);
  EXPECT_EQ(weights(store), (Weights{100, 0}));
  EXPECT_FALSE(store.next_expiry());
  EXPECT_EQ(boost::json::parse(audit().back()).at("action"), "split_expired");
  EXPECT_EQ(weights(opened()), (Weights{100, 0}));
}

TEST_F(SplitStoreTest, AChangedFileWins) {
  SplitStore store = opened();
  ASSERT_TRUE(set(store, change(90, 10)));
  EXPECT_TRUE(store.reconcile(config, start).empty());
  const config::Config changed = make_config(50, 50);
  const auto phrases = store.reconcile(changed, start);
  ASSERT_EQ(phrases.size(), 1u);
  EXPECT_EQ(phrases[0],
            "split of route api: the configuration's weights changed to blue=50 green=50 and replace blue=90 "
            "green=10, set by ada from 127.0.0.1");
  EXPECT_EQ(store.weights_of(changed.routes[0]), (Weights{50, 50}));
  EXPECT_EQ(boost::json::parse(audit().back()).at("action"), "split_file_wins");
  // Changing the file back does not bring them back.
  EXPECT_TRUE(store.reconcile(config, start).empty());
  EXPECT_EQ(weights(store), (Weights{100, 0}));
}

TEST_F(SplitStoreTest, TargetsInAnotherOrderKeepTheirWeights) {
  SplitStore store = opened();
  ASSERT_TRUE(set(store, change(90, 10)));
  config::Config reordered = make_config(100, 0);
  auto& targets = std::get<config::ProxyAction>(reordered.routes[0].action).split->targets;
  std::swap(targets[0], targets[1]);
  EXPECT_TRUE(store.reconcile(reordered, start).empty());
  EXPECT_EQ(store.weights_of(reordered.routes[0]), (Weights{10, 90}));
  // And from what the disk holds, which is still in the old order.
  SplitStore again = opened();
  EXPECT_TRUE(again.reconcile(reordered, start).empty());
  EXPECT_EQ(again.weights_of(reordered.routes[0]), (Weights{10, 90}));
}

TEST_F(SplitStoreTest, ARouteWithoutSplitLosesItsWeights) {
  SplitStore store = opened();
  ASSERT_TRUE(set(store, change(90, 10)));
  config::Config without = config;
  without.routes[0].action = config::ProxyAction{};
  EXPECT_EQ(store.reconcile(without, start).size(), 1u);
  EXPECT_EQ(store.find("api"), nullptr);
  ASSERT_TRUE(set(store, change(90, 10)));
  without.routes.clear();
  EXPECT_EQ(store.reconcile(without, start).size(), 1u);
  EXPECT_EQ(store.find("api"), nullptr);
}

TEST_F(SplitStoreTest, TheConfiguredWeightsEndWhatWasSet) {
  SplitStore store = opened();
  ASSERT_TRUE(set(store, change(90, 10)));
  ASSERT_TRUE(set(store, change(100, 0)));
  EXPECT_EQ(store.find("api"), nullptr);
  EXPECT_EQ(audit().size(), 2u);
}

TEST_F(SplitStoreTest, ABrokenFileIsSetAside) {
  {
    SplitStore store = opened();
    ASSERT_TRUE(set(store, change(90, 10)));
  }
  AuditLog unused;
  const SplitStore names(unused, folder);
  const std::string whole = text_of(names.state_file());
  std::ofstream(names.state_file(), std::ios::binary) << whole.substr(0, whole.size() / 2);
  SplitStore store = opened();
  EXPECT_NE(store.problem(), "");
  EXPECT_EQ(weights(store), (Weights{100, 0}));
  EXPECT_EQ(text_of(names.state_file() + ".broken"), whole.substr(0, whole.size() / 2));
  EXPECT_TRUE(set(store, change(1, 2)));
  EXPECT_EQ(opened().problem(), "");
}

TEST_F(SplitStoreTest, NothingChangesWhatCannotBeWritten) {
  SplitStore store = opened();
  ASSERT_TRUE(set(store, change(90, 10)));
  std::filesystem::create_directory(store.state_file() + ".new");  // in the way
  EXPECT_FALSE(set(store, change(0, 100)));
  EXPECT_EQ(weights(store), (Weights{90, 10}));
  EXPECT_EQ(boost::json::parse(audit().back()).at("action"), "split_set_failed");
  std::filesystem::remove(store.state_file() + ".new");
  EXPECT_EQ(weights(opened()), (Weights{90, 10}));
  std::filesystem::remove(audits.back()->file());
  std::filesystem::create_directory(audits.back()->file());
  EXPECT_FALSE(set(store, change(0, 100)));
  EXPECT_EQ(weights(store), (Weights{90, 10}));
}

TEST_F(SplitStoreTest, WithoutAFolderEverythingIsInMemory) {
  AuditLog in_memory;
  SplitStore store(in_memory);
  ASSERT_TRUE(store.open());
  EXPECT_FALSE(store.persistent());
  ASSERT_TRUE(set(store, change(90, 10)));
  EXPECT_EQ(weights(store), (Weights{90, 10}));
  EXPECT_EQ(in_memory.lines().size(), 1u);
}

TEST_F(SplitStoreTest, AFolderThatCannotBeIsAnError) {
  std::ofstream(directory.file("taken")) << "x";
  AuditLog in_memory;
  SplitStore store(in_memory, directory.file("taken"));
  EXPECT_FALSE(store.open());
}

TEST(DurableFile, TailsStartWithALine) {
  const testing::TempDir directory;
  const std::string path = directory.file("log");
  EXPECT_EQ(*read_tail(path, 10), "");
  ASSERT_TRUE(append_line(path, "first"));
  ASSERT_TRUE(append_line(path, "second"));
  EXPECT_EQ(*read_tail(path, 100), "first\nsecond\n");
  EXPECT_EQ(*read_tail(path, 9), "second\n");
  EXPECT_EQ(*read_tail(path, 3), "");
  EXPECT_EQ(**read_file(path, 100), "first\nsecond\n");
  EXPECT_FALSE(read_file(path, 5));
  EXPECT_FALSE(*read_file(path + "x", 5));
}

std::optional<WeightsBefore> before(const SplitStore& store, const config::Config& config,
                                    SystemTime now = start) {
  return store.before(config, config.routes[0], now);
}

WeightChange rollback_to(const WeightsBefore& weights) {
  WeightChange made;
  made.weights = weights.weights;
  made.ttl = weights.ttl;
  made.who = "ada from 127.0.0.1";
  made.action = "split_rollback";
  return made;
}

TEST_F(SplitStoreTest, TheWeightsBeforeTheLastChangeAreKept) {
  {
    SplitStore store = opened();
    EXPECT_FALSE(before(store, config));
    ASSERT_TRUE(set(store, change(90, 10)));
    EXPECT_EQ(split::to_string(before(store, config)->weights), "blue=100 green=0");
    ASSERT_TRUE(set(store, change(50, 50)));
    ASSERT_TRUE(set(store, change(50, 50)));  // which changes nothing
  }
  SplitStore store = opened();
  ASSERT_TRUE(before(store, config));
  EXPECT_EQ(split::to_string(before(store, config)->weights), "blue=90 green=10");
}

TEST_F(SplitStoreTest, ARollbackLeavesNothingToRollBack) {
  SplitStore store = opened();
  ASSERT_TRUE(set(store, change(0, 100)));
  ASSERT_TRUE(set(store, rollback_to(*before(store, config))));
  EXPECT_EQ(weights(store), (Weights{100, 0}));
  EXPECT_EQ(store.find("api"), nullptr);
  EXPECT_FALSE(before(store, config));
  EXPECT_EQ(boost::json::parse(audit().back()).at("action"), "split_rollback");
}

TEST_F(SplitStoreTest, WeightsBeforeKeepWhatIsLeftOfTheirTime) {
  SplitStore store = opened();
  WeightChange timed = change(90, 10);
  timed.ttl = Milliseconds(60'000);
  ASSERT_TRUE(set(store, timed));
  ASSERT_TRUE(set(store, change(50, 50)));
  EXPECT_EQ(before(store, config, start + seconds(20))->ttl, Milliseconds(40'000));
  const auto late = before(store, config, start + seconds(60));
  ASSERT_TRUE(late);
  EXPECT_FALSE(late->ttl);
  EXPECT_EQ(split::to_string(late->weights), "blue=100 green=0") << "their time is over: the configuration's";
}

TEST_F(SplitStoreTest, WhatEndedByItselfIsNotRolledBack) {
  SplitStore store = opened();
  WeightChange timed = change(90, 10);
  timed.ttl = Milliseconds(60'000);
  ASSERT_TRUE(set(store, timed));
  ASSERT_EQ(store.expire(start + seconds(60)).size(), 1u);
  EXPECT_FALSE(before(store, config));
  ASSERT_TRUE(set(store, change(50, 50)));
  config = make_config(80, 20);
  EXPECT_EQ(store.reconcile(config, start).size(), 1u);
  EXPECT_FALSE(before(store, config));
}

TEST_F(SplitStoreTest, BrokenWeightsBeforeAreSetAside) {
  {
    SplitStore store = opened();
    ASSERT_TRUE(set(store, change(90, 10)));
  }
  std::ofstream(folder + "/split-before") << "nonsense";
  const SplitStore store = opened();
  EXPECT_EQ(weights(store), (Weights{90, 10}));
  EXPECT_FALSE(before(store, config));
  EXPECT_NE(store.problem().find("split-before.broken, nothing can be rolled back"), std::string::npos)
      << store.problem();
}

TEST_F(SplitStoreTest, WhatAReloadDroppedComesBackWithItsConfiguration) {
  SplitStore store = opened();
  ASSERT_TRUE(set(store, change(90, 10)));
  const split::State entries = store.entries();
  const config::Config other = make_config(1, 1);
  ASSERT_EQ(store.reconcile(other, start).size(), 1u);
  EXPECT_EQ(store.put_back(entries, config, other, start).size(), 1u);
  EXPECT_TRUE(store.reconcile(config, start).empty());
  EXPECT_EQ(weights(store), (Weights{90, 10}));
  EXPECT_EQ(boost::json::parse(audit().back()).at("action"), "split_put_back");
  // What an operator ended under a configuration that has these weights, too, stays ended.
  ASSERT_TRUE(set(store, change(100, 0)));
  EXPECT_TRUE(store.put_back(entries, config, config, start).empty());
  EXPECT_EQ(weights(store), (Weights{100, 0}));
}

}  // namespace
}  // namespace weir::control
