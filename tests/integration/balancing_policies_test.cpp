// Every policy over two workers, with real instances: how requests spread, what weights, keys, backups and zones do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "support/behaviours.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

/// Three instances, each started once for all tests of this file.
class Policies : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    for (const char* name : {"a", "b", "c"}) origins_.push_back(std::make_unique<OriginProcess>(name));
  }
  static void TearDownTestSuite() { origins_.clear(); }

  static std::string address(std::size_t index) { return origins_[index]->address(); }
  static std::string endpoint(std::size_t index, const std::string& keys) {
    return "{ address: \"" + address(index) + "\", " + keys + " }";
  }
  /// Weights 1, 1 and 2.
  static ConfigText with_policy(const std::string& policy) {
    ConfigText config = config_for({address(0), address(1), endpoint(2, "weight: 2")});
    config.server = "workers: 2";
    config.app = "balance: " + policy;
    return config;
  }

  using Counts = std::map<std::string, int>;

  /// Answers by instance, from eight connections that the kernel spreads over the workers.
  static Counts spread(const WeirProcess& weir, int each, const std::string& path = "/") {
    Counts counts;
    std::mutex mutex;
    std::vector<std::thread> clients;
    clients.reserve(8);
    for (int i = 0; i < 8; ++i) {
      clients.emplace_back([&, i] {
        RawClient client = weir.connect();
        for (int request = 0; request < each; ++request) {
          const std::string key = "X-User: " + std::to_string(i * 100'000 + request) + "\r\n";
          const std::string name = origin_name(client.get(path, key));
          const std::scoped_lock lock(mutex);
          ++counts[name];
        }
      });
    }
    for (std::thread& client : clients) client.join();
    return counts;
  }

  /// Shares of 1/4, 1/4 and 1/2, give or take `tolerance` of the whole.
  static void expect_weighted(Counts counts, int total, double tolerance) {
    EXPECT_NEAR(counts["a"], total * 0.25, total * tolerance);
    EXPECT_NEAR(counts["b"], total * 0.25, total * tolerance);
    EXPECT_NEAR(counts["c"], total * 0.50, total * tolerance);
  }

  static std::vector<std::unique_ptr<OriginProcess>> origins_;
};
std::vector<std::unique_ptr<OriginProcess>> Policies::origins_;

TEST_F(Policies, RoundRobinIsExact) {
  WeirProcess weir(with_policy("round_robin"));
  Counts counts = spread(weir, 100);
  EXPECT_EQ(counts["a"], 200);
  EXPECT_EQ(counts["b"], 200);
  EXPECT_EQ(counts["c"], 400);
}

TEST_F(Policies, LeastConnectionsFollowsTheWeightsUnderLoad) {
  WeirProcess weir(with_policy("least_connections"));
  // Eight at once, each held for a while: 2, 2 and 4 of them.
  expect_weighted(spread(weir, 25, "/delay/20"), 200, 0.08);
}

// How the scheduler treats the three instances decides what is in flight at each, so the shares are loose here; what
// they are at given loads is a property test of the policy.
TEST_F(Policies, RandomTwoUsesAllAndTheHeavierOneMore) {
  WeirProcess weir(with_policy("random_two"));
  Counts counts = spread(weir, 250);
  EXPECT_EQ(counts["a"] + counts["b"] + counts["c"], 2000);
  EXPECT_GT(counts["a"], 200);
  EXPECT_GT(counts["b"], 200);
  EXPECT_GT(counts["c"], 500);
}

TEST_F(Policies, LeastLatencyUsesAllThatAnswerAlike) {
  WeirProcess weir(with_policy("least_latency"));
  const Counts counts = spread(weir, 150);
  EXPECT_EQ(counts.size(), 3U);
}

TEST_F(Policies, HashFollowsTheWeights) {
  WeirProcess weir(with_policy("hash, hash_key: \"header:X-User\""));
  expect_weighted(spread(weir, 250), 2000, 0.06);
}

TEST_F(Policies, AKeyStaysOnEveryWorkerAndAfterARestart) {
  const ConfigText config = with_policy("hash, hash_key: \"header:X-User\"");
  std::map<std::string, std::set<std::string>> seen;
  for (int process = 0; process < 2; ++process) {
    WeirProcess weir(config);
    for (int connection = 0; connection < 6; ++connection) {
      RawClient client = weir.connect();
      for (const char* user : {"ann", "bob", "cem", "dora", "eva"}) {
        seen[user].insert(origin_name(client.get("/", std::string("X-User: ") + user + "\r\n")));
      }
      seen["none"].insert(origin_name(client.get("/")));  // by its address
    }
  }
  for (const auto& [user, names] : seen) EXPECT_EQ(names.size(), 1U) << user;
}

TEST_F(Policies, HashByCookieAndPath) {
  ConfigText config = with_policy("hash, hash_key: path");
  config.upstreams = {"cookies: { balance: hash, hash_key: \"cookie:id\", endpoints: [ \"" + address(0) +
                      "\", \"" + address(1) + "\", \"" + address(2) + "\" ] }"};
  config.routes = {"{ name: cookies, match: { hosts: [cookies.test] }, upstream: cookies }"};
  WeirProcess weir(config);
  std::set<std::string> by_path, by_cookie;
  for (int i = 0; i < 40; ++i) {
    by_path.insert(origin_name(weir.get("/?" + std::to_string(i))));  // the query is no part of the path
  }
  EXPECT_EQ(by_path.size(), 1U);
  RawClient client = weir.connect();
  for (int i = 0; i < 40; ++i) {
    client.send("GET / HTTP/1.1\r\nHost: cookies.test\r\nCookie: id=" + std::to_string(i) + "\r\n\r\n");
    by_cookie.insert(origin_name(client.read_response()));
  }
  EXPECT_EQ(by_cookie.size(), 3U);
}

TEST_F(Policies, LeastLatencyAvoidsTheSlowAndTheBroken) {
  std::atomic<int> slow_requests{0};
  ScriptableEndpoint slow([&](EndpointConnection& connection, const Request&) {
    ++slow_requests;
    connection.pause(std::chrono::milliseconds(300));
    connection.send(behave::ok_message("slow"));
  });
  ScriptableEndpoint broken(behave::status(503));
  ConfigText config = config_for({address(0), slow.address(), broken.address()});
  config.app = "balance: least_latency, passive_health: { consecutive_failures: 0 }, retry: { attempts: 0 }";
  config.server = "workers: 2";
  WeirProcess weir(config);
  RawClient client = weir.connect();
  for (int i = 0; i < 200; ++i) client.get("/");
  EXPECT_LE(slow_requests, 10);
  EXPECT_LE(broken.request_count(), 10U);
}

TEST_F(Policies, RetryAfterKeepsRequestsAway) {
  ScriptableEndpoint busy(
      behave::respond("HTTP/1.1 429 Busy\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n"));
  ConfigText config = config_for({address(0), busy.address()});
  config.app = "balance: least_latency";
  config.server = "workers: 2";
  WeirProcess weir(config);
  for (int i = 0; i < 300 && busy.request_count() == 0; ++i) weir.get("/");
  ASSERT_EQ(busy.request_count(), 1U);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(weir.get("/").status, 200);
  EXPECT_EQ(busy.request_count(), 1U);
}

TEST_F(Policies, BackupsServeOnlyWhileNoOtherCan) {
  auto primary = std::make_unique<ScriptableEndpoint>(behave::ok("primary"));
  EndpointOptions same_port;
  same_port.port = primary->port();
  ConfigText config = config_for({primary->address(), endpoint(1, "backup: true")});
  config.app = "passive_health: { consecutive_failures: 1, ejection_time: 100ms }";
  config.server = "workers: 2";
  WeirProcess weir(config);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(weir.get("/").body, "primary");
  EXPECT_EQ(weir.metric("weir_backup_requests_total"), 0);
  primary.reset();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(origin_name(weir.get("/")), "b");
  EXPECT_EQ(weir.metric("weir_backup_requests_total", "upstream=\"app\""), 20);
  weir.process().wait_for_error_text("requests go to backups: none of 1 other endpoints is usable");
  primary = std::make_unique<ScriptableEndpoint>(behave::ok("primary"), same_port);
  eventually("the primary is back", [&] { return weir.get("/").body == "primary"; });
  for (int i = 0; i < 20; ++i) EXPECT_EQ(weir.get("/").body, "primary");
  weir.process().wait_for_error_text("requests go to backups no longer");
}

TEST_F(Policies, TheLocalZoneComesFirst) {
  ConfigText config =
      config_for({endpoint(0, "zone: east"), endpoint(1, "zone: west"), endpoint(2, "zone: west")});
  config.server = "workers: 2, zone: east";
  config.app = "balance: random_two, max_requests: 1000";
  WeirProcess weir(config);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(origin_name(weir.get("/")), "a");
  EXPECT_EQ(weir.metric("weir_other_zone_requests_total"), 0);
  config.server = "workers: 2, zone: west";
  weir.reload(config);
  std::set<std::string> names;
  for (int i = 0; i < 50; ++i) names.insert(origin_name(weir.get("/")));
  EXPECT_EQ(names, (std::set<std::string>{"b", "c"}));
}

TEST_F(Policies, AFullLocalZoneSpillsOver) {
  const auto gate = std::make_shared<Gate>();
  ScriptableEndpoint local(behave::gated(gate, behave::ok("local")));
  ConfigText config = config_for({"{ address: \"" + local.address() + "\", zone: east, max_connections: 1 }",
                                  endpoint(1, "zone: west")});
  config.server = "workers: 2, zone: east";
  WeirProcess weir(config);
  RawClient first = weir.connect();
  first.send_get("/");
  local.wait_for_requests(1);
  EXPECT_EQ(origin_name(weir.get("/")), "b");
  EXPECT_EQ(weir.metric("weir_other_zone_requests_total", "upstream=\"app\""), 1);
  gate->open();
  EXPECT_EQ(first.read_response().body, "local");
}

TEST_F(Policies, TheSlowOfThreeNeverHasMoreThanTheOthersAndOne) {
  // Twelve clients keep twelve requests in flight; whatever the moment, the slow one has no more than the others
  // and one, so it never has more than its third of them and one.
  std::atomic<int> slow_now{0}, slow_most{0};
  ScriptableEndpoint slow([&](EndpointConnection& connection, const Request&) {
    const int now = ++slow_now;
    int most = slow_most;
    while (now > most && !slow_most.compare_exchange_weak(most, now)) {
    }
    connection.pause(std::chrono::milliseconds(100));
    --slow_now;
    connection.send(behave::ok_message("slow"));
  });
  ConfigText config = config_for({address(0), address(1), slow.address()});
  config.server = "workers: 2";
  WeirProcess weir(config);
  std::atomic<int> answered{0};
  std::vector<std::thread> clients;
  clients.reserve(12);
  for (int i = 0; i < 12; ++i) {
    clients.emplace_back([&] {
      RawClient client = weir.connect();
      for (int request = 0; request < 40; ++request) answered += client.get("/delay/2").status == 200 ? 1 : 0;
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(answered, 480);
  EXPECT_LE(slow_most, 5);
}

TEST_F(Policies, ARetryFindsTheLastOfManyEndpoints) {
  // Behind the 64th, too, a retry goes to another endpoint.
  std::vector<std::unique_ptr<ScriptableEndpoint>> failing;
  ConfigText config;
  for (int i = 0; i < 70; ++i) {
    failing.push_back(std::make_unique<ScriptableEndpoint>(behave::reset()));
    config.endpoints.push_back(failing.back()->address());
  }
  config.app =
      "balance: round_robin, retry: { attempts: 5, budget: { min_per_second: 100 } }, "
      "passive_health: { consecutive_failures: 0 }";
  config.server = "workers: 1";
  WeirProcess weir(config);
  for (int i = 0; i < 24; ++i) EXPECT_EQ(weir.get("/").status, 502);
  for (const auto& line : weir.access_log(24)) {
    std::set<std::string> tried;
    for (const auto& attempt : line.at("attempts").as_array()) {
      tried.emplace(attempt.as_object().at("endpoint").as_string());
    }
    EXPECT_EQ(tried.size(), 6U);
    EXPECT_EQ(line.at("attempts").as_array().size(), 6U);
  }
}

TEST_F(Policies, WhatIsConfiguredIsShown) {
  ConfigText config =
      config_for({endpoint(0, "max_connections: 7, zone: east"), endpoint(1, "backup: true")});
  config.server = "workers: 2, zone: east";
  config.app = "balance: hash, slow_start: 60s, queue: { max: 9 }, max_requests: 100";
  WeirProcess weir(config);
  const auto shown = weir.admin_json("/api/v1/upstreams").at("upstreams").at(0);
  EXPECT_EQ(shown.at("balance"), "hash");
  EXPECT_EQ(shown.at("queue").at("max"), 9);
  EXPECT_EQ(shown.at("requests").at("max"), 100);
  EXPECT_EQ(shown.at("endpoints").at(0).at("max_connections"), 7);
  EXPECT_EQ(shown.at("endpoints").at(0).at("zone"), "east");
  EXPECT_EQ(shown.at("endpoints").at(1).at("backup"), true);
  EXPECT_EQ(shown.at("endpoints").at(0).at("effective_weight").to_number<double>(), 1.0);
  config.endpoints.push_back(endpoint(2, "weight: 5"));
  weir.reload(config);
  const auto added = weir.admin_json("/api/v1/upstreams").at("upstreams").at(0).at("endpoints").at(2);
  EXPECT_GE(added.at("effective_weight").to_number<double>(), 0.5);
  EXPECT_LT(added.at("effective_weight").to_number<double>(), 5.0);
}

}  // namespace
}  // namespace weir::testing
