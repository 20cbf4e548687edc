// Near its bounds Weir gives up what idles, then refuses what is new, and never cuts what runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/behaviours.hpp"
#include "support/test_certificates.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr double normal = 0, tight = 1, shedding = 2;

class Overload : public ::testing::Test {
 protected:
  void start(const std::string& server, ConfigText config) {
    config.server = server;
    config_ = std::move(config);
    weir_ = std::make_unique<WeirProcess>(config_);
  }
  void start(const std::string& server) { start(server, config_for(endpoint_.address())); }

  /// A client in the middle of its request head: neither idle nor served.
  RawClient busy_client() {
    RawClient client = weir_->connect();
    client.send("GET /busy HTTP/1.1\r\n");
    return client;
  }
  static int finish(RawClient& client) {
    client.send("Host: a\r\n\r\n");
    return client.read_response().status;
  }
  void wait_for_open(double active) {
    eventually("the clients are in",
               [&] { return weir_->metric("weir_connections", "state=\"active\"") == active; });
  }
  void wait_for_state(double state) { weir_->wait_for_metric("weir_overload_state", "", state); }
  double shed(const std::string& what, const std::string& reason) {
    return weir_->metric("weir_overload_shed_total", "reason=\"" + reason + "\",what=\"" + what + "\"");
  }
  /// What a fresh connection without Connection: close is answered.
  Response fresh_get() {
    RawClient client = weir_->connect();
    return client.get("/");
  }

  ScriptableEndpoint endpoint_{behave::ok()};
  ConfigText config_;
  std::unique_ptr<WeirProcess> weir_;
};

TEST_F(Overload, PastTheCapANewConnectionGetsA503) {
  start("workers: 2, max_connections: 5, overload: { retry_after: 3s }");
  std::vector<RawClient> clients;
  clients.reserve(5);
  for (int i = 0; i < 5; ++i) clients.push_back(busy_client());
  wait_for_open(5);

  for (int i = 0; i < 3; ++i) {
    RawClient past = weir_->connect();
    past.send_get("/");
    const Response response = past.read_response();
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(response.fields.get("Retry-After"), "3");
    EXPECT_TRUE(response.fields.has_token("Connection", "close"));
    EXPECT_THAT(response.fields.get("Proxy-Status"),
                StartsWith("weir; error=connection_limit_reached; details=\"overload: connections\""));
    EXPECT_EQ(past.read_to_end().event, StreamEvent::end) << "the answer must not be lost to a RST";
  }
  EXPECT_EQ(shed("new_connection", "connections"), 3);
  EXPECT_EQ(weir_->metric("weir_connections_refused_total", "reason=\"max_connections\""), 3);
  wait_for_state(shedding);
  weir_->process().wait_for_error_text("overload: connections 5 of 5: new connections get 503");
  EXPECT_EQ(weir_->admin("/health/ready").status, 200) << "a balancer in front must not take us out for it";

  for (RawClient& client : clients) EXPECT_EQ(finish(client), 200) << "what runs ends well";
  clients.clear();
  wait_for_state(normal);
  weir_->process().wait_for_error_text("overload is over: connections");
  EXPECT_EQ(fresh_get().status, 200);
  EXPECT_EQ(endpoint_.request_count(), 6U);
}

TEST_F(Overload, UnderTlsTheConnectionEndsBeforeItsHandshake) {
  const TempDir directory;
  const TestCa authority;
  const CertificateFiles files = authority.issue_files(directory, "server");
  ConfigText config = config_for(endpoint_.address());
  config.listeners = {tls_listener(files.cert, files.key)};
  start("workers: 1, max_connections: 1", config);
  RawClient client = busy_client();
  wait_for_open(1);
  RawClient past(weir_->port("https"));
  EXPECT_EQ(past.read_to_end().bytes, "");
  EXPECT_EQ(shed("new_connection", "connections"), 1);
  EXPECT_EQ(finish(client), 200);
}

TEST_F(Overload, TheOldestIdleConnectionMakesRoom) {
  start("workers: 1, max_connections: 4, overload: { start_percent: 95 }");
  std::vector<RawClient> idle;
  idle.reserve(3);
  for (int i = 0; i < 3; ++i) idle.push_back(weir_->connect());
  RawClient busy = busy_client();
  // Young ones stay: a client that has just connected is about to send its request.
  std::vector<RawClient> later;
  eventually("an idle one made room", [&] {
    RawClient next = weir_->connect();
    next.send_get("/");
    const bool served = next.read_response().status == 200;
    if (served) later.push_back(std::move(next));
    return served;
  });
  EXPECT_EQ(idle[0].read_to_end().event, StreamEvent::end);
  EXPECT_GE(shed("idle_connection", "connections"), 1);
  EXPECT_EQ(finish(busy), 200);
}

TEST_F(Overload, NearTheCapAnswersEndKeepAlive) {
  start("workers: 2, max_connections: 10, overload: { start_percent: 60 }");
  RawClient kept = weir_->connect();
  EXPECT_FALSE(kept.get("/").fields.has_token("Connection", "close"));
  std::vector<RawClient> clients;
  clients.reserve(7);
  for (int i = 0; i < 7; ++i) clients.push_back(busy_client());
  wait_for_open(7);
  wait_for_state(tight);
  const Response response = fresh_get();
  EXPECT_EQ(response.status, 200) << "there is room";
  EXPECT_TRUE(response.fields.has_token("Connection", "close"));
  EXPECT_GE(shed("keep_alive", "connections"), 1);
  kept.read_to_end();  // idles, and is closed
  EXPECT_GE(shed("idle_connection", "connections"), 1);
  EXPECT_EQ(shed("new_connection", "connections"), 0);
  clients.clear();
  wait_for_state(normal);
  EXPECT_FALSE(fresh_get().fields.has_token("Connection", "close"));
}

TEST_F(Overload, ShortMemoryRefusesNewConnectionsButNotAll) {
  start("workers: 1, max_connections: 32, overload: { max_memory: 1MiB }");  // less than it has
  wait_for_state(shedding);
  weir_->process().wait_for_error_text(" MiB of 1.0 MiB: new connections get 503");
  EXPECT_EQ(fresh_get().status, 200) << "its share is never refused";
  eventually("that one is gone", [&] { return weir_->metric("weir_connections") == 0; });
  std::vector<RawClient> clients;
  clients.reserve(2);
  for (int i = 0; i < 2; ++i) clients.push_back(busy_client());
  wait_for_open(2);
  const Response refused = fresh_get();
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.fields.get("Proxy-Status"), HasSubstr("overload: memory"));
  EXPECT_EQ(shed("new_connection", "memory"), 1);
  EXPECT_EQ(weir_->metric("weir_connections_refused_total", "reason=\"max_connections\""), 0);
  EXPECT_GE(weir_->metric("weir_overload_used_ratio", "bound=\"memory\""), 1);

  config_.server = "workers: 1, max_connections: 32, overload: { max_memory: 0 }";
  weir_->reload(config_);
  wait_for_state(normal);
  EXPECT_EQ(fresh_get().status, 200);
  for (RawClient& client : clients) EXPECT_EQ(finish(client), 200);
}

TEST_F(Overload, TheStatusShowsIt) {
  start("workers: 1, max_connections: 2");
  const auto status = [&] { return weir_->admin_json("/api/v1/status").at("overload").as_object(); };
  EXPECT_EQ(status().at("state"), "normal");
  std::vector<RawClient> clients;
  clients.reserve(2);
  for (int i = 0; i < 2; ++i) clients.push_back(busy_client());
  eventually("it shows", [&] { return status().at("state") == "shedding"; });
  const boost::json::value connections = status().at("bounds").at("connections");
  EXPECT_EQ(connections.at("used").to_number<int>(), 2);
  EXPECT_EQ(connections.at("max").to_number<int>(), 2);
  ProcessOptions options;
  options.arguments = {"status", "--admin", "127.0.0.1:" + std::to_string(weir_->admin_port())};
  EXPECT_THAT(run_to_end(weir_binary(), options).output,
              HasSubstr("overload  shedding: connections 2 of 2\n"));
}

TEST_F(Overload, ACrowdIsAnsweredAndPasses) {
  start("workers: 2, max_connections: 20");
  constexpr int crowd_size = 200;
  std::vector<RawClient> crowd;
  int served = 0, refused = 0;
  for (int i = 0; i < crowd_size; ++i) {
    crowd.push_back(weir_->connect());
    crowd.back().send_get("/");
  }
  for (RawClient& client : crowd) {
    const int status = client.read_response().status;
    ++(status == 200 ? served : refused);
    EXPECT_TRUE(status == 200 || status == 503) << status;
  }
  EXPECT_GE(served, 20);
  EXPECT_EQ(served + refused, crowd_size) << "each got an answer";
  EXPECT_EQ(shed("new_connection", "connections"), refused);
  crowd.clear();
  wait_for_state(normal);
  EXPECT_EQ(fresh_get().status, 200);
}

}  // namespace
}  // namespace weir::testing
