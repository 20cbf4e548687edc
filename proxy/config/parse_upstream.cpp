#include <algorithm>
#include <map>
#include <utility>

#include "config/blocks.hpp"
#include "config/hosts.hpp"
#include "config/parse_health.hpp"
#include "config/scalars.hpp"

namespace weir::config {
namespace {

constexpr std::uint32_t max_idle_max = 100'000;
constexpr std::uint32_t count_max = 1'000'000'000;
constexpr std::uint32_t attempts_max = 5;
constexpr std::uint32_t retries_per_second_max = 1'000'000;
constexpr std::uint64_t retry_buffer_bytes_max = 64ULL * 1024 * 1024;

std::vector<Endpoint> parse_endpoints(const Field& field) {
  std::vector<Endpoint> endpoints;
  std::map<std::pair<std::string, std::uint16_t>, std::string> seen;
  for (const Field& element : elements(field)) {
    auto endpoint = parse_endpoint(element);
    if (!endpoint) continue;
    const auto [first, fresh] = seen.emplace(std::pair(endpoint->host, endpoint->port), element.path);
    if (!fresh) {
      element.report("the same address as " + first->second, "remove one, or give one of them more weight");
    }
    endpoints.push_back(std::move(*endpoint));
  }
  if (field.node.is_list() && field.node.children.empty()) {
    field.report("is empty", "name at least one, such as [127.0.0.1:9001]");
  }
  if (!endpoints.empty() && std::ranges::all_of(endpoints, &Endpoint::backup)) {
    field.report("every endpoint is a backup", "leave one of them without backup: true");
  }
  return endpoints;
}

std::optional<std::string> parse_server_name(const Field& field) {
  auto name = parse_text(field);
  if (!name || name->empty() || is_dns_name(*name) || IpAddress::parse(*name)) return name;
  field.report(quote(*name) + " is not a host",
               "write the name on the endpoints' certificate, such as app.internal");
  return std::nullopt;
}

UpstreamTls parse_upstream_tls(const Field& field) {
  UpstreamTls tls;
  MapReader reader(field);
  const Surroundings& surroundings = field.context.surroundings;
  reader.optional("verify", tls.verify, parse_truth);
  if (reader.optional("ca", tls.ca, parse_filled_text) && tls.ca != "system") {
    if (const auto wrong = surroundings.check_ca(tls.ca)) {
      field.context.report(field.node.find("ca")->mark, join_path(field.path, "ca"), *wrong,
                           "write system, or name a PEM file of CA certificates");
    }
  }
  reader.optional("server_name", tls.server_name, parse_server_name);
  reader.optional("cert", tls.cert, parse_text);
  reader.optional("key", tls.key, parse_text);
  if (tls.cert.empty() != tls.key.empty()) {
    reader.report("cert and key go together", "set both or none");
  } else if (!tls.cert.empty()) {
    if (const auto wrong = surroundings.check_certificate({tls.cert, tls.key})) {
      reader.report(*wrong, "name a PEM certificate and the key that belongs to it");
    }
  }
  return tls;
}

Timeouts parse_timeouts(const Field& field) {
  Timeouts timeouts;
  MapReader reader(field);
  reader.optional("connect", timeouts.connect, parse_positive_duration);
  reader.optional("send", timeouts.send, parse_positive_duration);
  reader.optional("response", timeouts.response, parse_positive_duration);
  reader.optional("idle", timeouts.idle, parse_positive_duration);
  reader.optional("total", timeouts.total, parse_any_duration);
  return timeouts;
}

Keepalive parse_keepalive(const Field& field) {
  Keepalive keepalive;
  MapReader reader(field);
  reader.optional("max_idle", keepalive.max_idle, number_between(std::uint32_t{0}, max_idle_max));
  reader.optional("idle_timeout", keepalive.idle_timeout, parse_positive_duration);
  reader.optional("max_requests", keepalive.max_requests, number_between(std::uint32_t{0}, count_max));
  reader.optional("max_age", keepalive.max_age, parse_any_duration);
  return keepalive;
}

/// A list of words as bits.
template <std::size_t N>
auto bits_of(const Choice<Failure> (&choices)[N]) {
  return [&choices](const Field& field) {
    unsigned bits = 0;
    for (const Failure bit : list_of(one_of(choices))(field)) bits |= bit;
    return static_cast<std::uint16_t>(bits);
  };
}

RetryBudget parse_retry_budget(const Field& field) {
  RetryBudget budget;
  MapReader reader(field);
  reader.optional("percent", budget.percent, number_between(0U, 100U));
  reader.optional("min_per_second", budget.min_per_second,
                  number_between(std::uint32_t{0}, retries_per_second_max));
  return budget;
}

Retry parse_retry(const Field& field) {
  Retry retry;
  MapReader reader(field);
  reader.optional("attempts", retry.attempts, number_between(std::uint32_t{0}, attempts_max));
  reader.optional("on", retry.on, bits_of(retry_reasons));
  reader.optional("non_idempotent", retry.non_idempotent, parse_truth);
  reader.optional("buffer_bytes", retry.buffer_bytes, size_between(std::uint64_t{0}, retry_buffer_bytes_max));
  reader.optional("budget", retry.budget, parse_retry_budget);
  return retry;
}

/// The targets of SRV records come from DNS and prove nothing, and no certificate has the service name.
void check_service_tls(const MapReader& reader, const Upstream& upstream) {
  if (!upstream.tls || !upstream.tls->verify || !upstream.tls->server_name.empty()) return;
  for (const Endpoint& endpoint : upstream.endpoints) {
    if (endpoint.port != 0) continue;
    reader.report("TLS to the service name " + quote(endpoint.host) + " has no name to verify",
                  "set tls.server_name to the name on the endpoints' certificate");
    return;
  }
}

Upstream parse_upstream(const Field& field) {
  Upstream upstream;
  upstream.name = field.node.key;
  MapReader reader(field);
  parse_policy(reader, upstream);
  reader.required("endpoints", upstream.endpoints, parse_endpoints,
                  "name at least one, such as [127.0.0.1:9001]");
  reader.optional("tls", upstream.tls, parse_upstream_tls);
  check_service_tls(reader, upstream);
  parse_protocol(reader, upstream);
  reader.optional("timeouts", upstream.timeouts, parse_timeouts);
  reader.optional("keepalive", upstream.keepalive, parse_keepalive);
  reader.optional("passive_health", upstream.passive_health, parse_passive_health);
  reader.optional("health_check", upstream.health_check, parse_health_check);
  reader.optional("retry", upstream.retry, parse_retry);
  parse_load(reader, upstream);
  check_protocol(reader, upstream);
  return upstream;
}

}  // namespace

std::vector<Upstream> parse_upstreams(const Field& field, NameIndex& names) {
  std::vector<Upstream> upstreams;
  names.add_keys(field.node);
  for (const Field& member : members(field)) {
    check_name(member);
    upstreams.push_back(parse_upstream(member));
  }
  if (field.node.is_map() && field.node.children.empty()) {
    field.report("is empty", "define at least one, such as app: { endpoints: [127.0.0.1:9001] }");
  }
  return upstreams;
}

}  // namespace weir::config
