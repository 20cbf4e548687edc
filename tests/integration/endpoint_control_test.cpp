// Operators take instances out for maintenance and put them back: `weir endpoint` and the admin address, with requests
// and tunnels under way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "support/behaviours.hpp"
#include "support/websocket_frames.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;
namespace json = boost::json;

ProcessOptions endpoint_command(const WeirProcess& weir, std::vector<std::string> arguments) {
  ProcessOptions options;
  options.arguments = {"endpoint"};
  options.arguments.insert(options.arguments.end(), arguments.begin(), arguments.end());
  options.arguments.push_back("--admin");
  options.arguments.push_back("127.0.0.1:" + std::to_string(weir.admin_port()));
  return options;
}

/// `weir endpoint ...` against that process.
Finished endpoint(const WeirProcess& weir, std::vector<std::string> arguments) {
  return run_to_end(weir_binary(), endpoint_command(weir, std::move(arguments)));
}

std::string path_of(const std::string& address, const std::string& upstream = "app") {
  return "/api/v1/upstreams/" + upstream + "/endpoints/" + address;
}

Response put(const WeirProcess& weir, const std::string& path, const std::string& body,
             const std::string& fields = "") {
  RawClient client(weir.admin_port());
  client.send("PUT " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + fields +
              "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  return client.read_response("PUT");
}

std::string state_of(const WeirProcess& weir, const std::string& address) {
  return std::string(weir.admin_json(path_of(address)).at("state").as_string());
}

bool all_are(const WeirProcess& weir, const std::string& body, int of = 20) {
  bool all = true;
  for (int i = 0; i < of; ++i) {
    const Response response = weir.get("/");
    all = all && response.status == 200 && response.body == body;
  }
  return all;
}

struct Pair {
  ScriptableEndpoint one{behave::ok("one")}, two{behave::ok("two")};
  ConfigText config() const { return config_for({one.address(), two.address()}); }
};

ConfigText ejecting_for_an_hour(const Pair& pair) {
  ConfigText config = pair.config();
  config.app = "passive_health: { consecutive_failures: 1, ejection_time: 1h, max_ejection_time: 1h }";
  return config;
}

void await_ejection(WeirProcess& weir, const ScriptableEndpoint& endpoint) {
  eventually("it is ejected", [&] {
    weir.get("/");
    return state_of(weir, endpoint.address()) == "ejected";
  });
}

TEST(EndpointControl, DrainWaitsForTheRequestThatRuns) {
  Pair pair;
  const auto gate = std::make_shared<Gate>();
  pair.one.behave(behave::gated(gate, behave::ok("slow")));
  WeirProcess weir(pair.config());
  std::vector<RawClient> clients;
  for (int i = 0; i < 2; ++i) {
    clients.push_back(weir.connect());
    clients.back().send_get("/");
  }
  pair.one.wait_for_requests(1);  // of two at once each endpoint gets one
  Process drain(weir_binary(), endpoint_command(weir, {"drain", "app", pair.one.address(), "--wait",
                                                       "--reason", "new kernel"}));
  drain.wait_for_error_text("waiting for app/" + pair.one.address() + ": 1 in flight, 0s of 5m");
  EXPECT_TRUE(all_are(weir, "two"));
  EXPECT_FALSE(drain.exited()) << "the request still runs";
  EXPECT_EQ(state_of(weir, pair.one.address()), "drain");
  gate->open();
  EXPECT_EQ(drain.wait_exit(), (ExitStatus{0, 0}));
  EXPECT_THAT(drain.transcript(), HasSubstr("app/" + pair.one.address() + ": drain, 0 in flight"));
  std::string bodies;
  for (RawClient& client : clients) bodies += client.read_response().body;
  EXPECT_THAT(bodies, HasSubstr("slow")) << "what ran was finished";
  EXPECT_EQ(pair.one.wait_for_end(0), StreamEvent::end) << "its connection is not kept";
  EXPECT_EQ(pair.one.request_count(), 1U);
}

TEST(EndpointControl, ATunnelCountsAsInFlight) {
  OriginProcess origin;
  WeirProcess weir(config_for(origin.address()));
  RawClient client = weir.connect();
  client.send_get("/ws", websocket_upgrade_fields);
  ASSERT_EQ(client.read_head().status, 101);
  const Finished late = endpoint(weir, {"drain", "app", origin.address(), "--wait", "--timeout", "150ms"});
  EXPECT_EQ(late.status, (ExitStatus{1, 0}));
  EXPECT_THAT(late.errors, HasSubstr("still 1 in flight after 150ms; it stays in state drain"));
  const std::string payload = "still here";
  client.send(masked_frame(0x82, payload));
  EXPECT_EQ(client.read_exactly(plain_frame(0x82, payload).size()), plain_frame(0x82, payload));
  Process drain(weir_binary(), endpoint_command(weir, {"drain", "app", origin.address(), "--wait"}));
  drain.wait_for_error_text("1 in flight");
  client.close();
  EXPECT_EQ(drain.wait_exit(), (ExitStatus{0, 0})) << drain.transcript();
}

TEST(EndpointControl, KeptConnectionsAreClosedOnAllWorkers) {
  Pair pair;
  WeirProcess weir(pair.config());
  std::vector<RawClient> clients;
  for (int i = 0; i < 16; ++i) {
    clients.push_back(weir.connect());
    clients.back().get("/");
  }
  EXPECT_GE(pair.one.open_count(), 1U);
  ASSERT_EQ(endpoint(weir, {"disable", "app", pair.one.address()}).status, (ExitStatus{0, 0}));
  EXPECT_EQ(weir.metric("weir_upstream_connections", "endpoint=\"" + pair.one.address() + "\""), 0);
  eventually("its connections are closed", [&] { return pair.one.open_count() == 0; });
  EXPECT_EQ(state_of(weir, pair.one.address()), "disabled");
  for (RawClient& client : clients) EXPECT_EQ(client.get("/").body, "two");
}

TEST(EndpointControl, AnOperatorsWordHoldsWhereNothingElseIsLeft) {
  Pair pair;
  WeirProcess weir(pair.config());
  ASSERT_EQ(endpoint(weir, {"drain", "app", pair.one.address()}).status, (ExitStatus{0, 0}));
  EXPECT_EQ(weir.admin_json("/health").at("status"), "degraded");
  ASSERT_EQ(endpoint(weir, {"disable", "app", pair.two.address()}).status, (ExitStatus{0, 0}));
  EXPECT_EQ(weir.admin("/health").status, 503);
  EXPECT_EQ(weir.metric("weir_endpoint_up"), 0);
  const std::size_t before = pair.one.request_count() + pair.two.request_count();
  for (int i = 0; i < 10; ++i) {
    const Response refused = weir.get("/");
    EXPECT_EQ(refused.status, 503);
    EXPECT_EQ(refused.fields.get("Proxy-Status"),
              "weir; error=destination_unavailable; details=\"operators took every endpoint out of use\"");
  }
  EXPECT_EQ(pair.one.request_count() + pair.two.request_count(), before);
  EXPECT_EQ(weir.access_log(10)[0].at("reason"), "no_endpoint");
  ASSERT_EQ(endpoint(weir, {"enable", "app", pair.two.address()}).status, (ExitStatus{0, 0}));
  EXPECT_TRUE(all_are(weir, "two"));
  EXPECT_EQ(weir.metric("weir_endpoint_up"), 1);
  ASSERT_EQ(endpoint(weir, {"enable", "app", pair.one.address()}).status, (ExitStatus{0, 0}));
  EXPECT_EQ(weir.admin_json("/health").at("status"), "healthy");
}

TEST(EndpointControl, AFailureIsNotTriedAgainWhereAnOperatorTookTheRestOut) {
  Pair pair;
  pair.two.behave(behave::status(503));
  ConfigText config = pair.config();
  config.app = "retry: { attempts: 1, on: [ 503 ] }";
  WeirProcess weir(config);
  ASSERT_EQ(put(weir, path_of(pair.one.address()), R"({"state":"drain"})").status, 200);
  const Response response = weir.get("/");
  EXPECT_EQ(response.status, 503);
  EXPECT_FALSE(response.fields.has("Proxy-Status")) << "the endpoint's own answer";
  EXPECT_EQ(pair.one.request_count(), 0U);
}

TEST(EndpointControl, ASideThatIsTakenOutFailsOver) {
  Pair pair;
  ConfigText config = config_for(pair.one.address());
  config.app = "passive_health: { ejection_time: 20ms }";
  config.upstreams = {"green: { endpoints: [ \"" + pair.two.address() + "\" ] }"};
  config.default_route = false;
  config.routes = {
      "{ name: api, split: { targets: [ { upstream: app, weight: 99 }, { upstream: green, weight: 1 } ] } }"};
  WeirProcess weir(config);
  ASSERT_EQ(put(weir, path_of(pair.one.address()), R"({"state":"drain"})").status, 200);
  const Deadline several_trials(std::chrono::milliseconds(150));
  while (!several_trials.has_passed()) ASSERT_TRUE(all_are(weir, "two", 5)) << "it is not tried either";
  EXPECT_EQ(weir.access_log(1)[0].at("split").at("why"), "failover");
}

TEST(EndpointControl, AReloadKeepsWhatAnOperatorSaid) {
  Pair pair;
  WeirProcess weir(pair.config());
  ASSERT_EQ(put(weir, path_of(pair.one.address()), R"({"state":"drain","reason":"disk","who":"ada"})").status,
            200);
  weir.reload(pair.config());
  EXPECT_TRUE(all_are(weir, "two"));
  ConfigText over_tls = pair.config();
  over_tls.app = "tls: { verify: false }";  // other connections, so its health begins anew
  weir.reload(over_tls);
  const json::value shown = weir.admin_json(path_of(pair.one.address()));
  EXPECT_EQ(shown.at("state"), "drain");
  EXPECT_EQ(shown.at("taken_out").at("reason"), "disk");
  EXPECT_EQ(shown.at("taken_out").at("who"), "ada from 127.0.0.1");
  weir.reload(pair.config());
  EXPECT_TRUE(all_are(weir, "two"));

  weir.reload(config_for(pair.two.address()));
  weir.process().wait_for_error_text("app/" + pair.one.address() + " left the configuration; forgotten");
  EXPECT_EQ(weir.admin_json("/api/v1/audit").at("audit").at(0).at("action"), "endpoint_forgotten");
  weir.reload(pair.config());
  EXPECT_EQ(state_of(weir, pair.one.address()), "healthy");
}

TEST(EndpointControl, EnablingEndsAnEjection) {
  Pair pair;
  pair.one.behave(behave::reset());
  ConfigText config = ejecting_for_an_hour(pair);
  WeirProcess weir(config);
  await_ejection(weir, pair.one);
  pair.one.behave(behave::ok("one"));
  const std::string name = "app/" + pair.one.address();
  const Finished enabled = endpoint(weir, {"enable", "app", pair.one.address(), "--reason", "mended"});
  EXPECT_EQ(enabled.status, (ExitStatus{0, 0})) << enabled.errors;
  EXPECT_EQ(state_of(weir, pair.one.address()), "healthy");
  EXPECT_FALSE(all_are(weir, "two"));
  weir.process().wait_for_error_text("put " + name + " back into use: its ejection ends, by ");
  EXPECT_THAT(weir.process().error_text(), HasSubstr(": mended"));
  EXPECT_EQ(weir.admin_json("/api/v1/audit").at("audit").at(0).at("reason"), "mended");
}

TEST(EndpointControl, AReloadWithoutPassiveHealthEndsEjections) {
  Pair pair;
  pair.one.behave(behave::reset());
  ConfigText config = ejecting_for_an_hour(pair);
  WeirProcess weir(config);
  await_ejection(weir, pair.one);
  config.app = "passive_health: { consecutive_failures: 1, ejection_time: 1s, max_ejection_time: 2s }";
  weir.reload(config);
  weir.process().wait_for_error_text("is tried again sooner: max_ejection_time is shorter now");
  EXPECT_EQ(state_of(weir, pair.one.address()), "ejected");
  config.app = "passive_health: { consecutive_failures: 0 }";
  weir.reload(config);
  EXPECT_EQ(state_of(weir, pair.one.address()), "healthy");
  weir.process().wait_for_error_text("is back: passive health is off");
}

TEST(EndpointControl, TheAuditSaysWhoAndWhy) {
  Pair pair;
  const TempDir state;
  ConfigText config = pair.config();
  config.server += ", state_dir: \"" + state.path().string() + "\"";
  WeirProcess weir(config);
  ASSERT_EQ(endpoint(weir, {"drain", "app", pair.one.address(), "--reason", "new kernel"}).status,
            (ExitStatus{0, 0}));
  ASSERT_EQ(endpoint(weir, {"enable", "app", pair.one.address()}).status, (ExitStatus{0, 0}));
  const auto audit = weir.admin_json("/api/v1/audit").at("audit").as_array();
  ASSERT_EQ(audit.size(), 2U);
  EXPECT_EQ(audit[1].at("action"), "endpoint_set");
  EXPECT_EQ(audit[1].at("upstream"), "app");
  EXPECT_EQ(audit[1].at("endpoint").as_string(), pair.one.address());
  EXPECT_EQ(audit[1].at("before"), "active");
  EXPECT_EQ(audit[1].at("after"), "drain");
  EXPECT_EQ(audit[1].at("reason"), "new kernel");
  EXPECT_THAT(std::string(audit[1].at("who").as_string()), HasSubstr("from 127.0.0.1"));
  EXPECT_EQ(audit[0].at("after"), "active");
  std::ifstream file(state.file("audit.jsonl"));
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  EXPECT_EQ(std::ranges::count(text, '\n'), 2);
  weir.process().wait_for_error_text("took app/" + pair.one.address() + " out of use: draining, by ");
  weir.process().wait_for_error_text("put app/" + pair.one.address() + " back into use, by ");
}

TEST(EndpointControl, StatusShowsWhoTookItOut) {
  Pair pair;
  WeirProcess weir(pair.config());
  ASSERT_EQ(endpoint(weir, {"drain", "app", pair.one.address(), "--reason", "disk"}).status,
            (ExitStatus{0, 0}));
  ProcessOptions options;
  options.arguments = {"status", "--admin", "127.0.0.1:" + std::to_string(weir.admin_port())};
  const Finished status = run_to_end(weir_binary(), options);
  EXPECT_THAT(status.output, HasSubstr("app/" + pair.one.address() + ": drain since "));
  EXPECT_THAT(status.output, HasSubstr(": disk\n"));
}

TEST(EndpointControl, RefusalsChangeNothingAndSayWhatWouldBeRight) {
  Pair pair;
  ConfigText config = pair.config();
  config.admin += ", token: s3cret-s3cret-s3cret";
  WeirProcess weir(config);
  const std::string token = "Authorization: Bearer s3cret-s3cret-s3cret\r\n";
  const std::string drain = R"({"state":"drain"})";
  EXPECT_EQ(put(weir, path_of(pair.one.address()), drain).status, 401);
  Response response = put(weir, path_of(pair.one.address(), "web"), drain, token);
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.fields.get("Content-Type"), "application/problem+json");
  EXPECT_THAT(response.body, HasSubstr("no upstream is named 'web'; there are: app"));
  for (const char* address : {"127.0.0.1:1", "localhost", "%", "%5B::1%5D:80"}) {
    response = put(weir, path_of(address), drain, token);
    EXPECT_EQ(response.status, 404) << address;
    EXPECT_THAT(response.body,
                HasSubstr("its endpoints are: " + pair.one.address() + " and " + pair.two.address()));
  }
  response = put(weir, path_of(pair.one.address()), R"({"state":"gone"})", token);
  EXPECT_EQ(response.status, 422);
  EXPECT_THAT(response.body, HasSubstr(R"(must be \"active\", \"drain\" or \"disabled\")"));
  EXPECT_EQ(put(weir, path_of(pair.one.address()), "nonsense", token).status, 422);
  EXPECT_EQ(weir.admin(path_of("127.0.0.1:1")).status, 404);
  EXPECT_EQ(state_of(weir, pair.one.address()), "healthy");
  EXPECT_TRUE(weir.admin_json("/api/v1/audit").at("audit").as_array().empty());

  const Finished unknown = endpoint(weir, {"drain", "app", "127.0.0.1:1", "--token", "s3cret-s3cret-s3cret"});
  EXPECT_EQ(unknown.status, (ExitStatus{1, 0}));
  EXPECT_THAT(unknown.errors, HasSubstr(pair.two.address()));
  EXPECT_EQ(endpoint(weir, {"drain", "app", pair.one.address()}).status, (ExitStatus{1, 0})) << "no token";
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{},
        {"drain"},
        {"drain", "app"},
        {"stop", "app", pair.one.address()},
        {"drain", "app", pair.one.address(), "--timeout", "5m"},
        {"drain", "app", pair.one.address(), "--wait", "--timeout", "soon"},
        {"enable", "app", pair.one.address(), "--wait"}}) {
    EXPECT_EQ(endpoint(weir, arguments).status, (ExitStatus{2, 0})) << ::testing::PrintToString(arguments);
  }
}

TEST(EndpointControl, ANamesAddressesAreEachTheirOwn) {
  ScriptableEndpoint app(behave::ok("app"));
  WeirProcess weir(config_for("localhost:" + std::to_string(app.port())));
  EXPECT_THAT(put(weir, path_of("localhost:" + std::to_string(app.port())), R"({"state":"drain"})").body,
              HasSubstr(app.address()));
  const Finished drained = endpoint(weir, {"drain", "app", app.address(), "--json"});
  EXPECT_EQ(drained.status, (ExitStatus{0, 0})) << drained.errors;
  EXPECT_EQ(json::parse(drained.output).at("state"), "drain");
}

// Whatever four clients do meanwhile: when the endpoint was seen drained, nothing more comes, and no client notices.
TEST(EndpointControl, UnderLoadNothingFailsAndNothingSlipsThrough) {
  Pair pair;
  WeirProcess weir(pair.config());
  std::atomic<bool> stop{false};
  std::atomic<int> failed{0};
  std::vector<std::thread> clients;
  clients.reserve(4);
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      RawClient client = weir.connect();
      while (!stop) failed += client.get("/").status == 200 ? 0 : 1;
    });
  }
  const auto in_flight = [&](const json::value& endpoint) {
    return endpoint.at("in_flight").to_number<std::uint64_t>();
  };
  for (int round = 0; round < 30; ++round) {
    const ScriptableEndpoint& out = round % 2 == 0 ? pair.one : pair.two;
    const std::string path = path_of(out.address());
    const char* const wanted = round % 3 == 0 ? R"({"state":"disabled"})" : R"({"state":"drain"})";
    EXPECT_EQ(put(weir, path, wanted).status, 200);
    eventually("nothing is in flight", [&] { return in_flight(weir.admin_json(path)) == 0; });
    const std::size_t seen = out.request_count();
    if (round % 5 == 0) weir.reload(pair.config());
    for (int i = 0; i < 10; ++i) weir.get("/");
    EXPECT_EQ(out.request_count(), seen);
    EXPECT_EQ(put(weir, path, R"({"state":"active"})").status, 200);
  }
  stop = true;
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(failed, 0);
}

}  // namespace
}  // namespace weir::testing
