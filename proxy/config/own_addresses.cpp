#include "config/own_addresses.hpp"

#include "config/hosts.hpp"
#include "http/authority.hpp"

namespace weir::config {
namespace {

bool is_any(const IpAddress& ip) {
  return ip == IpAddress{.v6 = ip.v6};
}

}  // namespace

bool covers(const IpAddress& wide, const IpAddress& narrow) {
  return wide == narrow || (is_any(wide) && (wide.v6 || !narrow.v6));
}

bool reaches(const Endpoint& endpoint, const SocketAddress& own, const Resolver& resolver) {
  if (endpoint.port == 0 || endpoint.port != own.port) return false;
  const auto takes = [&](const IpAddress& ip) {
    return own.ip == ip || (covers(own.ip, ip) && ip.is_loopback());
  };
  if (endpoint.ip) return takes(*endpoint.ip);
  const bool v6 = resolver.ipv6 != ResolveIpv6::off;
  return http::is_loopback_name(endpoint.host) &&
         (takes(*IpAddress::parse("127.0.0.1")) || (v6 && takes(*IpAddress::parse("::1"))));
}

std::vector<std::string> admin_endpoint_warnings(const Config& config) {
  std::vector<std::string> warnings;
  for (const Upstream& upstream : config.upstreams) {
    for (const Endpoint& endpoint : upstream.endpoints) {
      if (!reaches(endpoint, config.admin.address, config.server.resolver)) continue;
      warnings.push_back(
          "upstream " + upstream.name + ": " + endpoint_text(endpoint) +
          " is admin.address of this Weir: routes to it show its API to clients; name the address of "
          "the application");
    }
  }
  return warnings;
}

}  // namespace weir::config
