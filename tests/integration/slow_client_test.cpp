// Clients that take their response slowly: the pace that they have to keep, the total time of a request, and what they
// may not do to others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "support/behaviours.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using namespace std::chrono_literals;

/// Takes so many bytes a second, however slow the test itself is. By default less than 1 KiB, and enough for its
/// kernel to say several times in `send_timeout` that something was taken.
class Drip {
 public:
  explicit Drip(double bytes_a_second = 600) : bytes_a_second_(bytes_a_second) {}
  bool due() {
    const auto now = std::chrono::steady_clock::now();
    const std::chrono::duration<double> passed = now - last_;
    if (passed < 50ms) return false;
    last_ = now;
    bytes_ = static_cast<std::size_t>(passed.count() * bytes_a_second_);
    return true;
  }
  void take(RawClient& client) { client.stream().read_some(dripped_, Deadline(1ms), bytes_); }

 private:
  double bytes_a_second_;
  std::size_t bytes_ = 0;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
  std::string dripped_;
};

/// Of a client whose kernel takes far less in advance than `response_min_rate` asks for in its window.
ConnectOptions small_client(const WeirProcess& weir) {
  ConnectOptions options;
  options.port = weir.port();
  options.receive_buffer_bytes = 4096;
  return options;
}

/// A Weir that answers by itself, with so many bytes.
ConfigText own_answers(std::size_t bytes) {
  ConfigText config = config_for("127.0.0.1:1");
  config.routes = {"{ name: own, match: { path_prefix: / }, respond: { status: 200, body: " +
                   std::string(bytes, 'o') + " } }"};
  config.default_route = false;
  return config;
}

TEST(SlowClients, TakingLessThanTheRateEndsTheResponse) {
  ScriptableEndpoint large(behave::ok(std::string(32 * 1024 * 1024, 'l')));
  WeirProcess weir(config_for(large.address()));  // with the defaults
  std::vector<RawClient> clients;
  for (int i = 0; i < 20; ++i) {
    clients.emplace_back(small_client(weir)).send_get("/");
  }
  Drip drip;
  const Deadline deadline(90s);
  while (weir.metric("weir_slow_clients_total", "response_min_rate") < 20 && !deadline.has_passed()) {
    if (!drip.due()) continue;
    for (RawClient& client : clients) drip.take(client);
  }
  EXPECT_EQ(weir.metric("weir_slow_clients_total", "response_min_rate"), 20);
  for (const auto& line : weir.access_log(20)) EXPECT_EQ(line.at("reason"), "client_too_slow");
  weir.wait_for_metric("weir_upstream_in_flight", "", 0);
}

TEST(SlowClients, TakingNothingIsStallingByDefaultToo) {
  ScriptableEndpoint large(behave::ok(std::string(32 * 1024 * 1024, 'l')));
  WeirProcess weir(config_for(large.address()));
  RawClient client(small_client(weir));
  client.send_get("/");
  const auto stalled = [&] { return weir.metric("weir_slow_clients_total", "send_timeout") == 1; };
  eventually("the client is stalled", stalled, Deadline(90s));
  EXPECT_EQ(weir.access_log(1).back().at("reason"), "client_stalled");
  EXPECT_EQ(weir.metric("weir_slow_clients_total", "send_timeout"), 1);
  EXPECT_EQ(weir.metric("weir_slow_clients_total", "response_min_rate"), 0);
}

TEST(SlowClients, OneThatStallsIsNotReadOn) {
  ConfigText config = own_answers(60'000);
  config.http = "limits: { send_timeout: 1s }";
  WeirProcess weir(config);
  RawClient client(small_client(weir));
  std::string burst;
  for (int i = 0; i < 2'000; ++i) burst += "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  client.stream().write_available(burst);
  weir.wait_for_metric("weir_slow_clients_total", "send_timeout", 1);
  weir.wait_for_metric("weir_connections", "listener=\"http\"", 0);
  EXPECT_EQ(weir.metric("weir_request_discarded_bytes_total"), 0);
}

TEST(SlowClients, SoDoesTakingAnswersOfWeirItselfThatWay) {
  ConfigText config = own_answers(1000);
  WeirProcess weir(config);
  RawClient client(small_client(weir));
  std::string burst;
  for (int i = 0; i < 20'000; ++i) burst += "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  std::string_view unsent = burst;
  Drip drip;
  const Deadline deadline(90s);
  while (weir.metric("weir_slow_clients_total", "response_min_rate") < 1 && !deadline.has_passed()) {
    unsent.remove_prefix(client.stream().write_available(unsent));
    if (drip.due()) drip.take(client);
  }
  EXPECT_EQ(weir.metric("weir_slow_clients_total", "response_min_rate"), 1);
}

TEST(SlowClients, TheTotalTimeEndsAResponseThatIsTakenSlowly) {
  ScriptableEndpoint large(behave::ok(std::string(32 * 1024 * 1024, 'l')));
  ConfigText config = config_for(large.address());
  config.app = "timeouts: { total: 8s }";
  WeirProcess weir(config);
  RawClient client = weir.connect();
  client.send_get("/");
  const Deadline deadline(60s);
  Drip drip(600'000);
  while (weir.metric("http_requests_total") < 1 && !deadline.has_passed()) {
    if (drip.due()) drip.take(client);
  }
  const auto line = weir.access_log(1).back();
  EXPECT_EQ(line.at("status"), 200);
  EXPECT_EQ(line.at("reason"), "total_timeout");
  EXPECT_EQ(weir.metric("weir_upstream_failures_total"), 0) << "the endpoint was not what was slow";
}

TEST(SlowClients, OneThatPipelinesDoesNotKeepAnotherWaiting) {
  ConfigText config = config_for("127.0.0.1:1");
  config.server = "workers: 1";
  config.routes = {"{ name: own, match: { path_prefix: / }, respond: { status: 200, body: ok } }"};
  config.default_route = false;
  WeirProcess weir(config);
  constexpr std::size_t count = 20'000;
  std::string burst;
  for (std::size_t i = 0; i < count; ++i) burst += "GET /many HTTP/1.1\r\nHost: a\r\n\r\n";
  RawClient many = weir.connect();
  RawClient other = weir.connect();
  EXPECT_EQ(other.get("/other").status, 200);
  std::thread sender([&] { many.send(burst); });
  std::thread reader([&] {
    for (std::size_t i = 0; i < count; ++i) many.read_response();
  });
  weir.access_log(1000);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(other.get("/other").status, 200);
  sender.join();
  reader.join();
  // Between two answers of the other client there are few of the one that pipelines.
  const auto log = weir.access_log(count + 6);
  std::size_t last_other = 0;
  for (std::size_t i = 0; i < log.size(); ++i) {
    if (log[i].at("path") == "/other") last_other = i;
  }
  EXPECT_LT(last_other, log.size() - 1000) << "the other client was served after all of the burst";
}

}  // namespace
}  // namespace weir::testing
