// max_requests of an upstream: who holds a place, and until when.
#include <gtest/gtest.h>
#include <signal.h>

#include <string>
#include <thread>

#include "support/behaviours.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

/// A client that asks without end and never reads an answer, so that Weir cannot write the next one.
class DeafClient {
 public:
  explicit DeafClient(const WeirProcess& weir) : weir_(weir), client_(options(weir)) {
    sender_ = std::thread([this] {
      std::string many;
      for (int i = 0; i < 100; ++i) many += "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";
      try {
        while (client_.send(many)) {
        }
      } catch (const std::exception&) {  // as it is meant to be: what it sends is read no more
      }
    });
  }
  ~DeafClient() {
    weir_.signal(SIGKILL);
    sender_.join();
  }

 private:
  static ConnectOptions options(const WeirProcess& weir) {
    ConnectOptions options;
    options.port = weir.port();
    options.receive_buffer_bytes = 4096;
    return options;
  }

  const WeirProcess& weir_;
  RawClient client_;
  std::thread sender_;
};

TEST(MaxRequests, APlaceIsFreeBeforeAnErrorIsAnswered) {
  ConfigText config = config_for(refused_address());
  config.app = "max_requests: 1, passive_health: { consecutive_failures: 0 }";
  config.http = "limits: { body_idle_timeout: 1h }";
  WeirProcess weir(config);
  DeafClient deaf(weir);
  double requests = 0;
  int unchanged = 0;
  eventually("its answers are stuck", [&] {
    const double now = weir.metric("http_requests_total");
    unchanged = now == requests && now > 0 ? unchanged + 1 : 0;
    requests = now;
    return unchanged == 20;
  });
  for (int i = 0; i < 5; ++i) EXPECT_EQ(weir.get("/").status, 502) << "and not 503 for want of a place";
}

}  // namespace
}  // namespace weir::testing
