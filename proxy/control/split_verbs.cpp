#include "control/split_verbs.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "admin/split_report.hpp"
#include "split/promotion.hpp"

namespace weir::control {
namespace {

split::NamedWeights in_force(const SplitReport& report) {
  split::NamedWeights weights;
  for (const SplitTargetReport& target : report.targets)
    weights.emplace_back(target.upstream, target.effective);
  return weights;
}

/// The target that is asked for, or why there is none.
std::variant<std::size_t, std::string> side_of(const WeightsRequest& request,
                                               const split::NamedWeights& configured,
                                               const split::NamedWeights& now) {
  if (request.to.empty()) return split::new_side(configured, now);
  const auto found = std::ranges::find(configured, request.to, &split::NamedWeights::value_type::first);
  if (found != configured.end()) return static_cast<std::size_t>(found - configured.begin());
  return "'" + request.to + "' is no target of this split; its targets are " + split::to_string(configured);
}

RouteVerbOutcome shown(const SplitReport& report) {
  RouteVerbOutcome outcome;
  outcome.json = to_json(report, std::chrono::system_clock::now());
  return outcome;
}

}  // namespace

void SplitVerbs::call(const RouteVerbCall& call, const Reply<RouteVerbOutcome>& reply) const {
  const bool promotes = call.verb == RouteVerb::promote;
  const auto config = host_.config();
  const auto route = std::ranges::find(config->routes, call.route, &config::Route::name);
  if (route == config->routes.end()) return reply(refused_verb(404, "no route has that name"));
  if (split_of(*route) == nullptr) return reply(refused_verb(404, "that route has no split"));
  auto parsed = promotes ? parse_promote_request(call.body) : parse_rollback_request(call.body);
  if (auto* problems = std::get_if<Problems>(&parsed))
    return reply(refused_verb(422, "the weights are not changed", std::move(*problems)));
  auto& request = std::get<WeightsRequest>(parsed);
  if (host_.draining()) return reply(refused_verb(503, "shutting down"));
  if (request.generation && !host_.is_generation(*request.generation))
    return reply(refused_verb(
        409, "another generation than " + *request.generation + " is in use; look again and decide anew"));
  if (host_.rollout_runs(route->name))
    return reply(refused_verb(409, "a rollout runs on route " + route->name + "; use weir rollout " +
                                       (promotes ? "promote " : "rollback ") + route->name));
  const std::string who = asked_by(request.who, call.peer);
  if (promotes) return promote(*config, *route, std::move(request), who, reply);
  roll_back(*config, *route, request, who, reply);
}

void SplitVerbs::promote(const config::Config& config, const config::Route& route, WeightsRequest request,
                         const std::string& who, const Reply<RouteVerbOutcome>& reply) const {
  const split::NamedWeights configured = configured_weights(config, route);
  const SplitReport report = host_.report(route);
  const auto side = side_of(request, configured, in_force(report));
  if (const auto* why = std::get_if<std::string>(&side)) return reply(refused_verb(409, *why));
  const std::size_t index = std::get<std::size_t>(side);
  const SplitTargetReport& target = report.targets[index];
  if (target.healthy == 0)
    return reply(refused_verb(409, target.upstream + " has no endpoint in use (0 of " +
                                       std::to_string(target.total) +
                                       "); split set gives it weight all the same"));
  WeightChange change;
  change.weights = split::all_to(configured, index);
  change.who = who;
  change.reason = std::move(request.reason);
  change.action = "split_promote";
  put(route, change, reply);
}

void SplitVerbs::roll_back(const config::Config& config, const config::Route& route,
                           const WeightsRequest& request, const std::string& who,
                           const Reply<RouteVerbOutcome>& reply) const {
  const auto now = std::chrono::system_clock::now();
  const auto before = splits_.before(config, route, now);
  if (!before)
    return reply(
        refused_verb(409,
                     "no change of the weights is known that could be taken back: none was made since "
                     "the configuration set them, or the last one was a rollback"));
  WeightChange change;
  change.weights = before->weights;
  change.ttl = before->ttl;
  change.who = who;
  change.reason = request.reason;
  change.action = "split_rollback";
  put(route, change, reply);
}

void SplitVerbs::put(const config::Route& route, const WeightChange& change,
                     const Reply<RouteVerbOutcome>& reply) const {
  host_.put(route, change, [reply](const SplitOutcome& outcome) {
    if (outcome.status != 200) return reply(refused_verb(outcome.status, outcome.detail, outcome.errors));
    reply(shown(outcome.report));
  });
}

}  // namespace weir::control
