// Hosts as the configuration writes them: endpoint addresses and the host patterns of routes. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/model.hpp"
#include "config/reader.hpp"

namespace weir::config {

/// RFC 1123 names, with '_' as found in the wild: labels of 1..63, 253 in all, the last one not a number.
bool is_dns_name(std::string_view text);

/// `_http._tcp.app.internal` (RFC 2782): SRV records say its hosts and ports.
bool is_service_name(std::string_view text);

/// HOST:PORT of an endpoint with its default weight; the host is an address, [v6] or a name. Or a service name, which
/// has no port. Reports.
std::optional<Endpoint> parse_endpoint_address(const Field& field);

/// As the configuration writes it.
std::string endpoint_text(const Endpoint& endpoint);

/// `api.example.com`, `*.example.com`, an address: lower case, no port. Reports.
std::optional<std::string> parse_host_pattern(const Field& field);

/// Names of listeners, upstreams, header policies and routes: they become labels and parts of URLs.
inline constexpr std::size_t name_bytes_max = 64;
bool is_name(std::string_view text);
/// Reports a key that is no name.
void check_name(const Field& member);

}  // namespace weir::config
