// A reload to endpoints that have names: looked up before the new configuration takes over, but never in its way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "support/behaviours.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;

/// Clients that ask again and again until stop(); counts what went wrong.
class Load {
 public:
  Load(const WeirProcess& weir, int clients) {
    for (int i = 0; i < clients; ++i) threads_.emplace_back([this, &weir] { ask(weir); });
  }
  ~Load() { stop(); }

  void stop() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  int answered() const { return answered_; }
  int failed() const { return failed_; }

 private:
  void ask(const WeirProcess& weir) {
    try {
      RawClient client = weir.connect();
      while (!stop_) ++(client.get("/").status == 200 ? answered_ : failed_);
    } catch (const TestFailure&) {
      ++failed_;
    }
  }

  std::atomic<bool> stop_ = false;
  std::atomic<int> answered_ = 0, failed_ = 0;
  std::vector<std::thread> threads_;
};

TEST(ReloadNames, AddressesAndNamesTakeTurnsUnderLoad) {
  OriginProcess origin;
  const ConfigText by_address = config_for(origin.address());
  const ConfigText by_name = config_for("localhost:" + std::to_string(origin.port()));
  WeirProcess weir(by_address);
  Load load(weir, 4);
  for (int i = 0; i < 10; ++i) weir.reload(i % 2 == 0 ? by_name : by_address);
  load.stop();
  EXPECT_EQ(load.failed(), 0);
  EXPECT_GT(load.answered(), 0);
}

TEST(ReloadNames, ANameIsThereFromTheFirstRequestOn) {
  OriginProcess origin;
  const ConfigText by_name = config_for("localhost:" + std::to_string(origin.port()));
  WeirProcess weir(by_name);
  EXPECT_EQ(weir.get("/").status, 200);
}

TEST(ReloadNames, ANameThatDoesNotResolveHoldsNothingUp) {
  OriginProcess origin;
  ConfigText config = config_for(origin.address());
  WeirProcess weir(config);
  config.upstreams = {"ghost: { endpoints: [ \"no-such-name.invalid:80\" ] }"};
  config.routes = {"{ name: ghost, match: { path_prefix: /ghost }, upstream: ghost }"};
  const auto started = std::chrono::steady_clock::now();
  weir.reload(config);
  EXPECT_LT(std::chrono::steady_clock::now() - started, scaled(5s));  // the first answers are awaited for 2 s
  const Response ghost = weir.get("/ghost");
  EXPECT_EQ(ghost.status, 503);
  EXPECT_THAT(ghost.fields.get("Proxy-Status"), HasSubstr("error=dns_error"));
  EXPECT_EQ(weir.get("/").status, 200);
  EXPECT_EQ(weir.metric("weir_config_last_reload_success"), 1);
}

}  // namespace
}  // namespace weir::testing
