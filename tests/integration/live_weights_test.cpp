// Weights that change while Weir runs: over the admin address and the command line, over reloads, restarts and kills.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "integration/split_world.hpp"

namespace weir::testing {
namespace {

/// `weir split ...` against that process.
Finished split(const WeirProcess& weir, std::vector<std::string> arguments) {
  ProcessOptions options;
  options.arguments = {"split"};
  options.arguments.insert(options.arguments.end(), arguments.begin(), arguments.end());
  options.arguments.push_back("--admin");
  options.arguments.push_back("127.0.0.1:" + std::to_string(weir.admin_port()));
  return run_to_end(weir_binary(), options);
}

Response put(RawClient& client, const std::string& body, const std::string& route = "api") {
  client.send("PUT /api/v1/routes/" + route + "/split HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + body);
  return client.read_response("PUT");
}

Response put(const WeirProcess& weir, const std::string& body, const std::string& route = "api") {
  RawClient client(weir.admin_port());
  return put(client, body, route);
}

TEST(LiveWeights, AreInForceWhenTheCommandReturns) {
  SplitWorld world;
  WeirProcess weir(world.config());
  EXPECT_EQ(greens(weir, 10), 0);
  for (const auto& [blue, green] : {std::pair(0, 100), std::pair(100, 0), std::pair(50, 50)}) {
    const Finished set = split(weir, {"set", "api", "app=" + std::to_string(blue),
                                      "green=" + std::to_string(green), "--reason", "step"});
    ASSERT_EQ(set.status, (ExitStatus{0, 0})) << set.errors;
    for (int i = 0; i < 4; ++i)
      EXPECT_EQ(greens(weir, 10), green / 10) << "each connection may be another worker's";
  }
  EXPECT_EQ(weir.metric("weir_split_weight", "upstream=\"green\""), 50);
  const Finished shown = split(weir, {"get", "api"});
  EXPECT_NE(shown.output.find("green     0           50       50         50.0%  1/1"), std::string::npos)
      << shown.output;
  const auto audit = weir.admin_json("/api/v1/audit").at("audit").as_array();
  ASSERT_EQ(audit.size(), 3U);
  EXPECT_EQ(audit[0].at("after").at("green"), 50);
  EXPECT_EQ(audit[0].at("reason"), "step");
  EXPECT_NE(std::string(audit[0].at("who").as_string()).find("from 127.0.0.1"), std::string::npos);
}

TEST(LiveWeights, RefusalsChangeNothing) {
  SplitWorld world;
  WeirProcess weir(world.config());
  EXPECT_EQ(put(weir, R"({"weights":{"app":1,"green":1}})", "web").status, 404);
  EXPECT_EQ(put(weir, R"({"weights":{"app":0,"green":0}})").status, 422);
  EXPECT_EQ(put(weir, R"({"weights":{"app":-1,"green":1}})").status, 422);
  EXPECT_EQ(put(weir, R"({"weights":{"app":1,"red":1}})").status, 422);
  EXPECT_EQ(put(weir, R"({"weights":{"app":1,"green":1},"generation":7})").status, 409);
  EXPECT_EQ(put(weir, "nonsense").fields.get("Content-Type"), "application/problem+json");
  EXPECT_EQ(weir.metric("weir_config_generation"), 1);
  EXPECT_EQ(greens(weir, 10), 0);
  EXPECT_EQ(put(weir, R"({"weights":{"app":0,"green":1},"generation":1})").status, 200);
  EXPECT_EQ(put(weir, R"({"weights":{"app":1,"green":0},"generation":1})").status, 409);
  EXPECT_EQ(split(weir, {"set", "api", "app=0", "green=0"}).status, (ExitStatus{1, 0}));
  EXPECT_EQ(split(weir, {"set", "api", "app"}).status, (ExitStatus{2, 0}));
  EXPECT_EQ(split(weir, {"set", "api"}).status, (ExitStatus{2, 0}));
  EXPECT_EQ(split(weir, {"get", "web"}).status, (ExitStatus{1, 0}));
  EXPECT_EQ(greens(weir, 10), 10);
}

// Each process counts its generations from 1: only the tag says which one is meant.
TEST(LiveWeights, AGenerationOfAnEarlierProcessIsAnother) {
  SplitWorld world;
  const auto tag_of = [](const WeirProcess& weir) {
    return std::string(weir.admin_json("/api/v1/routes/api/split").at("tag").as_string());
  };
  std::string before;
  {
    WeirProcess weir(world.config());
    before = tag_of(weir);
  }
  WeirProcess weir(world.config());
  EXPECT_TRUE(before.ends_with("-1")) << before;
  const auto body = [](const std::string& tag) {
    return R"({"weights":{"app":0,"green":1},"generation":")" + tag + "\"}";
  };
  EXPECT_EQ(put(weir, body(before)).status, 409);
  EXPECT_EQ(split(weir, {"set", "api", "app=0", "green=1", "--if-generation", before}).status,
            (ExitStatus{1, 0}));
  EXPECT_EQ(split(weir, {"set", "api", "app=0", "green=1", "--if-generation", "first"}).status,
            (ExitStatus{2, 0}));
  EXPECT_EQ(greens(weir, 10), 0);
  const Finished set = split(weir, {"set", "api", "app=0", "green=1", "--if-generation", tag_of(weir)});
  EXPECT_EQ(set.status, (ExitStatus{0, 0})) << set.errors;
  EXPECT_EQ(greens(weir, 10), 10);
}

TEST(LiveWeights, ATtlReturnsToTheFile) {
  SplitWorld world;
  WeirProcess weir(world.config());
  ASSERT_EQ(put(weir, R"({"weights":{"app":0,"green":1},"ttl":"300ms"})").status, 200);
  EXPECT_EQ(weir.metric("weir_split_weight", "upstream=\"green\""), 1);
  weir.wait_for_metric("weir_split_weight", "upstream=\"green\"", 0);
  eventually("all workers are back", [&] { return greens(weir, 10) == 0; });
  EXPECT_EQ(weir.admin_json("/api/v1/audit").at("audit").at(0).at("action"), "split_expired");
}

TEST(LiveWeights, StayOverReloadsUntilTheFileChangesThem) {
  SplitWorld world;
  WeirProcess weir(world.config());
  ASSERT_EQ(put(weir, R"({"weights":{"app":0,"green":1}})").status, 200);
  weir.reload(world.config());
  EXPECT_EQ(greens(weir, 10), 10);
  weir.reload(world.config(1, 1));
  EXPECT_EQ(greens(weir, 10), 5);
  weir.process().wait_for_error_text("the configuration's weights changed to app=1 green=1");
  EXPECT_EQ(weir.admin_json("/api/v1/audit").at("audit").at(0).at("action"), "split_file_wins");
}

TEST(LiveWeights, StayOverARestart) {
  SplitWorld world;
  {
    WeirProcess weir(world.config());
    ASSERT_EQ(put(weir, R"({"weights":{"app":1,"green":3},"reason":"canary"})").status, 200);
    EXPECT_EQ(weir.stop(), (ExitStatus{0, 0}));
  }
  WeirProcess weir(world.config());
  EXPECT_EQ(greens(weir, 100), 75);
  EXPECT_EQ(weir.admin_json("/api/v1/routes/api/split").at("reason"), "canary");
  EXPECT_EQ(weir.admin_json("/api/v1/audit").at("audit").as_array().size(), 1U);
}

TEST(LiveWeights, ChangesUnderLoadFailNothing) {
  SplitWorld world;
  WeirProcess weir(world.config());
  std::atomic<bool> stop{false};
  std::atomic<int> failed{0}, served{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      RawClient client = weir.connect();
      while (!stop) {
        failed += client.get("/").status == 200 ? 0 : 1;
        ++served;
      }
    });
  }
  for (int i = 0; i < 60; ++i) {
    const int green = i % 3 * 50;
    const std::string body =
        R"({"weights":{"app":)" + std::to_string(100 - green) + R"(,"green":)" + std::to_string(green) + "}}";
    EXPECT_EQ(put(weir, body).status, 200);
    if (i % 10 == 0) weir.reload(world.config(100, i));
  }
  stop = true;
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(failed, 0);
  EXPECT_GT(served, 100);
}

/// WEIR_KILLS says how often (1000 takes a few minutes).
TEST(LiveWeights, AKillInTheMiddleLosesNothingAcknowledged) {
  const char* const wanted = std::getenv("WEIR_KILLS");
  const int kills = wanted != nullptr ? static_cast<int>(std::strtol(wanted, nullptr, 10)) : 15;
  SplitWorld world;
  int acknowledged = 0, next = 1;
  for (int kill = 0; kill < kills; ++kill) {
    WeirProcess weir(world.config());
    const auto split = weir.admin_json("/api/v1/routes/api/split");
    // Either what was acknowledged last, or the change that was cut off behind it, whole.
    const auto green = split.at("targets").at(1).at("effective").to_number<int>();
    EXPECT_TRUE(green == acknowledged || green == next - 1) << green << ", acknowledged " << acknowledged;
    EXPECT_EQ(split.at("targets").at(0).at("effective").to_number<int>(),
              green == 0 ? 100 : 1000 - green % 1000);
    EXPECT_EQ(weir.process().error_text().find("set aside"), std::string::npos);
    acknowledged = green;
    // The kill follows the sending of a change by a varying amount of work, so that it meets the change in any phase.
    std::atomic<int> sent = 0;
    std::thread killer([&] {
      for (int seen = sent; seen <= kill % 4; seen = sent) sent.wait(seen);
      for (int i = kill * 7919 % 20'000; i > 0; --i) std::this_thread::yield();
      weir.signal(SIGKILL);
    });
    try {
      RawClient client(weir.admin_port());
      for (;;) {
        const int weight = next++;
        ++sent;
        sent.notify_one();
        const std::string body = R"({"weights":{"app":)" + std::to_string(1000 - weight % 1000) +
                                 R"(,"green":)" + std::to_string(weight) + "}}";
        if (put(client, body).status != 200) break;
        acknowledged = weight;
      }
    } catch (const TestFailure&) {
      // The connection ended with the process.
    }
    sent = 4;  // the killer waits for no more than that
    sent.notify_one();
    killer.join();
    EXPECT_EQ(weir.process().wait_exit().signal, SIGKILL);
  }
  EXPECT_GT(acknowledged, kills);
}

TEST(LiveWeights, ABrokenStateFileIsSaidAndSetAside) {
  SplitWorld world;
  world.state.write("split-state", "weir-split-state 1\nroute api\n");
  WeirProcess weir(world.config());
  weir.process().wait_for_error_text("split-state.broken");
  EXPECT_EQ(greens(weir, 10), 0);
}

Finished start_that_fails(const ConfigText& config) {
  const TempDir directory;
  directory.write("weir.yaml", config.yaml());
  ProcessOptions options;
  options.arguments = {"run", "-c", directory.file("weir.yaml")};
  return run_to_end(weir_binary(), options);
}

TEST(LiveWeights, TwoProcessesDoNotShareAStateFolder) {
  SplitWorld world;
  {
    const WeirProcess first(world.config());
    const Finished second = start_that_fails(world.config());
    EXPECT_EQ(second.status, (ExitStatus{3, 0}));
    EXPECT_THAT(second.errors, ::testing::HasSubstr("server.state_dir: "));
    EXPECT_THAT(second.errors, ::testing::HasSubstr("is in use by another process"));
  }
  WeirProcess next(world.config());  // the first one is gone, and its lock with it
  EXPECT_EQ(greens(next, 4), 0);
}

TEST(LiveWeights, AStateFolderThatCannotBeUsedStopsTheStart) {
  SplitWorld world;
  ConfigText config = world.config();
  config.server = "state_dir: /dev/null/weir";
  const Finished run = start_that_fails(config);
  EXPECT_EQ(run.status, (ExitStatus{3, 0}));
  EXPECT_NE(run.errors.find("server.state_dir: "), std::string::npos) << run.errors;
}

}  // namespace
}  // namespace weir::testing
