// `weir promote` and `weir rollback`: a split's weights without numbers, over restarts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "integration/split_world.hpp"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;

Finished command(const WeirProcess& weir, std::vector<std::string> arguments) {
  ProcessOptions options;
  options.arguments = std::move(arguments);
  options.arguments.push_back("--admin");
  options.arguments.push_back("127.0.0.1:" + std::to_string(weir.admin_port()));
  return run_to_end(weir_binary(), options);
}

Finished promote(const WeirProcess& weir, std::vector<std::string> more = {}) {
  std::vector<std::string> arguments{"promote", "api", "--reason", "1.4 is good"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return command(weir, std::move(arguments));
}

Finished roll_back(const WeirProcess& weir, std::vector<std::string> more = {}) {
  std::vector<std::string> arguments{"rollback", "api", "--reason", "1.4 is bad"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return command(weir, std::move(arguments));
}

constexpr ExitStatus well{0, 0}, refused{1, 0};

TEST(Promotion, GivesTheNewSideEverythingAndRollbackTakesItAway) {
  SplitWorld world;
  WeirProcess weir(world.config());
  ASSERT_EQ(command(weir, {"split", "set", "api", "app=50", "green=50"}).status, well);
  const Finished promoted = promote(weir);
  ASSERT_EQ(promoted.status, well) << promoted.errors;
  EXPECT_THAT(promoted.output, HasSubstr("1.4 is good"));
  EXPECT_EQ(greens(weir), 10) << "in force on all workers when the command returns";
  ASSERT_EQ(roll_back(weir).status, well);
  EXPECT_EQ(greens(weir), 5);
  const auto audit = weir.admin_json("/api/v1/audit").at("audit").as_array();
  ASSERT_EQ(audit.size(), 3U);
  EXPECT_EQ(audit[0].at("action"), "split_rollback");
  EXPECT_EQ(audit[0].at("reason"), "1.4 is bad");
  EXPECT_EQ(audit[1].at("action"), "split_promote");
  EXPECT_EQ(audit[1].at("after").at("green"), 100);
}

// A script that tries again after a lost connection must not bring back what it took away.
TEST(Promotion, ARollbackIsNotRolledBack) {
  SplitWorld world;
  WeirProcess weir(world.config());
  EXPECT_EQ(roll_back(weir).status, refused) << "nothing was changed yet";
  ASSERT_EQ(promote(weir).status, well);
  ASSERT_EQ(roll_back(weir).status, well);
  const Finished again = roll_back(weir);
  EXPECT_EQ(again.status, refused);
  EXPECT_THAT(again.errors, HasSubstr("the last one was a rollback"));
  EXPECT_EQ(greens(weir), 0);
}

TEST(Promotion, TheWeightsBeforeOutliveARestart) {
  SplitWorld world;
  {
    WeirProcess weir(world.config());
    ASSERT_EQ(command(weir, {"split", "set", "api", "app=50", "green=50"}).status, well);
    ASSERT_EQ(promote(weir).status, well);
  }
  WeirProcess weir(world.config());
  EXPECT_EQ(greens(weir), 10);
  ASSERT_EQ(roll_back(weir).status, well);
  EXPECT_EQ(greens(weir), 5);
}

TEST(Promotion, WhatIsNotClearIsAsked) {
  SplitWorld world;
  WeirProcess weir(world.config(90, 10));
  const Finished unclear = promote(weir);
  EXPECT_EQ(unclear.status, refused);
  EXPECT_THAT(unclear.errors, HasSubstr("--to"));
  ASSERT_EQ(promote(weir, {"--to", "green"}).status, well);
  EXPECT_EQ(greens(weir), 10);
  ASSERT_EQ(promote(weir, {"--to", "green"}).status, well) << "it is so already";
  ASSERT_EQ(promote(weir, {"--to", "app"}).status, well);
  EXPECT_EQ(greens(weir), 0);
  EXPECT_EQ(promote(weir, {"--to", "red"}).status, refused);
  EXPECT_EQ(command(weir, {"promote", "api"}).status, (ExitStatus{2, 0})) << "a reason is needed";
  EXPECT_EQ(command(weir, {"promote", "web", "--reason", "x"}).status, refused);
}

TEST(Promotion, ASideWithoutAnEndpointGetsNothing) {
  SplitWorld world;
  WeirProcess weir(world.config());
  ASSERT_EQ(command(weir, {"endpoint", "drain", "green", world.green.address()}).status, well);
  const Finished promoted = promote(weir);
  EXPECT_EQ(promoted.status, refused);
  EXPECT_THAT(promoted.errors, HasSubstr("green has no endpoint in use (0 of 1)"));
  EXPECT_EQ(greens(weir), 0);
}

TEST(Promotion, AnotherGenerationIsRefused) {
  SplitWorld world;
  WeirProcess weir(world.config());
  const auto tag = [&] {
    return std::string(weir.admin_json("/api/v1/routes/api/split").at("tag").as_string());
  };
  const std::string before = tag();
  ASSERT_EQ(promote(weir, {"--if-generation", before}).status, well);
  EXPECT_EQ(roll_back(weir, {"--if-generation", before}).status, refused);
  EXPECT_EQ(roll_back(weir, {"--if-generation", "what"}).status, (ExitStatus{2, 0}));
  EXPECT_EQ(roll_back(weir, {"--if-generation", tag()}).status, well);
}

TEST(Promotion, AFileThatChangesTheWeightsLeavesNothingToRollBack) {
  SplitWorld world;
  WeirProcess weir(world.config());
  ASSERT_EQ(promote(weir).status, well);
  weir.reload(world.config(1, 1));
  EXPECT_EQ(roll_back(weir).status, refused);
  EXPECT_EQ(greens(weir), 5);
}

}  // namespace
}  // namespace weir::testing
