#include "explain/live_json.hpp"

#include <boost/json.hpp>

namespace weir::control {
namespace {

namespace json = boost::json;

json::object to_object(const LiveBound& bound) {
  return {{"used", bound.used}, {"max", bound.max}};
}

json::object to_object(const LiveSide& side) {
  return {{"upstream", side.upstream}, {"configured", side.configured}, {"weight", side.weight},
          {"usable", side.usable},     {"total", side.total},           {"out", side.out}};
}

json::object to_object(const LiveEndpoint& endpoint) {
  json::object shown{{"address", endpoint.address},         {"state", endpoint.state},
                     {"in_flight", endpoint.requests.used}, {"max_connections", endpoint.requests.max},
                     {"weight", endpoint.weight},           {"effective_weight", endpoint.effective_weight},
                     {"slow_start", endpoint.slow_start},   {"share", endpoint.share}};
  for (const auto& [name, text] : {std::pair{"why", &endpoint.why},
                                   {"since", &endpoint.since},
                                   {"until", &endpoint.until},
                                   {"not_picked", &endpoint.unpicked}}) {
    if (!text->empty()) shown[name] = *text;
  }
  if (endpoint.latency_ms) shown["latency_ms"] = *endpoint.latency_ms;
  return shown;
}

json::object to_object(const LiveUpstream& upstream) {
  json::array endpoints;
  for (const LiveEndpoint& endpoint : upstream.endpoints) endpoints.push_back(to_object(endpoint));
  json::object shown{{"name", upstream.name},
                     {"queue", to_object(upstream.queue)},
                     {"retries", {{"last_10s", upstream.retries}, {"allowed", upstream.retries_allowed}}},
                     {"panic", upstream.panic},
                     {"shares_are_a_sample", upstream.by_chance},
                     {"next", upstream.next},
                     {"endpoints", std::move(endpoints)}};
  if (upstream.requests.max != 0) shown["requests"] = to_object(upstream.requests);
  return shown;
}

}  // namespace

json::object live_json(const PresentFacts& facts) {
  json::object shown{{"generation", facts.generation},
                     {"config", facts.config_hash},
                     {"state", facts.state},
                     {"workers", facts.workers},
                     {"pressure", facts.pressure}};
  if (!facts.pressed_by.empty()) shown["pressed_by"] = facts.pressed_by;
  if (facts.in_flight) shown["max_in_flight"] = to_object(*facts.in_flight);
  if (facts.pause)
    shown["pause"] = {{"said", facts.pause->said}, {"waiting", to_object(facts.pause->waiting)}};
  if (!facts.sides.empty()) {
    json::array sides;
    for (const LiveSide& side : facts.sides) sides.push_back(to_object(side));
    shown["sides"] = std::move(sides);
    shown["weights_set"] = facts.weights_set;
  }
  if (facts.upstream) shown["upstream"] = to_object(*facts.upstream);
  return shown;
}

}  // namespace weir::control
