// The retry budget's default where an endpoint hangs: all of its requests are tried again in the same moment.
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <thread>
#include <vector>

#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

/// Clients that ask again and again, each on a connection of its own.
class AskingClients {
 public:
  AskingClients(const WeirProcess& weir, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) threads_.emplace_back([this, &weir] { ask(weir); });
  }
  ~AskingClients() { stop(); }

  void stop() {
    stopping_ = true;
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }
  std::size_t asked() const { return asked_; }
  std::size_t failed() const { return failed_; }

 private:
  void ask(const WeirProcess& weir) {
    try {
      RawClient client = weir.connect();
      while (!stopping_) {
        if (client.get("/").status != 200) ++failed_;
        ++asked_;
      }
    } catch (const std::exception&) {
      ++failed_;
    }
  }

  std::atomic<bool> stopping_{false};
  std::atomic<std::size_t> asked_{0}, failed_{0};
  std::vector<std::thread> threads_;
};

TEST(RetryBurst, AnEndpointThatStopsLosesNoRequest) {
  OriginProcess one, two, three;
  ConfigText config = config_for({one.address(), two.address(), three.address()});
  config.app =
      "timeouts: { response: 500ms }, passive_health: { failures: [connect, reset, timeout] }, "
      "retry: { on: [connect, reset_before_response, timeout] }";
  WeirProcess weir(config);
  AskingClients clients(weir, 64);
  eventually("all endpoints serve", [&] { return clients.asked() > 1000; });
  one.process().signal(SIGSTOP);
  weir.wait_for_metric("weir_ejections_total", "", 1);
  const std::size_t until_now = clients.asked();
  eventually("it goes on", [&] { return clients.asked() > until_now + 500; });
  one.process().signal(SIGCONT);
  clients.stop();
  EXPECT_EQ(clients.failed(), 0U);
  EXPECT_EQ(weir.metric("weir_upstream_retries_total", "outcome=\"budget_exhausted\""), 0);
  EXPECT_GE(weir.metric("weir_upstream_retries_total", "outcome=\"succeeded\""), 1);
}

}  // namespace
}  // namespace weir::testing
