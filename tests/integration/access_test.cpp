// Access lists, max_in_flight and connections_per_client on the wire: who is refused, how, and that exactly those are.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "support/behaviours.hpp"
#include "support/websocket_frames.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;

std::string from(const std::string& client) {
  return "X-Forwarded-For: " + client + "\r\n";
}

TEST(Access, TheClientBehindATrustedProxyIsAskedAbout) {
  ScriptableEndpoint endpoint(behave::ok());
  ConfigText config = config_for(endpoint.address());
  config.trusted_proxies = "127.0.0.0/8";
  config.access =
      "office: { allow: [10.0.0.0/8, \"2001:db8::/32\"], deny: [10.66.0.0/16] }, abuse: { deny: "
      "[10.1.2.0/24] }";
  config.route = "access: [office, abuse]";
  WeirProcess weir(config);
  RawClient client = weir.connect();
  for (const char* admitted : {"10.1.1.1", "10.65.255.255", "2001:db8::7"}) {
    EXPECT_EQ(client.get("/", from(admitted)).status, 200) << admitted;
  }
  const std::pair<const char*, const char*> refused[] = {{"10.66.0.1", "office"},
                                                         {"192.0.2.1", "office"},
                                                         {"2001:db9::1", "office"},
                                                         {"10.1.2.3", "abuse"},
                                                         {"10.1.1.1, 10.66.0.1", "office"}};
  for (const auto& [forwarded, list] : refused) {
    const Response response = client.get("/", from(forwarded));  // on the same connection
    EXPECT_EQ(response.status, 403) << forwarded;
    EXPECT_EQ(
        response.fields.get("Proxy-Status"),
        "weir; error=http_request_denied; details=\"refused by access list " + std::string(list) + "\"");
  }
  EXPECT_EQ(client.get("/").status, 403) << "the proxy itself is no client";
  EXPECT_EQ(endpoint.request_count(), 3U);
  const auto log = weir.access_log(9);
  EXPECT_EQ(log[3].at("reason"), "access_denied");
  EXPECT_EQ(log[3].at("status"), 403);
  EXPECT_EQ(log[3].at("route"), "all");
  EXPECT_EQ(log[3].at("client_ip"), "10.66.0.1");
  EXPECT_FALSE(log[3].contains("endpoint"));
  EXPECT_EQ(weir.metric("weir_requests_refused_total", "reason=\"access_denied\""), 6);
}

TEST(Access, OtherPeersAreNotTrusted) {
  OriginProcess origin;
  ConfigText config = config_for(origin.address());
  config.access = "office: { allow: [10.0.0.0/8] }, local: { allow: [127.0.0.1] }";
  config.routes = {
      "{ name: admin, match: { path_prefix: /admin }, respond: { status: 204 }, access: [office] }",
      "{ name: local, match: { path_prefix: /local }, respond: { status: 204 }, access: [local] }"};
  WeirProcess weir(config);
  RawClient client = weir.connect();
  EXPECT_EQ(client.get("/admin", from("10.1.1.1")).status, 403);
  EXPECT_EQ(client.get("/local", from("10.1.1.1")).status, 204);
  EXPECT_EQ(client.get("/").status, 200) << "a route without lists admits all clients";
}

TEST(Access, IsCheckedBeforeTheBodyIsRead) {
  ScriptableEndpoint endpoint(behave::ok());
  ConfigText config = config_for(endpoint.address());
  config.access = "office: { allow: [10.0.0.0/8] }";
  config.route = "access: [office]";
  WeirProcess weir(config);
  RawClient client = weir.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_response("POST").status, 403);
  EXPECT_EQ(endpoint.connection_count(), 0U);
}

TEST(Access, AReloadTakesOver) {
  OriginProcess origin;
  ConfigText config = config_for(origin.address());
  config.access = "list: { deny: [127.0.0.0/8] }";
  config.route = "access: [list]";
  WeirProcess weir(config);
  RawClient client = weir.connect();
  EXPECT_EQ(client.get("/").status, 403);
  config.access = "list: { deny: [127.0.0.0/8], allow: [127.0.0.1] }";
  weir.reload(config);
  EXPECT_EQ(client.get("/").status, 200);
}

TEST(MaxInFlight, IsExactOverTwoWorkers) {
  auto gate = std::make_shared<Gate>();
  ScriptableEndpoint endpoint(behave::gated(gate, behave::ok()));
  ConfigText config = config_for(endpoint.address());
  config.route = "max_in_flight: 5";
  config.routes = {"{ name: free, match: { path: /free }, respond: { status: 204 } }"};
  WeirProcess weir(config);
  constexpr int clients = 20;  // enough connections for both workers to have some
  std::vector<RawClient> all;
  all.reserve(clients);
  for (int i = 0; i < clients; ++i) all.push_back(weir.connect());
  for (RawClient& client : all) client.send_get("/");
  // Fifteen are answered at once; which ones is a race, how many is not.
  weir.wait_for_metric("weir_requests_refused_total", "reason=\"max_in_flight\"", clients - 5);
  endpoint.wait_for_requests(5);
  EXPECT_EQ(weir.get("/free").status, 204) << "another route is not concerned";
  gate->open();
  int admitted = 0;
  for (RawClient& client : all) {
    const Response response = client.read_response();
    if (response.status == 200) {
      ++admitted;
      continue;
    }
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(response.fields.get("Retry-After"), "1");
    EXPECT_THAT(response.fields.get("Proxy-Status"),
                HasSubstr("weir; error=connection_limit_reached; details="));
  }
  EXPECT_EQ(admitted, 5);
  EXPECT_EQ(endpoint.request_count(), 5U);
  // Every place came back, and the connections of those who were refused are still good.
  for (RawClient& client : all) EXPECT_EQ(client.get("/").status, 200);
  const auto log = weir.access_log(2 * clients + 1);
  const auto refused = std::count_if(log.begin(), log.end(), [](const auto& line) {
    return line.contains("reason") && line.at("reason") == "max_in_flight" && line.at("status") == 503;
  });
  EXPECT_EQ(refused, clients - 5);
}

TEST(MaxInFlight, APlaceComesBackWhicheverWayARequestEnds) {
  ScriptableEndpoint endpoint(behave::sequence(
      {behave::reset(), behave::respond("nonsense\r\n\r\n"), behave::status(503), behave::hang()}));
  ConfigText config = config_for(endpoint.address());
  config.app =
      "retry: { attempts: 0 }, passive_health: { consecutive_failures: 0 }, timeouts: { response: 200ms }";
  config.route = "max_in_flight: 1";
  WeirProcess weir(config);
  RawClient client = weir.connect();  // one connection: the next request is read after the place came back
  for (const int status : {502, 502, 503, 504}) EXPECT_EQ(client.get("/").status, status);
  EXPECT_EQ(weir.metric("weir_requests_refused_total"), 0);
}

TEST(MaxInFlight, AClientThatLeavesGivesItsPlaceBack) {
  auto gate = std::make_shared<Gate>();
  ScriptableEndpoint endpoint(behave::gated(gate, behave::ok()));
  ConfigText config = config_for(endpoint.address());
  config.route = "max_in_flight: 1";
  WeirProcess weir(config);
  RawClient leaving = weir.connect();
  leaving.send_get("/");
  endpoint.wait_for_requests(1);
  EXPECT_EQ(weir.get("/").status, 503);
  leaving.close();
  gate->open();
  eventually("the place is free", [&] { return weir.get("/").status == 200; });
}

TEST(MaxInFlight, ATunnelHoldsItsPlaceWhileItIsOpen) {
  OriginProcess origin;
  ConfigText config = config_for(origin.address());
  config.route = "max_in_flight: 1";
  WeirProcess weir(config);
  RawClient tunnel = weir.connect();
  tunnel.send_get("/ws", websocket_upgrade_fields);
  ASSERT_EQ(tunnel.read_head().status, 101);
  EXPECT_EQ(weir.get("/").status, 503);
  // Over a reload too, as long as the route keeps its name.
  config.routes = {"{ name: extra, match: { path: /extra }, upstream: app }"};
  weir.reload(config);
  EXPECT_EQ(weir.get("/").status, 503);
  EXPECT_EQ(weir.get("/extra").status, 200);
  tunnel.close();
  eventually("the place is free", [&] { return weir.get("/").status == 200; });
}

/// Whether a connection is served, as opposed to closed at once.
bool is_served(RawClient& client) {
  client.send_get("/");
  try {
    return client.read_response().status == 200;
  } catch (const TestFailure&) {
    return false;
  }
}

TEST(ConnectionsPerClient, PastTheLimitTheyAreRefused) {
  OriginProcess origin;
  ConfigText config = config_for(origin.address());
  config.http = "limits: { connections_per_client: 3 }";
  config.listeners = {"other: { address: \"127.0.0.1:0\" }"};
  WeirProcess weir(config);
  std::vector<RawClient> held;
  for (int i = 0; i < 3; ++i) {
    held.push_back(weir.connect());
    EXPECT_TRUE(is_served(held.back())) << i;
  }
  for (int i = 0; i < 4; ++i) {
    RawClient more = weir.connect();
    const Response refusal = more.read_response();
    EXPECT_EQ(refusal.status, 503) << i;
    EXPECT_THAT(refusal.fields.get("Proxy-Status"), ::testing::HasSubstr("limits.connections_per_client"));
    EXPECT_EQ(more.read_to_end().event, StreamEvent::end);
  }
  EXPECT_EQ(weir.metric("weir_connections_refused_total", "reason=\"connections_per_client\""), 4);
  RawClient elsewhere = weir.connect("other");
  EXPECT_TRUE(is_served(elsewhere));
  // The place of one that closes is free again.
  held.front().close();
  eventually("the place is free", [&] {
    RawClient again = weir.connect();
    return is_served(again);
  });
  EXPECT_TRUE(is_served(held.back()));
}

TEST(ConnectionsPerClient, ThePlaceIsFreeWhenTheClientSeesTheEnd) {
  OriginProcess origin;
  ConfigText config = config_for(origin.address());
  config.http = "limits: { connections_per_client: 1 }";
  WeirProcess weir(config);
  for (int i = 0; i < 200; ++i) {
    RawClient client = weir.connect();
    client.send_get("/", "Connection: close\r\n");
    ASSERT_EQ(client.read_response().status, 200) << i;
    ASSERT_EQ(client.read_to_end().event, StreamEvent::end);
  }
  EXPECT_EQ(weir.metric("weir_connections_refused_total"), 0);
}

TEST(ConnectionsPerClient, BehindABalancerTheProxyHeaderCounts) {
  OriginProcess origin;
  ConfigText config = config_for(origin.address());
  config.trusted_proxies = "127.0.0.0/8";
  config.http = "proxy_protocol: required, limits: { connections_per_client: 1 }";
  WeirProcess weir(config);
  const auto connect_as = [&](const std::string& client) {
    RawClient made = weir.connect();
    made.send("PROXY TCP4 " + client + " 10.0.0.1 12345 80\r\n");
    return made;
  };
  RawClient one = connect_as("198.51.100.7"), other = connect_as("198.51.100.8");
  EXPECT_TRUE(is_served(one));
  EXPECT_TRUE(is_served(other));
  RawClient again = connect_as("198.51.100.7");
  EXPECT_FALSE(is_served(again));
}

}  // namespace
}  // namespace weir::testing
