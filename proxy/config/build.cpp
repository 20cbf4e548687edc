#include "config/build.hpp"

#include "config/blocks.hpp"
#include "config/scalars.hpp"

namespace weir::config {
namespace {

void read_root(MapReader& reader, Config& config) {
  Names names;
  config.admin = default_admin();
  reader.optional("server", config.server, parse_server);
  reader.optional("admin", config.admin, parse_admin);
  reader.optional("log", config.log, parse_log);
  reader.optional("trusted_proxies", config.trusted_proxies, list_of(parse_cidr));
  reader.required(
      "listeners", config.listeners,
      [&](const Field& field) { return parse_listeners(field, names.listeners); },
      "define at least one, such as listeners: { http: { address: 0.0.0.0:8080 } }");
  reader.required(
      "upstreams", config.upstreams,
      [&](const Field& field) { return parse_upstreams(field, names.upstreams); },
      "define at least one, such as upstreams: { app: { endpoints: [127.0.0.1:9001] } }");
  reader.optional("rate_limits", config.rate_limits,
                  [&](const Field& field) { return parse_rate_limits(field, names.rate_limits); });
  const auto headers = reader.find("headers");
  config.header_policies = headers ? parse_header_policies(*headers, names.header_policies)
                                   : default_header_policies(names.header_policies);
  reader.optional("access", config.access_lists,
                  [&](const Field& field) { return parse_access_lists(field, names.access_lists); });
  reader.required(
      "routes", config.routes, [&](const Field& field) { return parse_routes(field, names); },
      "define at least one, such as routes: [{ name: all, upstream: app }]");
}

}  // namespace

Config build(const Node& root, Context& context) {
  Config config;
  {
    MapReader reader({root, "", context});
    read_root(reader, config);
  }
  cross_check(root, config, context);
  return config;
}

}  // namespace weir::config
