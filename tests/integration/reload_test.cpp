// SIGHUP replaces the whole configuration without losing a request; a bad one changes nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "support/behaviours.hpp"
#include "support/test_certificates.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

TEST(Reload, RoutesAndUpstreamsChange) {
  OriginProcess one("one"), two("two");
  WeirProcess weir(config_for(one.address()));
  RawClient client = weir.connect();
  EXPECT_EQ(origin_name(client.get("/")), "one");
  weir.reload(config_for(two.address()));
  EXPECT_EQ(origin_name(client.get("/")), "two");  // on the same connection
  ConfigText maintenance = config_for(two.address());
  maintenance.routes = {"{ name: off, match: { path_prefix: / }, respond: { status: 503 } }"};
  maintenance.default_route = false;
  weir.reload(maintenance);
  EXPECT_EQ(client.get("/").status, 503);
}

TEST(Reload, ABadConfigChangesNothingAndSaysWhy) {
  OriginProcess origin("stays");
  WeirProcess weir(config_for(origin.address()));
  ConfigText bad = config_for("127.0.0.1:1");
  bad.app = "balanse: round_robin";
  weir.reload_refused(bad.yaml());
  EXPECT_EQ(origin_name(weir.get("/")), "stays");
  weir.process().wait_for_error_text("balanse");
  EXPECT_EQ(weir.admin("/health/ready").status, 200);
  weir.reload(config_for(origin.address()).yaml() + "# changed\n");
  EXPECT_EQ(weir.metric("weir_config_last_reload_success"), 1);
}

TEST(Reload, ARunningRequestEndsAsItBegan) {
  auto gate = std::make_shared<Gate>();
  ScriptableEndpoint old_endpoint(behave::gated(gate, behave::ok("old"))), new_endpoint(behave::ok("new"));
  WeirProcess weir(config_for(old_endpoint.address()));
  RawClient client = weir.connect();
  client.send_get("/");
  old_endpoint.wait_for_requests(1);
  weir.reload(config_for(new_endpoint.address()));
  EXPECT_EQ(weir.get("/").body, "new");
  gate->open();
  EXPECT_EQ(client.read_response().body, "old");
}

TEST(Reload, WhatDidNotChangeSurvives) {
  ScriptableEndpoint endpoint(behave::ok());
  ConfigText config = config_for(endpoint.address());
  config.server = "workers: 1";
  WeirProcess weir(config);
  RawClient client = weir.connect();
  EXPECT_EQ(client.get("/").status, 200);
  config.routes = {"{ name: extra, match: { path: /extra }, upstream: app }"};
  weir.reload(config);
  EXPECT_EQ(client.get("/extra").status, 200);
  EXPECT_EQ(endpoint.connection_count(), 1U);  // the kept upstream connection is still in use
  EXPECT_EQ(weir.metric("http_requests_total", "route=\"all\""), 1);  // counters too
}

TEST(Reload, AnEjectionSurvives) {
  ScriptableEndpoint bad(behave::status(503)), good(behave::ok("good"));
  ConfigText config = config_for({bad.address(), good.address()});
  config.app = "passive_health: { consecutive_failures: 1, ejection_time: 60s }";
  WeirProcess weir(config);
  RawClient client = weir.connect();
  while (bad.request_count() < 1) client.get("/");
  config.routes = {"{ name: extra, match: { path: /extra }, upstream: app }"};
  weir.reload(config);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(client.get("/").body, "good");
  EXPECT_EQ(bad.request_count(), 1U);
}

boost::json::object shown_endpoint(const WeirProcess& weir, const std::string& address) {
  const boost::json::value report = weir.admin_json("/api/v1/upstreams");
  for (const boost::json::value& endpoint : report.at("upstreams").at(0).at("endpoints").as_array()) {
    if (endpoint.at("address").as_string() == std::string_view(address)) return endpoint.as_object();
  }
  throw TestFailure("no endpoint " + address);
}

TEST(Reload, UnderAnEjectionTheEndpointStaysOutWithItsReason) {
  ScriptableEndpoint bad(behave::status(503)), good(behave::ok("good"));
  ConfigText config = config_for({bad.address(), good.address()});
  config.app = "passive_health: { consecutive_failures: 2, ejection_time: 60s }";
  WeirProcess weir(config);
  RawClient client = weir.connect();
  while (bad.request_count() < 2) client.get("/");
  weir.wait_for_metric("weir_endpoint_up", "endpoint=\"" + bad.address() + "\"", 0);
  const boost::json::object before = shown_endpoint(weir, bad.address());
  EXPECT_EQ(before.at("state"), "ejected");
  EXPECT_EQ(before.at("why"), "2 consecutive failures (status 503 x2)");
  // Other weights, another order, other settings of connections, even TLS: the address is the same.
  config.endpoints = {"{ address: \"" + good.address() + "\", weight: 2 }", bad.address()};
  config.app += ", timeouts: { connect: 1s }, keepalive: { max_idle: 1 }";
  for (const char* tls : {"", ", tls: { verify: false }", ""}) {
    ConfigText changed = config;
    changed.app += tls;
    weir.reload(changed);
    const boost::json::object after = shown_endpoint(weir, bad.address());
    EXPECT_EQ(after.at("state"), "ejected") << tls;
    EXPECT_EQ(after.at("why"), before.at("why")) << tls;
    EXPECT_EQ(after.at("ejections_in_row"), before.at("ejections_in_row")) << tls;
  }
  for (int i = 0; i < 10; ++i) EXPECT_EQ(client.get("/").body, "good");
  EXPECT_EQ(bad.request_count(), 2U);
}

TEST(Reload, ListenersComeAndGo) {
  OriginProcess origin;
  ConfigText config = config_for(origin.address());
  std::uint16_t port = unused_port();
  WeirProcess weir(config);
  config.listeners = {"extra: { address: \"127.0.0.1:" + std::to_string(port) + "\" }"};
  weir.reload(config);
  RawClient kept(port);
  EXPECT_EQ(kept.get("/").status, 200);
  config.listeners = {};
  weir.reload(config);
  eventually("the listener is gone", [&] {
    try {
      RawClient{port};
      return false;
    } catch (const TestFailure&) {
      return true;
    }
  });
}

TEST(Reload, NoRequestIsLostUnderLoad) {
  OriginProcess one("one"), two("two");
  WeirProcess weir(config_for(one.address()));
  std::atomic<bool> stop = false;
  std::atomic<int> answered = 0, failed = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      try {
        RawClient client = weir.connect();
        while (!stop) {
          (client.get("/").status == 200 ? answered : failed)++;
        }
      } catch (const TestFailure&) {
        ++failed;
      }
    });
  }
  for (int i = 0; i < 10; ++i) weir.reload(config_for(i % 2 == 0 ? two.address() : one.address()));
  stop = true;
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(failed, 0);
  EXPECT_GT(answered, 0);
}

TEST(Reload, CertificatesAreReadAnew) {
  OriginProcess origin;
  const TempDir directory;
  const TestCa ca;
  LeafOptions leaf;
  leaf.common_name = "first";
  const CertificateFiles files = ca.issue_files(directory, "site", leaf);
  ConfigText config = config_for(origin.address());
  config.listeners = {tls_listener(files.cert, files.key)};
  WeirProcess weir(config);
  TlsClientOptions tls;
  tls.ca_file = directory.write("ca.crt", ca.pem());
  RawClient before = weir.connect_tls(tls);
  EXPECT_EQ(before.peer_name(), "first");
  leaf.common_name = "second";
  ca.issue_files(directory, "site", leaf);
  weir.reload(config);
  EXPECT_EQ(weir.connect_tls(tls).peer_name(), "second");
  EXPECT_EQ(before.get("/").status, 200);  // a connection keeps what it has
}

TEST(Reload, AdminDoesItToo) {
  OriginProcess one("one"), two("two");
  WeirProcess weir(config_for(one.address()));
  weir.write_config(config_for(two.address()).yaml());
  EXPECT_EQ(weir.admin("/api/v1/reload", "POST").status, 200);
  EXPECT_EQ(origin_name(weir.get("/")), "two");
  weir.write_config("nonsense: [");
  const Response refused = weir.admin("/api/v1/reload", "POST");
  EXPECT_GE(refused.status, 400);
  EXPECT_EQ(refused.fields.get("Content-Type"), "application/problem+json");
  EXPECT_EQ(origin_name(weir.get("/")), "two");
}

TEST(Reload, SeriesOfWhatIsGoneLeaveTheMetrics) {
  ScriptableEndpoint one(behave::ok()), two(behave::ok());
  ConfigText with = config_for(one.address());
  with.routes = {"{ name: old, match: { path: /old }, upstream: app }"};
  WeirProcess weir(with);
  EXPECT_EQ(weir.get("/old").status, 200);
  EXPECT_EQ(weir.get("/").status, 200);
  weir.wait_for_metric("http_requests_total", "route=\"old\"", 1);
  weir.reload(config_for(two.address()));
  EXPECT_EQ(weir.metric("http_requests_total", "route=\"old\""), 1) << "the next scrapes still see it";
  const auto shows = [&](const std::string& label) {
    return weir.admin("/metrics").body.find(label) != std::string::npos;
  };
  eventually("the old series have left",
             [&] { return !shows("route=\"old\"") && !shows("endpoint=\"" + one.address() + "\""); });
  EXPECT_EQ(weir.metric("http_requests_total", "route=\"all\""), 1) << "what stayed goes on";
  weir.reload(with);
  EXPECT_EQ(weir.get("/old").status, 200);
  // Where it was, or from the start once the workers have forgotten it.
  eventually("it is counted again", [&] { return weir.metric("http_requests_total", "route=\"old\"") >= 1; });
}

TEST(Reload, TwoAtTheSameTimeAreBothAnswered) {
  OriginProcess origin;
  ConfigText config = config_for(origin.address());
  WeirProcess weir(config);
  config.upstreams = {"ghost: { endpoints: [ \"no-such-name.invalid:80\" ] }"};  // the look-up takes a while
  config.routes = {"{ name: ghost, match: { path: /ghost }, upstream: ghost }"};
  weir.write_config(config.yaml());
  std::vector<RawClient> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back(weir.admin_port());
    clients.back().send("POST /api/v1/reload HTTP/1.1\r\nHost: 127.0.0.1:" +
                        std::to_string(weir.admin_port()) + "\r\nContent-Length: 0\r\n\r\n");
  }
  for (RawClient& client : clients) EXPECT_EQ(client.read_response("POST").status, 200);
  EXPECT_GE(weir.metric("weir_config_generation"), 2);
  EXPECT_EQ(weir.get("/").status, 200);
}

}  // namespace
}  // namespace weir::testing
