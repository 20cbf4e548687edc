// Endpoints that have names, against a DNS server whose answers change: what comes and goes changes only itself, and
// what fails changes nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "support/behaviours.hpp"
#include "support/dns_server.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

/// Endpoints on 127.0.0.1, 127.0.0.2 ... that share one port, as the addresses of one name do.
class Instances {
 public:
  explicit Instances(int count) {
    constexpr int tries_max = 20;
    for (int i = 0; i < tries_max && endpoints_.size() < static_cast<std::size_t>(count); ++i)
      try_port(count);
    if (endpoints_.empty()) throw TestFailure("no port is free on all addresses");
  }

  ScriptableEndpoint& operator[](int index) { return *endpoints_[static_cast<std::size_t>(index)]; }
  static std::string ip(int index) { return "127.0.0." + std::to_string(index + 1); }
  std::string at(const std::string& name) const { return name + ':' + std::to_string(endpoints_[0]->port()); }

 private:
  void try_port(int count) {
    endpoints_.clear();
    EndpointOptions options;
    try {
      for (int i = 0; i < count; ++i) {
        options.ip = ip(i);
        endpoints_.push_back(std::make_unique<ScriptableEndpoint>(behave::ok(std::to_string(i)), options));
        options.port = endpoints_[0]->port();
      }
    } catch (const TestFailure&) {
      endpoints_.clear();
    }
  }

  std::vector<std::unique_ptr<ScriptableEndpoint>> endpoints_;
};

ConfigText config_with(const DnsServer& dns, const std::string& endpoint, const std::string& more = "") {
  ConfigText config = config_for(endpoint);
  config.server += ", resolver: { servers: [\"" + dns.address() +
                   "\"], min_ttl: 100ms, timeout: 200ms, tries: 1" + more + " }";
  return config;
}

std::vector<std::string> endpoints_of(const WeirProcess& weir, const std::string& field = "address") {
  std::vector<std::string> texts;
  const auto reports = weir.admin_json("/api/v1/upstreams");
  for (const auto& endpoint : reports.at("upstreams").as_array().at(0).at("endpoints").as_array()) {
    texts.emplace_back(endpoint.at(field).as_string());
  }
  return texts;
}

/// Every worker uses the endpoints that the admin address shows: a scrape asks them after it.
void wait_for_endpoints(const WeirProcess& weir, const std::vector<std::string>& labels) {
  eventually("the endpoints", [&] { return endpoints_of(weir) == labels; });
  (void)weir.metric("weir_config_generation");
}

TEST(Names, AnAddressIsAnEndpointFromTheFirstRequestOn) {
  DnsServer dns;
  Instances instances(2);
  dns.set("app.test", {instances.ip(0), instances.ip(1)});
  WeirProcess weir(config_with(dns, instances.at("app.test")));
  EXPECT_EQ(weir.get("/").status, 200);
  EXPECT_THAT(endpoints_of(weir), ElementsAre(instances.at("127.0.0.1"), instances.at("127.0.0.2")));
  EXPECT_EQ(weir.metric("weir_dns_name_addresses", "name=\"app.test\""), 2);
  EXPECT_GE(weir.metric("weir_dns_lookups_total", "result=\"answered\""), 1);
}

TEST(Names, ANameWithoutAnAddressIsAnEndpointThatIsDown) {
  DnsServer dns;
  Instances instances(1);
  const std::string label = instances.at("ghost.test");
  WeirProcess weir(config_with(dns, label));
  const Response refused = weir.get("/");
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.fields.get("Proxy-Status"), HasSubstr("error=dns_error"));
  EXPECT_THAT(endpoints_of(weir), ElementsAre(label));
  EXPECT_THAT(endpoints_of(weir, "state"), ElementsAre("unresolved"));
  EXPECT_EQ(weir.metric("weir_endpoint_up", "endpoint=\"" + label + "\""), 0);
  const auto health = boost::json::parse(weir.admin("/health").body);
  EXPECT_EQ(health.at("status").as_string(), "unhealthy");
  EXPECT_EQ(health.at("upstreams").at("app").at("total").as_int64(), 1);
  EXPECT_EQ(health.at("upstreams").at("app").at("healthy").as_int64(), 0);
  EXPECT_EQ(weir.admin("/health/ready").status, 200) << "the other routes work";
  weir.process().wait_for_error_text("cannot resolve ghost.test: no such name (NXDOMAIN)");
  dns.set("ghost.test", {instances.ip(0)});
  eventually("the name is resolved", [&] { return weir.get("/").status == 200; });
  EXPECT_THAT(endpoints_of(weir), ElementsAre(instances.at("127.0.0.1")));
  EXPECT_EQ(weir.metric("weir_endpoint_up", "endpoint=\"" + label + "\""), 0) << "gone";
  weir.process().wait_for_error_text("ghost.test resolves again");
}

TEST(Names, WhereSomeAreDownTheRestServes) {
  DnsServer dns;
  Instances instances(1);
  ConfigText config = config_with(dns, instances.at("ghost.test"));
  config.endpoints.push_back(instances.at("127.0.0.1"));
  WeirProcess weir(config);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(weir.get("/").status, 200);
  const auto health = boost::json::parse(weir.admin("/health").body);
  EXPECT_EQ(health.at("status").as_string(), "degraded");
  EXPECT_EQ(health.at("upstreams").at("app").at("total").as_int64(), 2);
  EXPECT_EQ(health.at("upstreams").at("app").at("healthy").as_int64(), 1);
}

TEST(Names, ASilentServerHoldsTheStartUpForTwoSecondsAtMost) {
  DnsServer dns;
  dns.fail("slow.test", DnsFault::silent);
  ConfigText config = config_with(dns, "slow.test:80");
  config.server.replace(config.server.find("200ms"), 5, "30s");
  const auto started = std::chrono::steady_clock::now();
  WeirProcess weir(config);
  EXPECT_LT(std::chrono::steady_clock::now() - started, scaled(8s));
  EXPECT_EQ(weir.get("/").status, 503);
  EXPECT_EQ(weir.stop(), (ExitStatus{0, 0})) << "and not the end either";
}

TEST(Names, AddressesComeAndGoAndChangeOnlyThemselves) {
  DnsServer dns;
  Instances instances(3);
  dns.set("app.test", {instances.ip(0), instances.ip(1)}, 0);
  ConfigText config = config_with(dns, instances.at("app.test"));
  config.server.replace(config.server.find("workers: 2"), 10, "workers: 1");
  config.app = "balance: round_robin";
  WeirProcess weir(config);
  RawClient client = weir.connect();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(instances[0].request_count(), 2u);
  EXPECT_EQ(instances[1].request_count(), 2u);

  dns.set("app.test", {instances.ip(0), instances.ip(2)}, 0);
  wait_for_endpoints(weir, {instances.at("127.0.0.1"), instances.at("127.0.0.3")});
  weir.process().wait_for_error_text("app.test: +127.0.0.3 -127.0.0.2");
  instances[1].wait_for_end(0);  // its idle connection closes
  for (int i = 0; i < 4; ++i) EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(instances[1].request_count(), 2u);
  EXPECT_EQ(instances[2].request_count(), 2u);
  EXPECT_EQ(instances[0].request_count(), 4u);
  EXPECT_EQ(instances[0].connection_count(), 1u) << "who stays keeps its connections";
}

TEST(Names, ARequestOnAnAddressThatGoesIsFinished) {
  DnsServer dns;
  Instances instances(2);
  const auto gate = std::make_shared<Gate>();
  instances[1].behave([gate](EndpointConnection& connection, const Request&) {
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
    if (connection.wait(*gate)) connection.send("world");
  });
  dns.set("app.test", {instances.ip(1)}, 0);
  WeirProcess weir(config_with(dns, instances.at("app.test")));
  RawClient slow = weir.connect();
  slow.send_get("/");
  Response response = slow.read_head();
  dns.set("app.test", {instances.ip(0)}, 0);
  wait_for_endpoints(weir, {instances.at("127.0.0.1")});
  EXPECT_EQ(weir.get("/").body, "0") << "new requests go elsewhere";
  gate->open();
  slow.read_body(response);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "helloworld");
  EXPECT_EQ(slow.get("/").body, "0");
  instances[1].wait_for_end(0);
}

TEST(Names, FailuresKeepTheLastGoodAnswer) {
  DnsServer dns;
  Instances instances(1);
  dns.set("app.test", {instances.ip(0)}, 0);
  WeirProcess weir(config_with(dns, instances.at("app.test")));
  const std::pair<DnsFault, const char*> cases[] = {{DnsFault::nxdomain, "nxdomain"},
                                                    {DnsFault::silent, "timeout"},
                                                    {DnsFault::servfail, "server_failure"}};
  for (const auto& [fault, result] : cases) {
    dns.fail("app.test", fault);
    const std::string label = std::string("result=\"") + result + '"';
    eventually("the failure", [&] { return weir.metric("weir_dns_lookups_total", label) > 0; });
    EXPECT_EQ(weir.get("/").status, 200) << result;
    EXPECT_EQ(weir.metric("weir_dns_name_addresses", "name=\"app.test\""), 1);
  }
  weir.process().wait_for_error_text("the last answer is kept: 1 address");
}

/// Clients that send POSTs, which are never repeated, each on a connection of its own, until stop().
class Load {
 public:
  Load(const WeirProcess& weir, int clients) {
    for (int i = 0; i < clients; ++i) threads_.emplace_back([this, &weir] { send(weir); });
  }
  ~Load() { stop(); }
  void stop() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  int failed() const { return failed_; }
  int answered() const { return answered_; }

 private:
  static constexpr int requests_max = 50'000;

  void send(const WeirProcess& weir) {
    try {
      RawClient client = weir.connect();
      for (int i = 0; i < requests_max && !stop_; ++i) {
        ++(client.exchange("POST", "/", "body").status == 200 ? answered_ : failed_);
      }
    } catch (const TestFailure&) {
      ++failed_;
    }
  }

  std::atomic<bool> stop_ = false;
  std::atomic<int> answered_ = 0, failed_ = 0;
  std::vector<std::thread> threads_;
};

TEST(Names, ChangesUnderLoadFailNoRequest) {
  DnsServer dns;
  Instances instances(3);
  const std::vector<std::vector<std::string>> answers = {{instances.ip(0), instances.ip(1)},
                                                         {instances.ip(1), instances.ip(2)},
                                                         {instances.ip(2)},
                                                         {instances.ip(0)}};
  dns.set("app.test", answers.back(), 0);
  ConfigText config = config_with(dns, instances.at("app.test"));
  config.app = "retry: { attempts: 0 }";
  WeirProcess weir(config);
  Load load(weir, 4);
  for (std::size_t change = 0; change < 3 * answers.size(); ++change) {
    const auto& ips = answers[change % answers.size()];
    dns.set("app.test", ips, 0);
    std::vector<std::string> labels;
    for (const std::string& ip : ips) labels.push_back(instances.at(ip));
    wait_for_endpoints(weir, labels);
  }
  load.stop();
  EXPECT_EQ(load.failed(), 0);
  EXPECT_GT(load.answered(), 0);
  for (int i = 0; i < 3; ++i) EXPECT_GT(instances[i].request_count(), 0u) << i;
}

TEST(Names, ServicesSayPortsAndWeights) {
  DnsServer dns;
  ScriptableEndpoint blue(behave::ok("blue")), green(behave::ok("green")), spare(behave::ok("spare"));
  const std::string name = "_http._tcp.app.test";
  const auto services = [&](std::uint16_t blue_weight) {
    dns.set_services(name,
                     {{10, blue_weight, blue.port(), "one.test"},
                      {10, 0, green.port(), "one.test"},
                      {20, 5, spare.port(), "one.test"}},
                     0);
  };
  dns.set("one.test", {"127.0.0.1"});
  services(3);
  ConfigText config = config_with(dns, name);
  config.app = "balance: round_robin";
  WeirProcess weir(config);
  RawClient client = weir.connect();
  for (int i = 0; i < 8; ++i) EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(blue.request_count(), 6u);
  EXPECT_EQ(green.request_count(), 2u);
  services(1);
  weir.process().wait_for_error_text(name + ": " + blue.address() + "(weight 1)");
  (void)weir.metric("weir_config_generation");
  for (int i = 0; i < 8; ++i) EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(blue.request_count(), 10u);
  EXPECT_EQ(green.request_count(), 6u);
  EXPECT_EQ(spare.request_count(), 0u) << "a higher number is for when the others are out";
  EXPECT_THAT(endpoints_of(weir), UnorderedElementsAre(blue.address(), green.address(), spare.address()));
  dns.set_services(name, {{0, 0, 0, ""}}, 0);
  eventually("the service is not offered",
             [&] { return weir.metric("weir_dns_lookups_total", "result=\"no_data\"") > 0; });
  EXPECT_EQ(client.get("/").status, 200);
}

TEST(Names, TheNextPriorityOfAServiceTakesOver) {
  DnsServer dns;
  ScriptableEndpoint blue(behave::ok("blue")), spare(behave::ok("spare"));
  const std::string name = "_http._tcp.app.test";
  dns.set("one.test", {"127.0.0.1"});
  dns.set_services(name, {{20, 5, spare.port(), "one.test"}, {10, 1, blue.port(), "one.test"}});
  WeirProcess weir(config_with(dns, name));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(weir.get("/").body, "blue");
  blue.stop();
  eventually("the backup serves", [&] { return weir.get("/").body == "spare"; });
  EXPECT_GT(weir.metric("weir_backup_requests_total"), 0);
}

TEST(Names, AServiceWithoutAnAnswerIsDownByItsName) {
  DnsServer dns;
  WeirProcess weir(config_with(dns, "_http._tcp.ghost.test"));
  EXPECT_EQ(weir.get("/").status, 503);
  EXPECT_THAT(endpoints_of(weir), ElementsAre("_http._tcp.ghost.test"));
  EXPECT_THAT(endpoints_of(weir, "state"), ElementsAre("unresolved"));
}

TEST(Names, ALongAnswerComesOverTcp) {
  DnsServer dns;
  Instances instances(1);
  std::vector<std::string> many{instances.ip(0)};
  for (int i = 1; i < 100; ++i) many.push_back("127.0.1." + std::to_string(i));
  dns.set("many.test", many);
  dns.fail("many.test", DnsFault::truncate);
  WeirProcess weir(config_with(dns, instances.at("many.test"), ", ipv6: off"));
  EXPECT_EQ(endpoints_of(weir).size(), 100u);
  EXPECT_GT(dns.questions_over_tcp(), 0u);
}

TEST(Names, Ipv6AddressesAreEndpointsToo) {
  DnsServer dns;
  dns.set("six.test", {"::1"});
  WeirProcess weir(config_with(dns, "six.test:9", ", ipv6: on"));
  EXPECT_THAT(endpoints_of(weir), ElementsAre("[::1]:9"));
  WeirProcess without(config_with(dns, "six.test:9", ", ipv6: off"));
  EXPECT_THAT(endpoints_of(without, "state"), ElementsAre("unresolved"));
}

TEST(Names, AReloadMayNameOtherServers) {
  DnsServer first, second;
  Instances instances(2);
  first.set("app.test", {instances.ip(0)});
  second.set("app.test", {instances.ip(1)});
  WeirProcess weir(config_with(first, instances.at("app.test")));
  EXPECT_EQ(weir.get("/").body, "0");
  weir.reload(config_with(second, instances.at("app.test")));
  wait_for_endpoints(weir, {instances.at("127.0.0.2")});
  EXPECT_EQ(weir.get("/").body, "1");
}

TEST(Names, LocalhostNeedsNoServer) {
  OriginProcess origin;
  ConfigText config = config_for("localhost:" + std::to_string(origin.port()));
  config.server += ", resolver: { servers: [\"127.0.0.1:1\"], ipv6: off }";
  WeirProcess weir(config);
  EXPECT_EQ(weir.get("/").status, 200);
  EXPECT_THAT(endpoints_of(weir), ElementsAre("127.0.0.1:" + std::to_string(origin.port())));
}

}  // namespace
}  // namespace weir::testing
