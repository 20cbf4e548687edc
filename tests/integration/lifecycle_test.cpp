// Start, ready, drain, exit: what an operator and a supervisor rely on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>

#include <csignal>

#include "support/behaviours.hpp"
#include "support/temp_dir.hpp"
#include "support/unique_fd.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

constexpr ExitStatus exited_well{0, 0};

class Lifecycle : public ::testing::Test {
 protected:
  std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
  ScriptableEndpoint endpoint_{behave::ok()};
  WeirProcess weir_{config_for(endpoint_.address())};
};

TEST_F(Lifecycle, PrintsItsAddressesAndIsReady) {
  EXPECT_NE(weir_.port(), 0);
  EXPECT_EQ(weir_.get("/").status, 200);
  EXPECT_EQ(weir_.admin("/health/live").status, 200);
  EXPECT_EQ(weir_.admin("/health/ready").status, 200);
}

TEST_F(Lifecycle, StopsAtOnceWhenNothingRuns) {
  EXPECT_EQ(weir_.get("/").status, 200);
  EXPECT_EQ(weir_.stop(Deadline(3s)), exited_well);
}

TEST_F(Lifecycle, StopsOnInterruptToo) {
  weir_.signal(SIGINT);
  EXPECT_EQ(weir_.process().wait_exit(Deadline(3s)), exited_well);
}

TEST_F(Lifecycle, DrainFinishesTheRunningRequest) {
  endpoint_.behave(behave::gated(gate_, behave::ok("finished")));
  RawClient client = weir_.connect();
  client.send_get("/");
  endpoint_.wait_for_requests(1);
  weir_.signal(SIGTERM);
  eventually("ready turns 503", [&] { return weir_.admin("/health/ready").status == 503; });
  EXPECT_EQ(weir_.admin("/health/live").status, 200);
  gate_->open();
  const Response response = client.read_response();
  EXPECT_EQ(response.body, "finished");
  EXPECT_TRUE(response.fields.has_token("Connection", "close"));
  EXPECT_EQ(client.read_to_end().event, StreamEvent::end);
  EXPECT_EQ(weir_.process().wait_exit(), exited_well);
}

TEST_F(Lifecycle, DrainClosesIdleConnectionsAndAcceptsNoMore) {
  endpoint_.behave(behave::gated(gate_, behave::ok()));
  RawClient running = weir_.connect();
  running.send_get("/");
  endpoint_.wait_for_requests(1);
  RawClient idle = weir_.connect();
  idle.send_get("/status");
  endpoint_.wait_for_requests(2);
  RawClient silent = weir_.connect();
  weir_.wait_for_metric("weir_connections_total", "listener=\"http\"", 3);
  weir_.signal(SIGTERM);
  EXPECT_EQ(silent.read_to_end().event, StreamEvent::end);
  eventually("nothing is accepted", [&] {
    try {
      weir_.connect();
      return false;
    } catch (const TestFailure&) {
      return true;
    }
  });
  gate_->open();
  EXPECT_EQ(running.read_response().status, 200);
  EXPECT_EQ(idle.read_response().status, 200);
  EXPECT_EQ(weir_.process().wait_exit(), exited_well);
}

TEST_F(Lifecycle, DrainAnswersWhatAnOpenConnectionStillSends) {
  auto first = std::make_shared<Gate>();
  endpoint_.behave(behave::gated(first, behave::ok()));
  RawClient client = weir_.connect();
  client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
  endpoint_.wait_for_requests(1);
  weir_.signal(SIGTERM);
  eventually("ready turns 503", [&] { return weir_.admin("/health/ready").status == 503; });
  first->open();
  EXPECT_TRUE(client.read_response().fields.has_token("Connection", "close"));
  EXPECT_EQ(weir_.process().wait_exit(), exited_well);
}

/// Not ready, and new connections are served; a second signal ends the delay.
TEST(LifecycleDelay, ServesOnWhileItIsNotReady) {
  ScriptableEndpoint endpoint(behave::ok());
  ConfigText config = config_for(endpoint.address());
  config.server = "workers: 2, shutdown_delay: 60s";
  WeirProcess weir(config);
  RawClient kept = weir.connect();
  kept.get("/");
  weir.signal(SIGTERM);
  eventually("ready turns 503", [&] { return weir.admin("/health/ready").status == 503; });
  EXPECT_EQ(weir.admin("/health/live").status, 200);
  EXPECT_EQ(weir.admin_json("/api/v1/status").at("state"), "leaving");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(weir.get("/").status, 200);
  EXPECT_FALSE(kept.get("/").fields.has_token("Connection", "close"));
  weir.signal(SIGTERM);
  EXPECT_EQ(weir.process().wait_exit(), exited_well);
}

/// `weir health`, which has to answer with 0 or 1.
Finished health(const std::string& admin, std::vector<std::string> arguments = {}) {
  ProcessOptions options;
  options.arguments = {"health", "--admin", admin};
  options.arguments.insert(options.arguments.end(), arguments.begin(), arguments.end());
  return run_to_end(weir_binary(), std::move(options));
}

TEST(LifecycleDelay, TheCommandForProbesSaysReadyAndAlive) {
  ScriptableEndpoint endpoint(behave::ok());
  ConfigText config = config_for(endpoint.address());
  config.server = "workers: 2, shutdown_delay: 60s";
  WeirProcess weir(config);
  const std::string admin = "127.0.0.1:" + std::to_string(weir.admin_port());
  EXPECT_EQ(health(admin).status, exited_well);
  EXPECT_EQ(health(admin).output, "ready\n");
  EXPECT_EQ(health(admin, {"--ready", "--json"}).output, "{\"status\":\"ready\"}\n");
  EXPECT_EQ(health(admin, {"--live"}).output, "live\n");
  ConfigText of_probe = config_for("127.0.0.1:1");
  of_probe.admin = "address: '" + admin + "'";
  const std::string file = weir.directory().write("probe.yaml", of_probe.yaml());
  ProcessOptions by_file;
  by_file.arguments = {"health", "-c", file};
  EXPECT_EQ(run_to_end(weir_binary(), std::move(by_file)).status, exited_well);

  weir.signal(SIGTERM);
  eventually("ready turns 503", [&] { return weir.admin("/health/ready").status == 503; });
  const Finished leaving = health(admin);
  EXPECT_EQ(leaving.status, (ExitStatus{1, 0}));
  EXPECT_EQ(leaving.output, "not ready\n");
  EXPECT_EQ(health(admin, {"--live"}).status, exited_well);
  weir.signal(SIGTERM);
  EXPECT_EQ(weir.process().wait_exit(), exited_well);
  const Finished gone = health(admin, {"--live"});
  EXPECT_EQ(gone.status, (ExitStatus{1, 0}));
  EXPECT_THAT(gone.errors, ::testing::HasSubstr(admin));
}

TEST(LifecycleDelay, WhatIsNotWeirIsNotHealthy) {
  ScriptableEndpoint other(behave::ok());
  EXPECT_EQ(health(other.address()).status, (ExitStatus{1, 0}));
  EXPECT_EQ(health(other.address(), {"--live"}).status, (ExitStatus{1, 0}));
}

TEST(LifecycleDelay, DrainsWhenItIsOver) {
  ScriptableEndpoint endpoint(behave::ok());
  ConfigText config = config_for(endpoint.address());
  config.server = "workers: 1, shutdown_delay: 200ms";
  WeirProcess weir(config);
  const auto started = std::chrono::steady_clock::now();
  EXPECT_EQ(weir.stop(), exited_well);
  EXPECT_GE(std::chrono::steady_clock::now() - started, 200ms);
}

TEST_F(Lifecycle, AConnectionThatHasNotSpokenYetIsServedInADrain) {
  auto gate = std::make_shared<Gate>();
  endpoint_.behave(behave::gated(gate, behave::ok()));
  RawClient busy = weir_.connect();  // the drain lasts until it is answered
  busy.send_get("/");
  endpoint_.wait_for_requests(1);
  RawClient silent = weir_.connect();
  weir_.wait_for_metric("weir_connections", "state=\"idle\"", 1);
  weir_.signal(SIGTERM);
  // Accepting has ended: this worker and the other have begun to drain.
  eventually("ready turns 503", [&] { return weir_.admin("/health/ready").status == 503; });
  gate->open();
  EXPECT_EQ(busy.read_response().status, 200);
  const Response response = silent.get("/");
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(response.fields.has_token("Connection", "close"));
  EXPECT_EQ(weir_.process().wait_exit(), exited_well);
}

TEST_F(Lifecycle, ASilentConnectionDoesNotHoldADrainUp) {
  RawClient silent = weir_.connect();
  weir_.wait_for_metric("weir_connections", "state=\"idle\"", 1);
  EXPECT_EQ(weir_.stop_busy(), exited_well);
  EXPECT_EQ(silent.read_to_end().bytes, "");
}

TEST(LifecycleTimeout, DrainEndsAfterTheTimeout) {
  ScriptableEndpoint endpoint(behave::hang());
  ConfigText config = config_for(endpoint.address());
  config.server = "workers: 1, shutdown_timeout: 300ms";
  WeirProcess weir(config);
  RawClient client = weir.connect();
  client.send_get("/");
  endpoint.wait_for_requests(1);
  const auto started = std::chrono::steady_clock::now();
  EXPECT_EQ(weir.stop_busy(), exited_well);
  EXPECT_GE(std::chrono::steady_clock::now() - started, 300ms);
  client.read_to_end();  // a 503, or cut: but over
}

TEST(LifecycleTimeout, ARequestThatIsCutIsLoggedAsCut) {
  ScriptableEndpoint endpoint(behave::hang());
  ConfigText config = config_for(endpoint.address());
  config.server = "workers: 1, shutdown_timeout: 300ms";
  WeirProcess weir(config);
  RawClient client = weir.connect();
  client.send_get("/");
  endpoint.wait_for_requests(1);
  EXPECT_EQ(weir.stop_busy(), exited_well);
  EXPECT_EQ(client.read_to_end().bytes, "");
  const boost::json::object line = weir.access_log(1)[0];
  EXPECT_EQ(line.at("status"), 499);  // the client got no answer: none is claimed
  EXPECT_EQ(line.at("reason"), "draining");
  EXPECT_EQ(line.at("bytes_out"), 0);
}

/// However late the second one comes: an access log that is not read holds the process up when everything else of it
/// has gone.
TEST(LifecycleSignals, FurtherOnesDoNotSpoilTheEndOfADrain) {
  TempDir directory;
  const std::string path = directory.file("access.fifo");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const UniqueFd reader(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  ASSERT_GT(::fcntl(reader.get(), F_SETPIPE_SZ, 4096), 0);
  ScriptableEndpoint endpoint(behave::ok());
  ConfigText config = config_for(endpoint.address());
  config.log = "level: info, access: { output: \"" + path + "\" }";
  WeirProcess weir(config);
  RawClient client = weir.connect();
  for (int i = 0; i < 40; ++i) client.get("/");
  weir.signal(SIGTERM);
  const Deadline deadline;
  std::optional<ExitStatus> status;
  while (!status && !deadline.has_passed()) {
    weir.signal(SIGTERM);
    status = weir.process().exited();
  }
  EXPECT_EQ(status, exited_well);
}

TEST_F(Lifecycle, QuitEndsAtOnce) {
  endpoint_.behave(behave::hang());
  RawClient client = weir_.connect();
  client.send_get("/");
  endpoint_.wait_for_requests(1);
  weir_.signal(SIGQUIT);
  weir_.process().wait_exit(Deadline(3s));
}

TEST_F(Lifecycle, AFinishedRequestIsInTheLogWhenTheProcessHasGone) {
  for (int i = 0; i < 50; ++i) EXPECT_EQ(weir_.get("/" + std::to_string(i)).status, 200);
  EXPECT_EQ(weir_.stop(), exited_well);
  EXPECT_EQ(weir_.access_log(0).size(), 50U);
}

TEST(LifecycleMany, RequestsUnderLoadSurviveADrain) {
  OriginProcess origin;
  WeirProcess weir(config_for(origin.address()));
  std::vector<RawClient> clients;
  for (int i = 0; i < 40; ++i) {
    clients.push_back(weir.connect());
    clients.back().send_get("/delay/300");
  }
  weir.wait_for_metric("weir_upstream_in_flight", "", 40);
  weir.signal(SIGTERM);
  for (RawClient& client : clients) EXPECT_EQ(client.read_response().status, 200);
  EXPECT_EQ(weir.process().wait_exit(), exited_well);
}

}  // namespace
}  // namespace weir::testing
