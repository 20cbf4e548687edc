// A process with few descriptors: it takes no more connections than it can serve, and when it runs out all the same
// that is no failure of an endpoint, and it passes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/behaviours.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr unsigned descriptors = 256;
constexpr std::size_t connections_that_fit = 192;  // three quarters

std::unique_ptr<WeirProcess> start(const ConfigText& config) {
  WeirProcess::Options options;
  options.descriptors_max = descriptors;
  return std::make_unique<WeirProcess>(config.yaml(), options);
}

bool serves(const WeirProcess& weir) {
  RawClient client = weir.connect();
  client.send_get("/", "Connection: close\r\n");
  return client.read_to_end().bytes.starts_with("HTTP/1.1 200 ");
}

TEST(Descriptors, TheConnectionCapIsLoweredToWhatFits) {
  OriginProcess origin;
  ConfigText config = config_for(origin.address());
  config.server = "workers: 1, max_connections: 1000";
  const auto weir = start(config);
  weir->process().wait_for_error_text(
      "server.max_connections 1000 does not fit 256 descriptors: 192 connections");
  {
    std::vector<RawClient> crowd;
    for (int i = 0; i < 250; ++i) {
      crowd.emplace_back(weir->port());
      crowd.back().send("GET / HTTP/1.1\r\n");  // the beginning: who idles would make room for others
    }
    eventually("the crowd has been seen", [&] {
      return weir->metric("weir_connections_total") + weir->metric("weir_connections_refused_total") == 250;
    });
    EXPECT_EQ(weir->metric("weir_connections_total"), connections_that_fit);
    EXPECT_EQ(weir->admin("/health/ready").status, 200);
    crowd[0].send("Host: a\r\n\r\n");
    EXPECT_EQ(crowd[0].read_response().status, 200);  // those who are in are served
    EXPECT_THAT(crowd.back().read_to_end().bytes, StartsWith("HTTP/1.1 503 "));
  }
  eventually("it serves again", [&] { return serves(*weir); });
  EXPECT_EQ(weir->stop(), (ExitStatus{0, 0}));
}

TEST(Descriptors, ACapThatFitsIsLeftAlone) {
  ConfigText config = config_for("127.0.0.1:1");
  config.server = "workers: 1, max_connections: 192";
  const auto weir = start(config);
  EXPECT_EQ(weir->process().error_text().find("does not fit"), std::string::npos);
}

TEST(Descriptors, RunningOutOfThemIsNoEndpointsFaultAndPasses) {
  const auto gate = std::make_shared<Gate>();
  ScriptableEndpoint one(behave::gated(gate, behave::ok())), two(behave::gated(gate, behave::ok()));
  ConfigText config = config_for({one.address(), two.address()});
  config.server = "workers: 1";
  config.app = "passive_health: { consecutive_failures: 1 }";
  const auto weir = start(config);
  // Below the point where answers end keep-alive for the number of connections alone.
  constexpr std::size_t crowd = connections_that_fit * 85 / 100;
  std::vector<RawClient> clients;
  for (std::size_t i = 0; i < crowd; ++i) clients.push_back(weir->connect());
  eventually("all are accepted", [&] { return weir->metric("weir_connections_total", "listener") >= crowd; });
  // There is no room for as many connections to endpoints.
  for (RawClient& client : clients) client.send_get("/");
  const auto answered = [&] { return weir->metric("http_requests_total", "status=\"503\""); };
  const auto waiting = [&] { return weir->metric("http_requests_in_flight"); };
  eventually("all have been tried", [&] { return answered() + waiting() == crowd; });
  EXPECT_GT(answered(), 0);
  EXPECT_GT(waiting(), 0);
  weir->process().wait_for_error_text("overload: descriptors");
  EXPECT_EQ(weir->admin("/health/ready").status, 200);  // its descriptors are its own

  gate->open();
  std::size_t served = 0, refused = 0;
  for (RawClient& client : clients) {
    const Response response = client.read_response();
    ++(response.status == 200 ? served : refused);
    if (response.status == 200) continue;
    EXPECT_EQ(response.status, 503);
    EXPECT_THAT(response.fields.get("Proxy-Status"), HasSubstr("error=proxy_internal_error"));
  }
  EXPECT_GT(served, 0U);
  EXPECT_GT(refused, 0U);
  EXPECT_EQ(weir->admin("/health/ready").status, 200);
  clients.clear();
  eventually("the clients are gone", [&] { return weir->metric("weir_connections", "listener") == 0; });
  weir->wait_for_metric("weir_overload_state", "", 0);
  eventually("it serves again", [&] { return serves(*weir); });
  EXPECT_EQ(weir->metric("weir_ejections_total"), 0);
  EXPECT_EQ(weir->process().error_text().find("ejected"), std::string::npos);
}

TEST(Descriptors, IdleEndpointConnectionsMakeRoomForOthers) {
  const auto gate = std::make_shared<Gate>();
  ScriptableEndpoint first(behave::gated(gate, behave::ok())), second(behave::ok());
  ConfigText config = config_for(first.address());
  config.server = "workers: 1";
  config.upstreams = {"other: { endpoints: [ \"" + second.address() + "\" ] }"};
  config.routes = {"{ name: other, match: { path_prefix: /other }, upstream: other }"};
  const auto weir = start(config);
  constexpr std::size_t crowd = 80;  // as many connections idle to the first endpoint then
  std::vector<RawClient> clients;
  for (std::size_t i = 0; i < crowd; ++i) {
    clients.push_back(weir->connect());
    clients.back().send_get("/");
  }
  eventually("all wait", [&] { return first.request_count() == crowd; });
  gate->open();
  for (RawClient& client : clients) EXPECT_EQ(client.read_response().status, 200);
  eventually("its connections idle",
             [&] { return weir->metric("weir_upstream_connections", "state=\"idle\"") == crowd; });
  std::vector<RawClient> more;
  constexpr std::size_t others = 60;
  for (std::size_t i = 0; i < others; ++i) {
    more.push_back(weir->connect());
    more.back().send_get("/other");
    EXPECT_EQ(more.back().read_response().status, 200) << i;
  }
  EXPECT_EQ(weir->metric("http_requests_total", "status=\"503\""), 0);
}

}  // namespace
}  // namespace weir::testing
