#include <boost/json.hpp>
#include <string>

#include "config/names.hpp"
#include "explain/explanation.hpp"
#include "explain/live_json.hpp"

namespace weir::control {
namespace {

namespace json = boost::json;

/// Names may repeat, so fields are a list.
json::array fields(const std::vector<config::NameValue>& values) {
  json::array list;
  for (const auto& [name, value] : values) list.push_back({{"name", name}, {"value", value}});
  return list;
}

json::array texts(const std::vector<std::string>& values) {
  return json::array(values.begin(), values.end());
}

json::object considered(const ConsideredRoute& route) {
  json::array conditions;
  for (const route::Finding& finding : route.findings) {
    conditions.push_back({{"holds", finding.holds}, {"text", finding.text}});
  }
  return {{"name", route.name}, {"index", route.index}, {"conditions", std::move(conditions)}};
}

json::array limits(const std::vector<MetLimit>& met) {
  json::array list;
  for (const MetLimit& limit : met) {
    json::object shown{{"name", limit.name},      {"rate", limit.rate},     {"burst", limit.burst},
                       {"key", texts(limit.key)}, {"shadow", limit.shadow}, {"effect", limit.effect}};
    if (limit.bucket) {
      shown["tokens"] = limit.bucket->tokens;
      shown["next_token_in"] = limit.bucket->next;
      shown["bucket_known"] = limit.bucket->known;
    }
    list.push_back(std::move(shown));
  }
  return list;
}

json::object answer(const OwnAnswer& own) {
  json::object shown{
      {"status", own.status}, {"headers", fields(own.headers)}, {"body_bytes", own.body_bytes}};
  if (!own.reason.empty()) shown["reason"] = own.reason;
  return shown;
}

json::object proxy(const ProxyPlan& plan) {
  json::array endpoints;
  for (const config::Endpoint& endpoint : plan.endpoints) {
    endpoints.push_back({{"host", endpoint.host},
                         {"port", endpoint.port},
                         {"weight", endpoint.weight},
                         {"max_connections", endpoint.max_connections},
                         {"backup", endpoint.backup},
                         {"zone", endpoint.zone}});
  }
  json::array split;
  for (const SplitShare& share : plan.split) {
    split.push_back({{"upstream", share.upstream}, {"weight", share.weight}});
  }
  json::object timeouts;
  for (const auto& [name, value] : plan.timeouts) timeouts[name] = value;
  json::object shown{{"upstream", plan.upstream},
                     {"balance", plan.balance},
                     {"tls", plan.tls},
                     {"protocol", config::name_of(config::upstream_protocols, plan.protocol)},
                     {"endpoints", std::move(endpoints)},
                     {"timeouts", std::move(timeouts)},
                     {"retry", plan.retry},
                     {"websocket", plan.websocket},
                     {"request", texts(plan.request_lines)}};
  if (!plan.health_check.empty()) shown["health_check"] = plan.health_check;
  if (!plan.hash_key.empty()) shown["hash_key"] = plan.hash_key;
  if (!plan.at_once.empty()) shown["at_once"] = plan.at_once;
  if (!plan.zone.empty()) shown["zone"] = plan.zone;
  if (!plan.split.empty()) shown["split"] = {{"targets", std::move(split)}, {"why", plan.split_rule}};
  if (!plan.rollout.empty()) shown["rollout"] = plan.rollout;
  if (!plan.grpc.empty()) shown["grpc"] = plan.grpc;
  if (!plan.mirror.empty()) shown["mirror"] = plan.mirror;
  return shown;
}

}  // namespace

std::string show_json(const Explanation& explanation) {
  json::object whole{{"method", explanation.method},
                     {"url", explanation.url},
                     {"listener",
                      {{"name", explanation.listener},
                       {"address", explanation.listener_address},
                       {"tls", explanation.tls},
                       {"note", explanation.listener_note}}},
                     {"client",
                      {{"peer", explanation.peer},
                       {"ip", explanation.client_ip},
                       {"peer_trusted", explanation.peer_trusted}}},
                     {"host", explanation.host},
                     {"path", explanation.path},
                     {"outcome", to_string(explanation.ending)},
                     {"access_log", explanation.access_log}};
  whole["route"] = explanation.route ? json::value(considered(*explanation.route)) : json::value(nullptr);
  json::array access;
  for (const AccessFinding& finding : explanation.access) {
    access.push_back({{"list", finding.list}, {"admits", finding.admits}, {"text", finding.text}});
  }
  whole["access"] = std::move(access);
  whole["max_in_flight"] = explanation.max_in_flight;
  json::array earlier;
  for (const ConsideredRoute& route : explanation.earlier) earlier.push_back(considered(route));
  whole["earlier_routes"] = std::move(earlier);
  whole["earlier_routes_omitted"] = explanation.earlier_omitted;
  whole["rate_limits"] = limits(explanation.limits);
  if (explanation.ending == Ending::proxy) {
    whole["proxy"] = proxy(explanation.proxy);
  } else {
    whole["answer"] = answer(explanation.answer);
  }
  whole["response"] = {{"policies", texts(explanation.policies)},
                       {"set", fields(explanation.response.set)},
                       {"set_if_absent", fields(explanation.response.set_if_absent)},
                       {"remove", texts(explanation.response.removed)}};
  if (explanation.live) whole["live"] = live_json(*explanation.live);
  return json::serialize(whole) + '\n';
}

}  // namespace weir::control
