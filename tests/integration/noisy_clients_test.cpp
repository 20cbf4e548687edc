// What clients can cause as often as they like does not fill the error log.
#include <gtest/gtest.h>

#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

TEST(NoisyClients, CostALineASecondAtMost) {
  OriginProcess origin;
  ConfigText config = config_for(origin.address());
  config.server = "workers: 1, shutdown_timeout: 5s";
  config.trusted_proxies = "10.0.0.0/8";
  config.http = "proxy_protocol: required";
  WeirProcess weir(config);
  constexpr int peers = 200;
  for (int i = 0; i < peers; ++i) weir.connect().read_to_end();
  const double withheld = weir.metric("weir_log_lines_withheld_total");
  const std::string text = weir.process().error_text();
  std::size_t lines = 0;
  for (std::size_t at = 0; (at = text.find("no trusted proxy", at)) != std::string::npos; ++at) ++lines;
  EXPECT_GE(withheld, peers / 2);
  EXPECT_LE(static_cast<double>(lines) + withheld, peers);
  EXPECT_GE(weir.metric("weir_connections_total"), peers);
}

}  // namespace
}  // namespace weir::testing
