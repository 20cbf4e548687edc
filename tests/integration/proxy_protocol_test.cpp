// PROXY protocol v1 and v2 in front of the request, from trusted sources only.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/behaviours.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

class ProxyProtocol : public ::testing::Test {
 protected:
  std::unique_ptr<WeirProcess> start(const std::string& trusted, const std::string& limits = "") {
    ConfigText config = config_for(endpoint_.address());
    config.trusted_proxies = trusted;
    config.http = "proxy_protocol: required, limits: { " + limits + " }";
    return std::make_unique<WeirProcess>(config);
  }

  static constexpr std::string_view request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  ScriptableEndpoint endpoint_{behave::ok()};
};

std::string version_2(std::uint8_t command) {
  std::string header("\r\n\r\n\0\r\nQUIT\n", 12);
  header += static_cast<char>(0x20 | command);
  header += std::string("\x11\x00\x0C", 3);                      // TCP over IPv4, 12 bytes follow
  header += std::string("\xC6\x33\x64\x07\x0A\x00\x00\x01", 8);  // 198.51.100.7 -> 10.0.0.1
  header += std::string("\x30\x39\x01\xBB", 4);                  // 12345 -> 443
  return header;
}

TEST_F(ProxyProtocol, GivesTheClientInBothVersions) {
  const auto weir = start("127.0.0.0/8");
  for (const std::string& header :
       {std::string("PROXY TCP4 198.51.100.7 10.0.0.1 12345 443\r\n"), version_2(1)}) {
    RawClient client = weir->connect();
    client.send_bytewise(header);
    client.send(request);
    EXPECT_EQ(client.read_response().status, 200);
    const Request seen = endpoint_.requests().back();
    EXPECT_EQ(seen.fields.get("X-Forwarded-For"), "198.51.100.7");
    EXPECT_EQ(seen.fields.get("X-Real-IP"), "198.51.100.7");
    EXPECT_EQ(seen.fields.get("X-Forwarded-Port"), "443");
  }
  const auto log = weir->access_log(2);
  EXPECT_EQ(log[1].at("client_ip"), "198.51.100.7");
  EXPECT_EQ(log[1].at("client_port"), 12345);
}

TEST_F(ProxyProtocol, LocalAndUnknownKeepTheRealAddress) {
  const auto weir = start("127.0.0.0/8");
  for (const std::string& header : {std::string("PROXY UNKNOWN\r\n"), version_2(0)}) {
    RawClient client = weir->connect();
    client.send(header + std::string(request));
    EXPECT_EQ(client.read_response().status, 200);
    EXPECT_EQ(endpoint_.requests().back().fields.get("X-Real-IP"), "127.0.0.1");
  }
}

TEST_F(ProxyProtocol, IsRequired) {
  const auto weir = start("127.0.0.0/8");
  for (const std::string& header :
       {std::string(), std::string("PROXY TCP4 nonsense\r\n"), std::string("PROXY TCP4 1.2.3.4 ")}) {
    RawClient client = weir->connect();
    client.send(header + std::string(request));
    EXPECT_EQ(client.read_to_end().bytes, "");
  }
  EXPECT_EQ(endpoint_.connection_count(), 0U);
}

/// The balancer has a client already: what does not ask by then is a connection that is held for nothing.
TEST_F(ProxyProtocol, SilenceBehindItEndsLongBeforeTheIdleTimeout) {
  const auto weir = start("127.0.0.0/8", "header_timeout: 1s, idle_timeout: 10m");
  for (const std::string& header : {std::string("PROXY UNKNOWN\r\n"), version_2(1)}) {
    RawClient client = weir->connect();
    client.send(header);
    const RawClient::Rest rest = client.read_to_end();
    EXPECT_EQ(rest.bytes, "");
    EXPECT_EQ(rest.event, StreamEvent::end);
  }
  EXPECT_EQ(endpoint_.connection_count(), 0U);
}

TEST_F(ProxyProtocol, AfterARequestSilenceIsIdlingAsEverywhere) {
  const auto weir = start("127.0.0.0/8", "header_timeout: 1s, idle_timeout: 10m");
  RawClient client = weir->connect();
  client.send("PROXY UNKNOWN\r\n" + std::string(request));
  EXPECT_EQ(client.read_response().status, 200);
  EXPECT_TRUE(client.stays_silent_for(2s));
  EXPECT_EQ(client.get("/").status, 200);
}

TEST_F(ProxyProtocol, OnlyTrustedSourcesMaySayIt) {
  const auto weir = start("10.0.0.0/8");
  RawClient client = weir->connect();
  client.send("PROXY TCP4 198.51.100.7 10.0.0.1 12345 443\r\n" + std::string(request));
  EXPECT_EQ(client.read_to_end().bytes, "");
  EXPECT_EQ(endpoint_.connection_count(), 0U);
}

}  // namespace
}  // namespace weir::testing
