#include "config/dump.hpp"

#include <algorithm>

#include "config/hosts.hpp"
#include "config/json_text.hpp"
#include "config/names.hpp"
#include "config/rates.hpp"
#include "config/shares.hpp"
#include "config/statuses.hpp"
#include "core/units.hpp"
#include "http/text.hpp"

namespace weir::config {
namespace {

void duration(JsonText& json, std::string_view key, Milliseconds value) {
  json.text(key, format_duration(value));
}
void size(JsonText& json, std::string_view key, std::uint64_t bytes) {
  json.text(key, format_size(bytes));
}

void texts(JsonText& json, std::string_view key, const std::vector<std::string>& values) {
  json.open_list(key);
  for (const std::string& value : values) json.text({}, value);
  json.close();
}

void headers(JsonText& json, std::string_view key, const std::vector<NameValue>& values) {
  json.open_object(key);
  for (const auto& [name, value] : values) json.text(name, is_secret_header(name) ? secret_blank : value);
  json.close();
}

void put_resolver(JsonText& json, const Resolver& resolver) {
  json.open_object("resolver");
  json.open_list("servers");
  for (const SocketAddress& server : resolver.servers) json.text({}, server.to_string());
  json.close();
  duration(json, "min_ttl", resolver.min_ttl);
  duration(json, "max_ttl", resolver.max_ttl);
  duration(json, "timeout", resolver.timeout);
  json.number("tries", resolver.tries);
  json.text("ipv6", name_of(resolve_ipv6s, resolver.ipv6));
  json.close();
}

void put_server(JsonText& json, const Server& server) {
  json.open_object("server");
  if (server.workers == 0) {
    json.text("workers", "auto");
  } else {
    json.number("workers", server.workers);
  }
  duration(json, "shutdown_delay", server.shutdown_delay);
  duration(json, "shutdown_timeout", server.shutdown_timeout);
  duration(json, "reload_guard", server.reload_guard);
  json.number("max_connections", server.max_connections);
  json.text("state_dir", server.state_dir);
  put_resolver(json, server.resolver);
  json.open_object("overload");
  json.number("start_percent", server.overload.start_percent);
  if (server.overload.max_memory) {
    size(json, "max_memory", *server.overload.max_memory);
  } else {
    json.text("max_memory", "auto");
  }
  duration(json, "retry_after", server.overload.retry_after);
  json.close();
  json.text("zone", server.zone);
  json.close();
}

void put_admin(JsonText& json, const Admin& admin) {
  json.open_object("admin");
  json.text("address", admin.address.to_string());
  json.text("token", admin.token.empty() ? "" : secret_blank);
  json.text("read_token", admin.read_token.empty() ? "" : secret_blank);
  texts(json, "hosts", admin.hosts);
  json.close();
}

void put_log(JsonText& json, const Log& log) {
  json.open_object("log");
  json.text("level", name_of(log_levels, log.level));
  json.text("format", name_of(log_formats, log.format));
  json.text("output", log.output);
  json.open_object("access");
  json.text("output", log.access.output);
  json.text("format", "json");
  json.truth("enabled", log.access.enabled);
  json.close();
  json.close();
}

void put_listener_tls(JsonText& json, const ListenerTls& tls) {
  json.open_object("tls");
  json.open_list("certificates");
  for (const CertificatePair& pair : tls.certificates) {
    json.open_object();
    json.text("cert", pair.cert);
    json.text("key", pair.key);
    json.close();
  }
  json.close();
  json.text("min_version", name_of(tls_versions, tls.min_version));
  texts(json, "groups", tls.groups);
  texts(json, "alpn", tls.alpn);
  json.text("unknown_sni", name_of(unknown_snis, tls.unknown_sni));
  json.open_object("client_auth");
  json.text("mode", name_of(client_auths, tls.client_auth));
  json.text("ca", tls.client_auth_ca);
  json.close();
  texts(json, "ticket_keys", tls.ticket_keys);
  json.close();
}

void put_limits(JsonText& json, const ListenerLimits& limits) {
  json.open_object("limits");
  size(json, "header_bytes", limits.header_bytes);
  json.number("header_count", limits.header_count);
  size(json, "uri_bytes", limits.uri_bytes);
  size(json, "body_bytes", limits.body_bytes);
  duration(json, "header_timeout", limits.header_timeout);
  duration(json, "body_idle_timeout", limits.body_idle_timeout);
  size(json, "body_min_rate", limits.body_min_rate);
  duration(json, "send_timeout", limits.send_timeout);
  size(json, "response_min_rate", limits.response_min_rate);
  size(json, "discard_bytes", limits.discard_bytes);
  size(json, "discard_min_rate", limits.discard_min_rate);
  duration(json, "discard_timeout", limits.discard_timeout);
  duration(json, "idle_timeout", limits.idle_timeout);
  json.number("requests_per_connection", limits.requests_per_connection);
  json.number("connections_per_client", limits.connections_per_client);
  json.number("concurrent_streams", limits.concurrent_streams);
  duration(json, "connection_max_age", limits.connection_max_age);
  duration(json, "tunnel_max_age", limits.tunnel_max_age);
  json.close();
}

void put_protocols(JsonText& json, const PlainProtocols& protocols) {
  json.open_list("protocols");
  if (protocols.http1) json.text({}, "http/1.1");
  if (protocols.h2c) json.text({}, "h2c");
  json.close();
}

void put_listener(JsonText& json, const Listener& listener) {
  json.open_object(listener.name);
  json.text("address", listener.address.to_string());
  json.text("proxy_protocol", name_of(proxy_protocols, listener.proxy_protocol));
  json.text("path", name_of(path_forms, listener.path));
  if (listener.redirect_to_https) {
    json.open_object("redirect_to_https");
    json.number("port", listener.redirect_to_https->port);
    json.number("status", static_cast<std::uint64_t>(listener.redirect_to_https->status));
    json.close();
  }
  if (listener.tls) {
    put_listener_tls(json, *listener.tls);
  } else {
    put_protocols(json, listener.protocols);
  }
  put_limits(json, listener.limits);
  json.close();
}

template <std::size_t N>
void bits(JsonText& json, std::string_view key, const Choice<Failure> (&choices)[N], std::uint16_t value) {
  json.open_list(key);
  for (const Choice<Failure>& choice : choices) {
    if ((value & choice.value) != 0) json.text({}, choice.name);
  }
  json.close();
}

void put_endpoints(JsonText& json, const std::vector<Endpoint>& endpoints) {
  json.open_list("endpoints");
  for (const Endpoint& endpoint : endpoints) {
    json.open_object();
    json.text("address", endpoint_text(endpoint));
    if (endpoint.port != 0) json.number("weight", endpoint.weight);  // SRV records say their own
    json.number("max_connections", endpoint.max_connections);
    json.truth("backup", endpoint.backup);
    json.text("zone", endpoint.zone);
    json.close();
  }
  json.close();
}

void put_upstream_tls(JsonText& json, const UpstreamTls& tls) {
  json.open_object("tls");
  json.truth("verify", tls.verify);
  json.text("ca", tls.ca);
  json.text("server_name", tls.server_name);
  json.text("cert", tls.cert);
  json.text("key", tls.key);
  json.close();
}

void put_timeouts(JsonText& json, const Timeouts& timeouts) {
  json.open_object("timeouts");
  duration(json, "connect", timeouts.connect);
  duration(json, "send", timeouts.send);
  duration(json, "response", timeouts.response);
  duration(json, "idle", timeouts.idle);
  duration(json, "total", timeouts.total);
  json.close();
}

void put_passive_health(JsonText& json, const PassiveHealth& health) {
  json.open_object("passive_health");
  json.number("consecutive_failures", health.consecutive_failures);
  json.text("failure_rate", health.failure_rate == 0 ? "0" : std::to_string(health.failure_rate) + "%");
  json.number("min_requests", health.min_requests);
  duration(json, "window", health.window);
  bits(json, "failures", failures, health.failures);
  duration(json, "ejection_time", health.ejection_time);
  duration(json, "max_ejection_time", health.max_ejection_time);
  json.number("max_ejection_percent", health.max_ejection_percent);
  json.close();
}

void put_health_check(JsonText& json, const HealthCheck& check) {
  json.open_object("health_check");
  json.text("type", name_of(health_check_types, check.type));
  const bool http = check.type == HealthCheck::Type::http;
  if (http) json.text("path", check.path);
  if (check.type == HealthCheck::Type::grpc) {
    json.open_object("grpc");
    json.text("service", check.grpc_service);
    json.close();
  }
  if (check.type != HealthCheck::Type::tcp) json.text("host", check.host);
  if (http) json.text("expect", format_statuses(check.expect));
  if (check.type != HealthCheck::Type::tcp) headers(json, "headers", check.headers);
  duration(json, "interval", check.interval);
  duration(json, "timeout", check.timeout);
  json.number("healthy_threshold", check.healthy_threshold);
  json.number("unhealthy_threshold", check.unhealthy_threshold);
  json.close();
}

void put_protocol(JsonText& json, const Upstream& upstream) {
  json.text("protocol", name_of(upstream_protocols, upstream.protocol));
  if (upstream.protocol == UpstreamProtocol::http1) return;
  json.open_object("h2");
  json.number("connections", upstream.h2.connections);
  json.number("max_streams", upstream.h2.max_streams);
  json.close();
}

void put_keepalive(JsonText& json, const Keepalive& keepalive) {
  json.open_object("keepalive");
  json.number("max_idle", keepalive.max_idle);
  duration(json, "idle_timeout", keepalive.idle_timeout);
  json.number("max_requests", keepalive.max_requests);
  duration(json, "max_age", keepalive.max_age);
  json.close();
}

void put_upstream(JsonText& json, const Upstream& upstream) {
  json.open_object(upstream.name);
  json.text("balance", name_of(balances, upstream.balance));
  json.text("hash_key", format_hash_key(upstream.hash_key));
  put_endpoints(json, upstream.endpoints);
  if (upstream.tls) put_upstream_tls(json, *upstream.tls);
  put_protocol(json, upstream);
  put_timeouts(json, upstream.timeouts);
  put_keepalive(json, upstream.keepalive);
  put_passive_health(json, upstream.passive_health);
  if (upstream.health_check) put_health_check(json, *upstream.health_check);
  json.open_object("retry");
  json.number("attempts", upstream.retry.attempts);
  bits(json, "on", retry_reasons, upstream.retry.on);
  json.truth("non_idempotent", upstream.retry.non_idempotent);
  size(json, "buffer_bytes", upstream.retry.buffer_bytes);
  json.open_object("budget");
  json.number("percent", upstream.retry.budget.percent);
  json.number("min_per_second", upstream.retry.budget.min_per_second);
  json.close();
  json.close();
  duration(json, "slow_start", upstream.slow_start);
  json.open_object("queue");
  json.number("max", upstream.queue.max);
  duration(json, "timeout", upstream.queue.timeout);
  json.close();
  json.number("max_requests", upstream.max_requests);
  json.close();
}

void put_rate_limit(JsonText& json, const RateLimit& limit) {
  json.open_object(limit.name);
  if (limit.key.size() == 1) {
    json.text("key", format_rate_limit_key(limit.key.front()));
  } else {
    json.open_list("key");
    for (const RateLimitKey& part : limit.key) json.text({}, format_rate_limit_key(part));
    json.close();
  }
  json.text("rate", format_rate(limit.rate));
  json.number("burst", limit.burst);
  json.number("ipv6_prefix", limit.ipv6_prefix);
  json.number("max_keys", limit.max_keys);
  json.truth("shadow", limit.shadow);
  json.text("on_missing_key", name_of(on_missing_keys, limit.on_missing_key));
  json.number("status", static_cast<std::uint64_t>(limit.status));
  json.truth("headers", limit.headers);
  json.text("store", "local");
  json.close();
}

void put_policy(JsonText& json, const HeaderPolicy& policy) {
  json.open_object(policy.name);
  json.open_object("response");
  headers(json, "set", policy.response.set);
  headers(json, "set_on_tls", policy.response.set_on_tls);
  headers(json, "set_if_absent", policy.response.set_if_absent);
  headers(json, "set_if_absent_on_tls", policy.response.set_if_absent_on_tls);
  texts(json, "remove", policy.response.remove);
  json.close();
  json.open_object("request");
  headers(json, "set", policy.request.set);
  texts(json, "remove", policy.request.remove);
  json.close();
  json.close();
}

void cidrs(JsonText& json, std::string_view key, const std::vector<Cidr>& blocks) {
  json.open_list(key);
  for (const Cidr& cidr : blocks) json.text({}, cidr.to_string());
  json.close();
}

void put_access_list(JsonText& json, const AccessList& list) {
  json.open_object(list.name);
  cidrs(json, "allow", list.allow);
  cidrs(json, "deny", list.deny);
  json.close();
}

void put_header_match(JsonText& json, const HeaderMatch& match) {
  if (match.kind == HeaderMatch::Kind::present) {
    json.truth(match.name, true);
  } else if (is_secret_header(match.name)) {
    json.text(match.name, secret_blank);
  } else {
    json.text(match.name, match.kind == HeaderMatch::Kind::regex ? "~" + match.value : match.value);
  }
}

void put_match(JsonText& json, const RouteMatch& match, const Config& config) {
  constexpr std::string_view path_keys[] = {"path_prefix", "path", "path_regex"};
  json.open_object("match");
  texts(json, "hosts", match.hosts);
  json.text(path_keys[static_cast<std::size_t>(match.path.kind)], match.path.text);
  texts(json, "methods", match.methods);
  json.open_object("headers");
  for (const HeaderMatch& header : match.headers) put_header_match(json, header);
  json.close();
  json.open_list("listeners");
  for (const std::size_t index : match.listeners) json.text({}, config.listeners[index].name);
  json.close();
  json.text("scheme", name_of(schemes, match.scheme));
  json.close();
}

void put_timeouts(JsonText& json, const TimeoutsOverride& timeouts) {
  const auto put = [&](std::string_view key, const std::optional<Milliseconds>& value) {
    if (value) duration(json, key, *value);
  };
  json.open_object("timeouts");
  put("connect", timeouts.connect);
  put("send", timeouts.send);
  put("response", timeouts.response);
  put("idle", timeouts.idle);
  put("total", timeouts.total);
  json.close();
}

std::string affinity_text(const SplitAffinity& affinity) {
  switch (affinity.by) {
    case AffinityBy::none:
      return "none";
    case AffinityBy::client_ip:
      return "client_ip";
    case AffinityBy::header:
      return "header:" + affinity.header;
    case AffinityBy::cookie:
      return "cookie";
  }
  return {};
}

void put_override(JsonText& json, const SplitOverride& rule, const std::string& upstream) {
  const std::string value = is_secret_header(rule.name) ? std::string(secret_blank) : rule.value;
  json.open_object();
  json.text(rule.cookie ? "cookie" : "header", rule.name + (rule.cookie ? "=" : ": ") + value);
  json.text("upstream", upstream);
  json.close();
}

void put_split(JsonText& json, const Split& split, const Config& config) {
  const auto name = [&](std::size_t target) { return config.upstreams[split.targets[target].upstream].name; };
  json.open_object("split");
  json.open_list("targets");
  for (std::size_t i = 0; i < split.targets.size(); ++i) {
    json.open_object();
    json.text("upstream", name(i));
    json.number("weight", split.targets[i].weight);
    json.close();
  }
  json.close();
  json.open_object("affinity");
  json.text("by", affinity_text(split.affinity));
  duration(json, "ttl", split.affinity.ttl);
  json.close();
  json.text("drain_affinity", name_of(drain_affinities, split.drain_affinity));
  json.open_list("overrides");
  for (const SplitOverride& rule : split.overrides) put_override(json, rule, name(rule.target));
  json.close();
  json.close();
}

std::string percent_text(std::uint32_t basis_points) {
  return format_share(basis_points) + '%';
}

void put_failures(JsonText& json, const RolloutFailures& failures_named) {
  json.open_list("failures");
  for (const auto& choice : rollout_failures) {
    if ((failures_named.kinds & choice.value) != 0) json.text({}, choice.name);
  }
  for (const StatusRange& range : failures_named.statuses) json.text({}, format_statuses({range}));
  json.close();
}

void put_rollout(JsonText& json, const Rollout& rollout, const Split& split, const Config& config) {
  const auto name = [&](std::size_t target) { return config.upstreams[split.targets[target].upstream].name; };
  json.open_object("rollout");
  json.text("canary", name(rollout.canary));
  json.text("baseline", rollout.baseline ? name(*rollout.baseline) : std::string());
  json.open_list("steps");
  for (const std::uint32_t step : rollout.steps) json.decimal({}, format_share(step));
  json.close();
  duration(json, "hold", rollout.hold);
  duration(json, "max_hold", rollout.max_hold);
  json.number("min_requests", rollout.min_requests);
  json.number("min_clients", rollout.min_clients);
  duration(json, "warmup", rollout.warmup);
  json.text("false_rollback", percent_text(rollout.false_rollback));
  put_failures(json, rollout.failures);
  json.truth("client_errors", rollout.client_errors);
  json.truth("latency", rollout.latency);
  json.open_object("tolerate");
  json.text("failures", percent_text(rollout.tolerate_failures));
  json.text("latency", std::to_string(rollout.tolerate_latency) + '%');
  json.close();
  json.text("on_low_traffic", name_of(on_low_traffics, rollout.on_low_traffic));
  json.text("on_shared_cause", name_of(on_shared_causes, rollout.on_shared_cause));
  json.number("replicas", rollout.replicas);
  json.text("salt", rollout.salt.empty() ? "" : secret_blank);
  json.close();
}

void put_mirror(JsonText& json, const Mirror& mirror, const Config& config) {
  json.open_object("mirror");
  json.text("upstream", config.upstreams[mirror.upstream].name);
  json.decimal("percent", format_percent(mirror.share));
  json.text("credentials", name_of(mirror_credentials, mirror.credentials));
  size(json, "body_bytes", mirror.body_bytes);
  json.number("max_in_flight", mirror.max_in_flight);
  json.close();
}

void put_action(JsonText& json, const ProxyAction& action, const Config& config) {
  if (action.split) {
    put_split(json, *action.split, config);
  } else {
    json.text("upstream", config.upstreams[action.upstream].name);
  }
  if (action.rollout) put_rollout(json, *action.rollout, *action.split, config);
  if (action.mirror) put_mirror(json, *action.mirror, config);
  if (action.rewrite_path) {
    json.open_object("rewrite");
    json.text("path", *action.rewrite_path);
    json.close();
  }
  put_timeouts(json, action.timeouts);
  json.truth("websocket", action.websocket);
}

void put_action(JsonText& json, const RedirectAction& action, const Config&) {
  json.open_object("redirect");
  json.text("to", action.to);
  json.number("status", static_cast<std::uint64_t>(action.status));
  json.close();
}

void put_action(JsonText& json, const RespondAction& action, const Config&) {
  json.open_object("respond");
  json.number("status", static_cast<std::uint64_t>(action.status));
  json.number("body_bytes", action.body.size());
  json.text("content_type", action.content_type);
  headers(json, "headers", action.headers);
  json.close();
}

void put_route(JsonText& json, const Route& route, const Config& config) {
  json.open_object();
  json.text("name", route.name);
  put_match(json, route.match, config);
  json.open_list("rate_limits");
  for (const std::size_t index : route.rate_limits) json.text({}, config.rate_limits[index].name);
  json.close();
  json.open_list("headers");
  for (const std::size_t index : route.headers) json.text({}, config.header_policies[index].name);
  json.close();
  json.open_list("access");
  for (const std::size_t index : route.access) json.text({}, config.access_lists[index].name);
  json.close();
  json.number("max_in_flight", route.max_in_flight);
  json.truth("access_log", route.access_log);
  std::visit([&](const auto& action) { put_action(json, action, config); }, route.action);
  if (std::holds_alternative<ProxyAction>(route.action)) json.truth("grpc_web", route.grpc_web);
  json.close();
}

}  // namespace

bool is_secret_header(std::string_view name) {
  constexpr std::string_view signs[] = {"authorization", "cookie",  "token", "secret",
                                        "password",      "api-key", "apikey"};
  const std::string folded = http::lower(name);
  return std::any_of(std::begin(signs), std::end(signs),
                     [&](std::string_view sign) { return folded.find(sign) != std::string::npos; });
}

std::string dump(const Config& config) {
  JsonText json;
  json.open_object();
  put_server(json, config.server);
  put_admin(json, config.admin);
  put_log(json, config.log);
  cidrs(json, "trusted_proxies", config.trusted_proxies);
  json.open_object("listeners");
  for (const Listener& listener : config.listeners) put_listener(json, listener);
  json.close();
  json.open_object("upstreams");
  for (const Upstream& upstream : config.upstreams) put_upstream(json, upstream);
  json.close();
  json.open_object("rate_limits");
  for (const RateLimit& limit : config.rate_limits) put_rate_limit(json, limit);
  json.close();
  json.open_object("headers");
  for (const HeaderPolicy& policy : config.header_policies) put_policy(json, policy);
  json.close();
  json.open_object("access");
  for (const AccessList& list : config.access_lists) put_access_list(json, list);
  json.close();
  json.open_list("routes");
  for (const Route& route : config.routes) put_route(json, route, config);
  json.close();
  json.close();
  return json.take();
}

}  // namespace weir::config
