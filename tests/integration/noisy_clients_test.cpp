// What clients can cause as often as they like does not fill the error log.
#include <gtest/gtest.h>

#include "support/test_certificates.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

constexpr int peers = 200;

/// With one worker: each has its own second.
ConfigText quiet_config() {
  ConfigText config = config_for("127.0.0.1:1");
  config.server = "workers: 1, shutdown_timeout: 5s";
  return config;
}

/// So many clients, one after the other, that send `bytes` and are ended.
void make_noise(const WeirProcess& weir, const std::string& bytes, const std::string& listener = "http") {
  for (int i = 0; i < peers; ++i) {
    RawClient client = weir.connect(listener);
    client.send(bytes);
    client.read_to_end();
  }
}

int lines_with(const std::string& log, const std::string& words) {
  int lines = 0;
  for (std::size_t at = 0; (at = log.find(words, at)) != std::string::npos; ++at) ++lines;
  return lines;
}

/// Every client is in the log or among those that were left out, and most of them are the latter.
void expect_few_lines(WeirProcess& weir, const std::string& words) {
  const auto withheld = static_cast<int>(weir.metric("weir_log_lines_withheld_total"));
  const auto lines = [&] { return lines_with(weir.process().error_text(), words); };
  eventually("each client is counted or logged", [&] { return lines() + withheld >= peers; });
  EXPECT_EQ(lines() + withheld, peers);
  EXPECT_GE(lines(), 1);
  EXPECT_GE(withheld, peers / 2);
  EXPECT_GE(weir.metric("weir_connections_total"), peers);
}

TEST(NoisyClients, CostALineASecondAtMost) {
  ConfigText config = quiet_config();
  config.trusted_proxies = "10.0.0.0/8";
  config.http = "proxy_protocol: required";
  WeirProcess weir(config);
  make_noise(weir, "");
  expect_few_lines(weir, "no trusted proxy");
}

TEST(NoisyClients, WhoseProxyHeaderIsMalformedCostNoMore) {
  ConfigText config = quiet_config();
  config.trusted_proxies = "127.0.0.0/8";
  config.http = "proxy_protocol: required";
  WeirProcess weir(config);
  make_noise(weir, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  expect_few_lines(weir, "not a PROXY header");
}

TEST(NoisyClients, WhoseHandshakeFailsCostNoMore) {
  const TempDir directory;
  const CertificateFiles files = TestCa().issue_files(directory, "own");
  ConfigText config = quiet_config();
  config.log = "level: debug";
  config.listeners = {tls_listener(files.cert, files.key)};
  WeirProcess weir(config);
  make_noise(weir, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "https");
  expect_few_lines(weir, "TLS handshake with");
}

}  // namespace
}  // namespace weir::testing
