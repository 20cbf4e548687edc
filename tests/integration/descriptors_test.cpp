// A process with few descriptors: it takes no more connections than it can serve, and when it runs out all the same
// that is its own fault, not an endpoint's, and it passes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/behaviours.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

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
    for (int i = 0; i < 250; ++i) crowd.emplace_back(weir->port());
    eventually("the crowd has been seen", [&] {
      return weir->metric("weir_connections_total") == connections_that_fit;  // the admin address answers
    });
    EXPECT_EQ(crowd[0].get("/").status, 200);  // those who are in are served
    EXPECT_EQ(crowd.back().read_to_end().bytes, "");
    EXPECT_EQ(weir->admin("/health/ready").status, 200);
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

}  // namespace
}  // namespace weir::testing
