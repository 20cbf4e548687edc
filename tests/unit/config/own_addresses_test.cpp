// Endpoints that are Weir's own admin address.
#include "config/own_addresses.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::config {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

Endpoint endpoint(const std::string& host, std::uint16_t port) {
  Endpoint result;
  result.host = host;
  result.port = port;
  result.ip = IpAddress::parse(host);
  return result;
}

std::size_t warnings(const std::string& admin, const Endpoint& asked, ResolveIpv6 ipv6 = Resolver{}.ipv6) {
  Config config;
  config.admin.address = *SocketAddress::parse(admin);
  config.server.resolver.ipv6 = ipv6;
  config.upstreams.resize(1);
  config.upstreams.front().endpoints = {asked};
  return admin_endpoint_warnings(config).size();
}

TEST(OwnAddresses, EndpointsThatAreTheAdminAddress) {
  EXPECT_EQ(warnings("127.0.0.1:9900", endpoint("127.0.0.1", 9900)), 1U);
  EXPECT_EQ(warnings("127.0.0.1:9900", endpoint("localhost", 9900)), 1U);
  EXPECT_EQ(warnings("127.0.0.1:9900", endpoint("weir.localhost", 9900)), 1U);
  EXPECT_EQ(warnings("0.0.0.0:9900", endpoint("127.0.0.2", 9900)), 1U);
  EXPECT_EQ(warnings("[::]:9900", endpoint("127.0.0.1", 9900)), 1U);
  EXPECT_EQ(warnings("[::]:9900", endpoint("::1", 9900)), 1U);
  EXPECT_EQ(warnings("[::1]:9900", endpoint("localhost", 9900), ResolveIpv6::on), 1U);
  EXPECT_EQ(warnings("192.0.2.1:9900", endpoint("192.0.2.1", 9900)), 1U);
}

TEST(OwnAddresses, EndpointsThatAreNot) {
  EXPECT_EQ(warnings("127.0.0.1:9900", endpoint("127.0.0.1", 9901)), 0U);
  EXPECT_EQ(warnings("127.0.0.1:9900", endpoint("127.0.0.2", 9900)), 0U);
  EXPECT_EQ(warnings("127.0.0.1:9900", endpoint("192.0.2.1", 9900)), 0U);
  EXPECT_EQ(warnings("127.0.0.1:9900", endpoint("app.internal", 9900)), 0U);
  EXPECT_EQ(warnings("0.0.0.0:9900", endpoint("192.0.2.1", 9900)), 0U)
      << "of another machine, as far as is known";
  EXPECT_EQ(warnings("[::1]:9900", endpoint("localhost", 9900), ResolveIpv6::off), 0U);
  EXPECT_EQ(warnings("127.0.0.1:0", endpoint("_http._tcp.localhost", 0)), 0U) << "a service name has no port";
}

TEST(OwnAddresses, EachEndpointIsNamedWithItsUpstream) {
  Config config;
  config.admin.address = *SocketAddress::parse("127.0.0.1:9900");
  config.upstreams.resize(2);
  config.upstreams[0].name = "app";
  config.upstreams[0].endpoints = {endpoint("127.0.0.1", 9001), endpoint("localhost", 9900)};
  config.upstreams[1].name = "itself";
  config.upstreams[1].endpoints = {endpoint("127.0.0.1", 9900)};
  const std::vector<std::string> lines = admin_endpoint_warnings(config);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_THAT(lines[0], StartsWith("upstream app: localhost:9900 is admin.address"));
  EXPECT_THAT(lines[1], StartsWith("upstream itself: 127.0.0.1:9900 is admin.address"));
  EXPECT_THAT(lines[1], HasSubstr("name the address of the application"));
}

}  // namespace
}  // namespace weir::config
