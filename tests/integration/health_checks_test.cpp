// Active checks: who takes requests before, while and after an endpoint's checks fail, and what Weir reports of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

#include "support/behaviours.hpp"
#include "support/test_certificates.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

const std::string quick_check = "health_check: { interval: 100ms }";

std::string of(const std::string& address) {
  return "endpoint=\"" + address + "\"";
}

std::string checks(const std::string& address, const std::string& result) {
  return of(address) + ",result=\"" + result + "\"";
}

/// GET /api/v1/upstreams, one endpoint.
boost::json::object endpoint_report(const WeirProcess& weir, const std::string& address,
                                    const std::string& upstream = "app") {
  const boost::json::value report = weir.admin_json("/api/v1/upstreams");
  for (const boost::json::value& each : report.at("upstreams").as_array()) {
    if (each.at("name").as_string() != upstream) continue;
    for (const boost::json::value& endpoint : each.at("endpoints").as_array()) {
      if (endpoint.at("address").as_string() == address) return endpoint.as_object();
    }
  }
  throw TestFailure("no endpoint " + upstream + "/" + address);
}

std::string state_of(const WeirProcess& weir, const std::string& address,
                     const std::string& upstream = "app") {
  return std::string(endpoint_report(weir, address, upstream).at("state").as_string());
}

void wait_for_state(const WeirProcess& weir, const std::string& address, const std::string& state,
                    const std::string& upstream = "app") {
  eventually(address + " is " + state, [&] { return state_of(weir, address, upstream) == state; });
}

/// Answers checks as `check` says, and everything else with `body`.
RequestBehaviour app(RequestBehaviour check, const std::string& body) {
  return [check = std::move(check), rest = behave::ok(body)](EndpointConnection& connection,
                                                             const Request& request) {
    (request.target.starts_with("/health") ? check : rest)(connection, request);
  };
}

std::size_t requests_to(const ScriptableEndpoint& endpoint, const std::string& target) {
  std::size_t count = 0;
  for (const Request& request : endpoint.requests()) count += request.target == target ? 1 : 0;
  return count;
}

void put(const OriginProcess& origin, const std::string& path) {
  EXPECT_EQ(RawClient(origin.port()).exchange("PUT", path, "").status, 200);
}

TEST(HealthChecks, TakeAnEndpointOutAndBringItBack) {
  OriginProcess one("one"), two("two");
  ConfigText config = config_for({one.address(), two.address()});
  config.app = quick_check;
  WeirProcess weir(config);
  wait_for_state(weir, one.address(), "healthy");
  wait_for_state(weir, two.address(), "healthy");
  weir.wait_for_metric("weir_endpoint_up", "", 2);

  put(one, "/health/down");
  weir.wait_for_metric("weir_endpoint_up", of(one.address()), 0);
  EXPECT_EQ(state_of(weir, one.address()), "check_failed");
  weir.process().wait_for_error_text("app/" + one.address() +
                                     " is out: 3 checks failed in a row (status 503)");
  EXPECT_EQ(weir.admin_json("/health").at("status"), "degraded");
  RawClient client = weir.connect();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(origin_name(client.get("/")), "two");

  put(one, "/health/up");
  weir.wait_for_metric("weir_endpoint_up", of(one.address()), 1);
  weir.process().wait_for_error_text("app/" + one.address() + " is back: 2 checks passed");
  eventually("it takes requests again", [&] { return origin_name(client.get("/")) == "one"; });
  EXPECT_GE(weir.metric("weir_health_checks_total", checks(one.address(), "failed")), 3);
  EXPECT_GE(weir.metric("weir_health_checks_total", checks(one.address(), "passed")), 3);
  EXPECT_EQ(weir.metric("weir_health_checks_waiting"), 0);
}

TEST(HealthChecks, SeeAnEndpointDieWithoutARequest) {
  OriginProcess one("one"), two("two");
  ConfigText config = config_for({one.address(), two.address()});
  config.app = quick_check + ", retry: { attempts: 0 }, passive_health: { consecutive_failures: 0 }";
  WeirProcess weir(config);
  weir.wait_for_metric("weir_endpoint_up", "", 2);
  one.process().signal(SIGKILL);
  wait_for_state(weir, one.address(), "check_failed");
  RawClient client = weir.connect();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(origin_name(client.get("/")), "two");
}

TEST(HealthChecks, AHangIsAFailure) {
  OriginProcess one("one"), two("two");
  ConfigText config = config_for({one.address(), two.address()});
  config.app = "health_check: { interval: 200ms, timeout: 150ms }";
  WeirProcess weir(config);
  weir.wait_for_metric("weir_endpoint_up", "", 2);
  one.process().signal(SIGSTOP);
  weir.process().wait_for_error_text("app/" + one.address() +
                                     " is out: 3 checks failed in a row (no answer in 150ms)");
  EXPECT_EQ(origin_name(weir.get("/")), "two");
  one.process().signal(SIGCONT);
  wait_for_state(weir, one.address(), "healthy");
}

TEST(HealthChecks, WhatIsUnknownTakesNothingWhileAnotherCan) {
  const auto gate = std::make_shared<Gate>();
  ScriptableEndpoint slow(app(behave::gated(gate, behave::ok()), "slow")), fast(app(behave::ok(), "fast"));
  ConfigText config = config_for({slow.address(), fast.address()});
  config.app = "health_check: { interval: 1h, timeout: 1h }";
  WeirProcess weir(config);
  wait_for_state(weir, fast.address(), "healthy");
  slow.wait_for_requests(1);
  EXPECT_EQ(state_of(weir, slow.address()), "check_pending");
  RawClient client = weir.connect();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.get("/").body, "fast");
  EXPECT_EQ(requests_to(slow, "/"), 0U);
  gate->open();
  wait_for_state(weir, slow.address(), "healthy");
  eventually("it takes requests", [&] { return client.get("/").body == "slow"; });
}

TEST(HealthChecks, WhereNoneHasPassedAllAreUsed) {
  ScriptableEndpoint endpoint(app(behave::status(500), "served"));
  ConfigText config = config_for(endpoint.address());
  config.app = quick_check;
  WeirProcess weir(config);
  EXPECT_EQ(weir.get("/").body, "served");
  wait_for_state(weir, endpoint.address(), "check_failed");
  EXPECT_EQ(weir.get("/").body, "served");
  EXPECT_EQ(weir.metric("weir_endpoint_up", of(endpoint.address())), 0);
  EXPECT_EQ(weir.admin("/health").status, 503);
}

TEST(HealthChecks, AskWhatTheConfigurationSays) {
  ScriptableEndpoint endpoint(behave::status(418));
  ConfigText config = config_for(endpoint.address());
  config.app =
      "health_check: { path: \"/ready?deep=1\", host: app.example.com, expect: [200, 418], "
      "headers: { X-Forwarded-Proto: https, user-agent: probe/1 } }";
  WeirProcess weir(config);
  wait_for_state(weir, endpoint.address(), "healthy");
  const Request request = endpoint.request(0);
  EXPECT_EQ(request.target, "/ready?deep=1");
  EXPECT_EQ(request.fields.get("Host"), "app.example.com");
  EXPECT_EQ(request.fields.get("X-Forwarded-Proto"), "https");
  EXPECT_EQ(request.fields.get("User-Agent"), "probe/1");
  EXPECT_EQ(request.fields.get("Accept"), "*/*");
}

TEST(HealthChecks, NameTheEndpointWhereNoHostIsGiven) {
  ScriptableEndpoint endpoint(behave::ok());
  const std::string name = "localhost:" + std::to_string(endpoint.port());
  ConfigText config = config_for(name);
  config.app = quick_check;
  WeirProcess weir(config);
  endpoint.wait_for_requests(1);
  EXPECT_EQ(endpoint.request(0).fields.get("Host"), name);
}

TEST(HealthChecks, UseOneConnection) {
  ScriptableEndpoint endpoint(behave::ok());
  ConfigText config = config_for(endpoint.address());
  config.app = quick_check;
  WeirProcess weir(config);
  endpoint.wait_for_requests(10);
  EXPECT_EQ(endpoint.connection_count(), 1U);
}

TEST(HealthChecks, ATcpCheckConnects) {
  auto one = std::make_unique<ScriptableEndpoint>(behave::status(500));
  ScriptableEndpoint two(behave::ok("two"));
  ConfigText config = config_for({one->address(), two.address()});
  config.app = "health_check: { type: tcp, interval: 100ms }";
  WeirProcess weir(config);
  weir.wait_for_metric("weir_endpoint_up", "", 2);
  EXPECT_EQ(one->request_count() + two.request_count(), 0U);
  const std::string address = one->address();
  one.reset();
  weir.process().wait_for_error_text("app/" + address +
                                     " is out: 3 checks failed in a row (connection refused)");
  EXPECT_EQ(weir.get("/").body, "two");
}

TEST(HealthChecks, GoOverTheUpstreamsTls) {
  const TempDir directory;
  const TestCa ca;
  const std::string ca_file = directory.write("ca.crt", ca.pem());
  const CertificateFiles files = ca.issue_files(directory, "app"), own = ca.issue_files(directory, "own");
  EndpointOptions options;
  options.tls = true;
  options.tls_options.cert_file = files.cert;
  options.tls_options.key_file = files.key;
  options.tls_options.client_ca_file = ca_file;
  ScriptableEndpoint endpoint(behave::ok(), options);
  const auto config = [&](const std::string& name) {
    ConfigText made = config_for(endpoint.address());
    made.app = quick_check + ", tls: { ca: \"" + ca_file + "\", server_name: " + name + ", cert: \"" +
               own.cert + "\", key: \"" + own.key + "\" }";
    return made;
  };
  WeirProcess weir(config("localhost"));
  wait_for_state(weir, endpoint.address(), "healthy");
  weir.reload(config("other.test"));
  wait_for_state(weir, endpoint.address(), "check_failed");
  weir.process().wait_for_error_text("is out: 3 checks failed in a row (TLS: ");
}

TEST(HealthChecks, AReloadKeepsWhatIsKnown) {
  ScriptableEndpoint bad(app(behave::status(500), "bad")), good(app(behave::ok(), "good"));
  ConfigText config = config_for({bad.address(), good.address()});
  config.app = quick_check;
  WeirProcess weir(config);
  wait_for_state(weir, bad.address(), "check_failed");
  wait_for_state(weir, good.address(), "healthy");
  for (const std::string& changed : {quick_check, std::string("health_check: { interval: 1h }")}) {
    config.app = changed;
    weir.reload(config);
    EXPECT_EQ(state_of(weir, bad.address()), "check_failed");
    EXPECT_EQ(state_of(weir, good.address()), "healthy");
  }
  for (int i = 0; i < 10; ++i) EXPECT_EQ(weir.get("/").body, "good");

  config.app = "";
  weir.reload(config);
  wait_for_state(weir, bad.address(), "healthy");  // no check says otherwise any more
  eventually("it takes requests", [&] { return weir.get("/").body == "bad"; });
}

TEST(HealthChecks, WhatAReloadAddsIsUnknownAndWhatItGivesAFirstCheckServesOn) {
  const auto gate = std::make_shared<Gate>();
  ScriptableEndpoint old(app(behave::gated(gate, behave::ok()), "old"));
  ScriptableEndpoint added(app(behave::gated(gate, behave::ok()), "added"));
  ConfigText config = config_for(old.address());
  WeirProcess weir(config);
  EXPECT_EQ(weir.get("/").body, "old");
  config.endpoints = {old.address(), added.address()};
  config.app = "health_check: { interval: 1h, timeout: 1h }";
  weir.reload(config);
  EXPECT_EQ(state_of(weir, old.address()), "healthy");
  EXPECT_EQ(state_of(weir, added.address()), "check_pending");
  for (int i = 0; i < 10; ++i) EXPECT_EQ(weir.get("/").body, "old");
  gate->open();
  wait_for_state(weir, added.address(), "healthy");
}

TEST(HealthChecks, WhatAReloadRemovesIsNotAskedAnyMore) {
  ScriptableEndpoint stays(behave::ok()), leaves(behave::hang());
  ConfigText config = config_for({stays.address(), leaves.address()});
  config.app = "health_check: { interval: 1h, timeout: 1h }";
  WeirProcess weir(config);
  leaves.wait_for_requests(1);
  config.endpoints = {stays.address()};
  weir.reload(config);
  leaves.wait_for_end();  // long before its timeout
  EXPECT_EQ(leaves.request_count(), 1U);
}

TEST(HealthChecks, TwoUpstreamsHaveTheirOwn) {
  ScriptableEndpoint endpoint(RequestBehaviour([](EndpointConnection& connection, const Request& request) {
    behave::status(request.target == "/good" ? 200 : 500)(connection, request);
  }));
  ConfigText config = config_for(endpoint.address());
  config.app = "health_check: { interval: 100ms, path: /good }";
  config.upstreams = {"other: { endpoints: [ \"" + endpoint.address() +
                      "\" ], health_check: { interval: 100ms, path: /bad } }"};
  WeirProcess weir(config);
  wait_for_state(weir, endpoint.address(), "check_failed", "other");
  wait_for_state(weir, endpoint.address(), "healthy", "app");
  EXPECT_EQ(weir.metric("weir_endpoint_up", "upstream=\"app\""), 1);
  EXPECT_EQ(weir.metric("weir_endpoint_up", "upstream=\"other\""), 0);
}

TEST(HealthChecks, PassingOnesDoNotEndAnEjection) {
  ScriptableEndpoint broken(RequestBehaviour([](EndpointConnection& connection, const Request& request) {
    behave::status(request.target == "/health" ? 200 : 503)(connection, request);
  }));
  ScriptableEndpoint good(behave::ok("good"));
  ConfigText config = config_for({broken.address(), good.address()});
  config.app = quick_check + ", passive_health: { consecutive_failures: 1, ejection_time: 1h }";
  WeirProcess weir(config);
  weir.wait_for_metric("weir_endpoint_up", "", 2);
  eventually("it is ejected", [&] {
    weir.get("/");
    return state_of(weir, broken.address()) == "ejected";
  });
  const double passed = weir.metric("weir_health_checks_total", checks(broken.address(), "passed"));
  eventually("checks go on passing", [&] {
    return weir.metric("weir_health_checks_total", checks(broken.address(), "passed")) >= passed + 4;
  });
  EXPECT_EQ(state_of(weir, broken.address()), "ejected");
}

TEST(HealthChecks, FollowAnOperatorsWord) {
  ScriptableEndpoint taken(app(behave::ok(), "taken")), other(app(behave::ok(), "other"));
  ConfigText config = config_for({taken.address(), other.address()});
  config.app = quick_check;
  WeirProcess weir(config);
  weir.wait_for_metric("weir_endpoint_up", "", 2);
  const auto say = [&](const std::string& state) {
    const std::string body = "{\"state\":\"" + state + "\"}";
    RawClient admin(weir.admin_port());
    admin.send("PUT /api/v1/upstreams/app/endpoints/" + taken.address() +
               " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
               body);
    EXPECT_EQ(admin.read_response("PUT").status, 200);
  };
  say("drain");
  EXPECT_EQ(state_of(weir, taken.address()), "drain");
  taken.wait_for_requests(taken.request_count() + 3);  // checks go on
  say("disabled");
  eventually("checks end", [&] { return taken.open_count() == 0; });
  const std::size_t asked = taken.request_count();
  other.wait_for_requests(other.request_count() + 3);
  EXPECT_EQ(taken.request_count(), asked);
  EXPECT_EQ(state_of(weir, taken.address()), "disabled");
  say("active");
  wait_for_state(weir, taken.address(), "healthy");
  eventually("it takes requests", [&] { return weir.get("/").body == "taken"; });
}

TEST(HealthChecks, AreShownWhereUsersLook) {
  ScriptableEndpoint endpoint(behave::status(503));
  ConfigText config = config_for(endpoint.address());
  config.app = quick_check;
  WeirProcess weir(config);
  wait_for_state(weir, endpoint.address(), "check_failed");
  const boost::json::object check = endpoint_report(weir, endpoint.address()).at("check").as_object();
  EXPECT_EQ(check.at("result"), "failed");
  EXPECT_EQ(check.at("detail"), "status 503");
  EXPECT_GE(check.at("in_a_row").to_number<int>(), 3);
  EXPECT_GT(check.at("ms").to_number<double>(), 0);
  EXPECT_TRUE(check.at("at").is_string());
  EXPECT_GT(weir.metric("weir_health_check_duration_seconds", of(endpoint.address())), 0);

  ProcessOptions status;
  status.arguments = {"status", "--admin", "127.0.0.1:" + std::to_string(weir.admin_port())};
  const Finished shown = run_to_end(weir_binary(), status);
  EXPECT_EQ(shown.status.code, 0) << shown.errors;
  EXPECT_THAT(shown.output, HasSubstr("LAST CHECK"));
  EXPECT_THAT(shown.output, ContainsRegex("failed +status 503 "));
  EXPECT_THAT(shown.output, HasSubstr("check_failed"));

  ProcessOptions explain;
  explain.arguments = {"explain", "-c", weir.config_file(), "GET", "http://127.0.0.1:80/"};
  EXPECT_THAT(
      run_to_end(weir_binary(), explain).output,
      HasSubstr("GET /health every 100ms, 100ms to answer with 200-399; out after 3 failed, back after 2 "
                "passed"));
}

TEST(HealthChecks, TheirThreadIsThereOnlyWhereItIsNeeded) {
  ScriptableEndpoint endpoint(behave::ok());
  ConfigText config = config_for(endpoint.address());
  WeirProcess weir(config);
  const auto threads = [&weir] {
    namespace fs = std::filesystem;
    const fs::path tasks = "/proc/" + std::to_string(weir.process().pid()) + "/task";
    return std::distance(fs::directory_iterator(tasks), fs::directory_iterator());
  };
  const auto before = threads();
  config.app = quick_check;
  weir.reload(config);
  endpoint.wait_for_requests(1);
  EXPECT_EQ(threads(), before + 1);
  EXPECT_EQ(weir.stop(), (ExitStatus{0, 0}));
}

TEST(HealthChecks, DoNotHoldUpTheEnd) {
  ScriptableEndpoint endpoint(behave::hang());
  ConfigText config = config_for(endpoint.address());
  config.app = "health_check: { interval: 1h, timeout: 1h }";
  WeirProcess weir(config);
  endpoint.wait_for_requests(1);
  EXPECT_EQ(weir.stop(), (ExitStatus{0, 0}));
}

}  // namespace
}  // namespace weir::testing
