#include "admin/rollout_report.hpp"

#include <boost/json.hpp>
#include <cmath>
#include <utility>

#include "admin/json_number.hpp"
#include "admin/json_objects.hpp"

namespace weir::control {

namespace json = boost::json;

namespace {

/// Three digits behind the point: a program can read more, and people cannot.
json::value rounded(double value) {
  return json_number(std::round(value * 1'000) / 1'000);
}

json::object to_object(const RolloutReport::Side& side, bool by_client) {
  json::object shown{
      {"requests", side.requests}, {"failed", side.failed}, {"client_errors", side.client_errors}};
  if (by_client) shown["clients"] = side.clients;
  if (side.p95_ms) shown["p95_ms"] = rounded(*side.p95_ms);
  return shown;
}

json::object to_object(const RolloutReport::Done& done) {
  return {{"number", done.number},
          {"at", time_text(done.at)},
          {"kind", done.kind},
          {"cause", done.cause},
          {"from_percent", json_number(done.from_percent)},
          {"to_percent", json_number(done.to_percent)},
          {"sentence", done.sentence}};
}

void add_progress(json::object& shown, const RolloutReport& report) {
  shown["weight_percent"] = json_number(report.weight_percent);
  shown["step"] = report.step;
  shown["seconds"] = rounded(report.seconds);
  shown["step_seconds"] = rounded(report.step_seconds);
  shown["hold"] = {{"seconds", rounded(report.hold_seconds)},
                   {"of_seconds", rounded(report.hold_of_seconds)}};
  shown["warmup_seconds"] = rounded(report.warmup_seconds);
  shown["min_requests"] = report.min_requests;
  if (report.by_client) shown["min_clients"] = report.min_clients;
  shown["sides"] = {{"canary", to_object(report.canary_side, report.by_client)},
                    {"comparison", to_object(report.comparison_side, report.by_client)}};
  json::object evidence;
  for (const RolloutReport::Evidence& each : report.evidence)
    evidence[json::string_view(each.family.data(), each.family.size())] = rounded(each.value);
  evidence["limit"] = rounded(report.limit);
  evidence["suspicion"] = rounded(report.suspicion);
  shown["evidence"] = std::move(evidence);
}

}  // namespace

json::object to_object(const RolloutReport& report) {
  json::array steps;
  for (const double step : report.steps) steps.push_back(json_number(step));
  json::object shown{{"route", report.route},   {"tag", report.tag},
                     {"state", report.state},   {"held", json::array(report.held.begin(), report.held.end())},
                     {"canary", report.canary}, {"comparison", report.comparison},
                     {"stable", report.stable}, {"steps", std::move(steps)}};
  if (report.id == 0) return shown;
  shown["id"] = report.id;
  shown["who"] = report.who;
  shown["reason"] = report.reason;
  shown["started"] = time_text(report.started);
  shown["keep"] = report.keep;
  shown["unit"] = report.by_client ? "client" : "request";
  shown["replicas"] = report.replicas;
  shown["restarts"] = report.restarts;
  add_progress(shown, report);
  json::array done;
  for (const RolloutReport::Done& each : report.done) done.push_back(to_object(each));
  shown["done"] = std::move(done);
  return shown;
}

std::string to_json(const RolloutReport& report) {
  return json::serialize(to_object(report));
}

std::string to_json(const std::vector<RolloutReport>& reports) {
  json::array rollouts;
  for (const RolloutReport& report : reports) rollouts.push_back(to_object(report));
  return json::serialize(json::object{{"rollouts", std::move(rollouts)}});
}

std::string_view route_of_rollout(std::string_view target) {
  constexpr std::string_view before = "/api/v1/routes/", after = "/rollout";
  std::string_view path = target.substr(0, target.find('?'));
  if (!path.starts_with(before) || !path.ends_with(after) || path.size() <= before.size() + after.size())
    return {};
  path = path.substr(before.size(), path.size() - before.size() - after.size());
  return path.find('/') == path.npos ? path : std::string_view();
}

}  // namespace weir::control
