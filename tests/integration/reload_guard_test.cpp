// Reloads that are watched: one that breaks a route under load is taken back, one that does not is kept.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "support/behaviours.hpp"
#include "support/steady_load.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

constexpr ExitStatus kept{0, 0}, refused{1, 0}, taken_back{4, 0};

Finished reload(const WeirProcess& weir, std::vector<std::string> more = {}) {
  ProcessOptions options;
  options.arguments = {"reload", "--admin", "127.0.0.1:" + std::to_string(weir.admin_port())};
  options.arguments.insert(options.arguments.end(), more.begin(), more.end());
  return run_to_end(weir_binary(), options);
}

class GuardedReload : public ::testing::Test {
 protected:
  /// Route `api` to a good endpoint or to one where nothing listens, route `other` always to a good one.
  ConfigText config(bool broken = false, const std::string& server = "") const {
    ConfigText made = config_for(good_.address());
    made.server += server;
    made.upstreams = {"api: { endpoints: [ \"" + (broken ? std::string("127.0.0.1:1") : good_.address()) +
                      "\" ] }"};
    made.routes = {"{ name: api, match: { path: /api }, upstream: api }"};
    return made;
  }
  static void wait_for_past(const WeirProcess& weir, double requests) {
    eventually("there is a past",
               [&] { return weir.metric("http_requests_total", "route=\"api\"") > requests; });
  }
  static std::string guard_state(const WeirProcess& weir) {
    return std::string(weir.admin_json("/api/v1/status").at("config").at("guard").at("state").as_string());
  }

  ScriptableEndpoint good_{behave::ok("good")};
};

/// Asks both routes again and again; what fails is counted.
class Load : public SteadyLoad {
 public:
  explicit Load(const WeirProcess& weir)
      : SteadyLoad(2, [&weir](SteadyLoad& steady) {
          RawClient client = weir.connect();
          while (!steady.stopped()) {
            steady.count(client.get("/api").status == 200);
            steady.count(client.get("/").status == 200);
          }
        }) {}
};

TEST_F(GuardedReload, OneThatBreaksARouteIsTakenBack) {
  WeirProcess weir(config());
  Load load(weir);
  wait_for_past(weir, 200);
  weir.write_config(config(true).yaml());
  const Finished done = reload(weir, {"--guard", "20s", "--reason", "new api"});
  EXPECT_EQ(done.status, taken_back) << done.output << done.errors;
  // Not always all of them: what began before the reload may end after it.
  EXPECT_THAT(
      done.output,
      ContainsRegex("requests of route api failed \\((100\\.0|9[0-9]\\.[0-9]) %\\), before it 0 of "));
  EXPECT_THAT(done.output,
              HasSubstr("; the limit is 1 of 100. Generation 3 has the configuration before it"));
  EXPECT_EQ(weir.get("/api").body, "good");
  const int failed = load.failed();
  EXPECT_GT(failed, 0);
  const int answered = load.answered();
  eventually("all is well again", [&] { return load.answered() > answered + 200; });
  EXPECT_EQ(load.failed(), failed);
  load.stop();
  const auto status = weir.admin_json("/api/v1/status").at("config");
  EXPECT_EQ(status.at("files_differ"), true);
  EXPECT_EQ(status.at("guard").at("state"), "taken_back");
  EXPECT_EQ(status.at("guard").at("generation"), 2);
  EXPECT_THAT(weir.admin("/api/v1/events?format=json").body, HasSubstr("reload_taken_back"));
  EXPECT_EQ(weir.metric("weir_reload_guard_total", "verdict=\"taken_back\""), 1);
  EXPECT_EQ(weir.metric("weir_config_last_reload_success"), 0);
  std::ifstream file(weir.config_file());
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), config(true).yaml())
      << "the file is the operator's";
  const auto audit = weir.admin_json("/api/v1/audit").at("audit").as_array();
  EXPECT_EQ(audit[0].at("action"), "reload_taken_back");
  EXPECT_EQ(audit[1].at("action"), "reload");
  EXPECT_EQ(audit[1].at("reason"), "new api");
}

TEST_F(GuardedReload, OneThatDoesNotIsKept) {
  WeirProcess weir(config());
  Load load(weir);
  wait_for_past(weir, 200);
  weir.write_config(config(false, ", max_connections: 500").yaml());
  const Finished done = reload(weir, {"--guard", "1s"});
  EXPECT_EQ(done.status, kept) << done.output << done.errors;
  EXPECT_THAT(done.output, HasSubstr("kept: in 1.0 s 0 of "));
  load.stop();
  EXPECT_EQ(weir.metric("weir_config_generation"), 2);
  EXPECT_EQ(weir.metric("weir_reload_guard_total", "verdict=\"kept\""), 1);
  EXPECT_EQ(weir.admin_json("/api/v1/status").at("config").at("files_differ"), false);
}

// Its own failures are older than the reload, and no reload of another route makes them.
TEST_F(GuardedReload, ARouteThatFailedBeforeDoesNotSpeakAgainstIt) {
  ConfigText broken = config(true);
  WeirProcess weir(broken);
  SteadyLoad load(2, [&weir](SteadyLoad& steady) {
    RawClient client = weir.connect();
    while (!steady.stopped()) steady.count(client.get("/api").status == 503);
  });
  wait_for_past(weir, 100);
  broken.routes.emplace_back("{ name: more, match: { path: /more }, upstream: app }");
  weir.write_config(broken.yaml());
  EXPECT_EQ(reload(weir, {"--guard", "1s"}).status, kept);
}

TEST_F(GuardedReload, WithoutAPastItIsKeptAndSaysSo) {
  WeirProcess weir(config());
  weir.write_config(config(true).yaml());
  const Finished done = reload(weir, {"--guard", "10s"});
  EXPECT_EQ(done.status, kept);
  EXPECT_THAT(done.output, HasSubstr("had no requests before it"));
  weir.write_config(config(true).yaml());
  EXPECT_THAT(reload(weir, {"--guard", "10s"}).output, HasSubstr("nothing that requests pass was changed"));
}

TEST_F(GuardedReload, ARefusedOneIsRefused) {
  WeirProcess weir(config());
  weir.write_config("routes: [");
  EXPECT_EQ(reload(weir, {"--guard", "10s"}).status, refused);
  EXPECT_EQ(reload(weir, {"--guard", "1h"}).status, refused);
  EXPECT_THAT(reload(weir, {"--guard", "1h"}).errors,
              HasSubstr("guard: must be 0 or a duration from 1s to 10m"));
}

// With the key a signal's reload is watched, too, and --watch does not load the file again that was taken back.
TEST_F(GuardedReload, TheKeyGuardsAllReloadsAndAWatchedFileStaysOut) {
  WeirProcess::Options options;
  options.arguments = {"--watch"};
  WeirProcess weir(config(false, ", reload_guard: 20s").yaml(), options);
  Load load(weir);
  wait_for_past(weir, 200);
  weir.write_config(config(true, ", reload_guard: 20s").yaml());
  eventually(
      "it is taken back", [&] { return guard_state(weir) == "taken_back"; }, Deadline(15s));
  EXPECT_EQ(weir.metric("weir_config_generation"), 3);
  const int answered = load.answered();
  eventually("time passes", [&] { return load.answered() > answered + 500; });
  EXPECT_EQ(weir.metric("weir_config_generation"), 3);
  load.stop();
  // A file that is mended is loaded.
  weir.write_config(config(false, ", reload_guard: 20s, max_connections: 500").yaml());
  weir.wait_for_metric("weir_config_generation", "", 4);
  EXPECT_EQ(weir.metric("weir_config_last_reload_success"), 1);
}

TEST_F(GuardedReload, AnUnwatchedReloadEndsTheWatch) {
  WeirProcess weir(config());
  Load load(weir);
  wait_for_past(weir, 200);
  load.stop();
  ProcessOptions options;
  weir.write_config(config(false, ", max_connections: 500").yaml());
  options.arguments = {"reload", "--guard", "60s", "--admin",
                       "127.0.0.1:" + std::to_string(weir.admin_port())};
  Process watching(weir_binary(), options);
  eventually("it is watched", [&] { return guard_state(weir) == "watching"; });
  weir.write_config(config(false, ", max_connections: 600").yaml());
  EXPECT_EQ(reload(weir).status, kept);
  EXPECT_EQ(watching.wait_exit(), refused) << "there is no verdict";
  EXPECT_EQ(guard_state(weir), "superseded");
}

// An operator notices first and puts the file back: nothing is left that could be taken back.
TEST_F(GuardedReload, OneThatPutsTheOldConfigurationBackEndsTheWatch) {
  const std::string guarded = ", reload_guard: 60s";
  WeirProcess weir(config(false, guarded));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(weir.get("/api").body, "good");
  weir.reload(config(true, guarded));
  eventually("it is watched", [&] { return guard_state(weir) == "watching"; });
  weir.reload(config(false, guarded));
  eventually("it is not watched any more", [&] { return guard_state(weir) != "watching"; });
  EXPECT_EQ(guard_state(weir), "superseded");
  EXPECT_THAT(weir.admin("/api/v1/events?format=json").body,
              HasSubstr("generation 2: another reload came, which put back what was there before it"));
  EXPECT_EQ(weir.admin_json("/api/v1/status").at("config").at("files_differ"), false);
}

// The verdict on the first one comes while the workers get the second one.
TEST_F(GuardedReload, ManyAtOnceAreOneAfterTheOther) {
  WeirProcess weir(config());
  const std::string body = R"({"guard":"5s"})";
  for (int round = 0; round < 5; ++round) {
    if (round == 3) weir.write_config(config(true).yaml());
    std::vector<RawClient> clients;
    for (int i = 0; i < 10; ++i) {
      clients.emplace_back(weir.admin_port());
      clients.back().send("POST /api/v1/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                          std::to_string(body.size()) + "\r\n\r\n" + body);
    }
    for (RawClient& client : clients) EXPECT_EQ(client.read_response("POST").status, 200);
  }
  eventually("there is a verdict", [&] { return guard_state(weir) == "kept"; });
  EXPECT_EQ(weir.get("/").body, "good");
}

// What the reload dropped returns with the configuration that it dropped it with.
TEST_F(GuardedReload, WeightsAndOverridesReturn) {
  ScriptableEndpoint green(behave::ok("green"));
  const auto with_weights = [&](int blue, int green_weight, bool broken) {
    ConfigText made = config_for(broken ? "127.0.0.1:1" : good_.address());
    made.upstreams = {"green: { endpoints: [ \"" + (broken ? std::string("127.0.0.1:2") : green.address()) +
                      "\" ] }"};
    made.default_route = false;
    made.routes = {"{ name: api, split: { targets: [ { upstream: app, weight: " + std::to_string(blue) +
                   " }, { upstream: green, weight: " + std::to_string(green_weight) + " } ] } }"};
    return made.yaml();
  };
  WeirProcess weir(with_weights(100, 0, false));
  const std::string admin = "127.0.0.1:" + std::to_string(weir.admin_port());
  ProcessOptions set, drain;
  set.arguments = {"split", "set", "api", "app=0", "green=1", "--admin", admin};
  ASSERT_EQ(run_to_end(weir_binary(), set).status, kept);
  drain.arguments = {"endpoint", "drain", "app", good_.address(), "--admin", admin};
  ASSERT_EQ(run_to_end(weir_binary(), drain).status, kept);
  Load load(weir);
  wait_for_past(weir, 200);
  weir.write_config(with_weights(50, 50, true));
  EXPECT_EQ(reload(weir, {"--guard", "20s"}).status, taken_back);
  load.stop();
  EXPECT_EQ(weir.get("/").body, "green");
  EXPECT_EQ(weir.metric("weir_split_weight", "upstream=\"green\""), 1);
  EXPECT_EQ(weir.admin_json("/api/v1/upstreams/app/endpoints/" + good_.address()).at("state"), "drain");
}

}  // namespace
}  // namespace weir::testing
