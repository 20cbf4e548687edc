#include "config/blocks.hpp"
#include "config/scalars.hpp"

namespace weir::config {
namespace {

constexpr std::size_t servers_max = 8;
constexpr std::uint16_t dns_port = 53;
constexpr std::uint32_t tries_max = 10;
constexpr Milliseconds ttl_min{100}, ttl_max{86'400'000};
constexpr Milliseconds timeout_min{10}, timeout_max{60'000};

auto duration_between(Milliseconds min, Milliseconds max) {
  return [min, max](const Field& field) -> std::optional<Milliseconds> {
    const auto value = parse_positive_duration(field);
    if (!value || (*value >= min && *value <= max)) return value;
    field.report(quote(field.node.text) + " is out of range",
                 "write a duration from " + format_duration(min) + " to " + format_duration(max));
    return std::nullopt;
  };
}

std::optional<SocketAddress> parse_dns_server(const Field& field) {
  constexpr std::string_view remedy = "write IP or IP:PORT, such as 10.0.0.2, 127.0.0.1:5353 or [fd00::2]:53";
  if (!field.node.is_scalar()) {
    field.report_kind("a single value", std::string(remedy));
    return std::nullopt;
  }
  if (const auto ip = IpAddress::parse(field.node.text)) return SocketAddress{*ip, dns_port};
  const auto address = SocketAddress::parse(field.node.text);
  if (address && address->port != 0) return address;
  field.report(quote(field.node.text) + " is not the address of a DNS server", std::string(remedy));
  return std::nullopt;
}

std::vector<SocketAddress> parse_dns_servers(const Field& field) {
  auto servers = list_of(parse_dns_server)(field);
  if (servers.size() > servers_max) {
    field.report("names " + std::to_string(servers.size()) + " servers",
                 "name up to " + std::to_string(servers_max));
  }
  return servers;
}

}  // namespace

Resolver parse_resolver(const Field& field) {
  Resolver resolver;
  MapReader reader(field);
  reader.optional("servers", resolver.servers, parse_dns_servers);
  const auto ttl = duration_between(ttl_min, ttl_max);
  const bool min_is_fine = reader.optional("min_ttl", resolver.min_ttl, ttl) || !reader.has("min_ttl");
  const bool max_is_fine = reader.optional("max_ttl", resolver.max_ttl, ttl) || !reader.has("max_ttl");
  if (min_is_fine && max_is_fine && resolver.min_ttl > resolver.max_ttl) {
    reader.report("min_ttl " + format_duration(resolver.min_ttl) + " is above max_ttl " +
                      format_duration(resolver.max_ttl),
                  "bring min_ttl down, or max_ttl up");
  }
  reader.optional("timeout", resolver.timeout, duration_between(timeout_min, timeout_max));
  reader.optional("tries", resolver.tries, number_between(std::uint32_t{1}, tries_max));
  reader.optional("ipv6", resolver.ipv6, one_of(resolve_ipv6s));
  return resolver;
}

}  // namespace weir::config
