#include "admin/json.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "admin/json_objects.hpp"
#include "admin/pause_report.hpp"
#include "observe/line_buffer.hpp"

namespace weir::control {

namespace json = boost::json;

std::string time_text(SystemTime time) {
  std::string text;
  observe::LineBuffer(text).timestamp(time);
  return text;
}

std::string_view state_name(RunState state) {
  switch (state) {
    case RunState::starting:
      return "starting";
    case RunState::ready:
      return "ready";
    case RunState::leaving:
      return "leaving";
    case RunState::draining:
      return "draining";
  }
  return {};
}

json::object last_reload(const StatusReport& report) {
  json::object reload{{"success", report.last_reload_error.empty()}, {"at", time_text(report.last_reload)}};
  if (!report.last_reload_error.empty()) reload["error"] = report.last_reload_error;
  return reload;
}

json::object to_object(const GuardReport& guard) {
  json::object object{{"state", name_of(guard.state)}};
  if (guard.state == GuardReport::State::none) return object;
  object["generation"] = guard.generation;
  object["since"] = time_text(guard.since);
  object["until"] = time_text(guard.until);
  if (!guard.text.empty()) object["text"] = guard.text;
  return object;
}

namespace {

json::object to_object(const ListenerReport& listener) {
  const json::object connections{
      {"active", listener.active}, {"idle", listener.idle}, {"total", listener.connections_total}};
  return {{"name", listener.name},
          {"address", listener.address},
          {"tls", listener.tls},
          {"connections", connections}};
}

/// `taken_out`: by whom, since when, and why; absent where it is in use.
void add_taken_out(json::object& endpoint, const std::optional<TakenOut>& taken_out) {
  if (!taken_out) return;
  endpoint["taken_out"] = {
      {"who", taken_out->who}, {"reason", taken_out->reason}, {"since", time_text(taken_out->since)}};
}

}  // namespace

json::object to_object(const limit::Overload& overload) {
  json::object bounds;
  for (std::size_t i = 0; i < limit::bound_count; ++i) {
    const limit::Bound bound = static_cast<limit::Bound>(i);
    const limit::Use& use = overload.uses()[i];
    if (use.max == 0) continue;
    bounds[limit::to_string(bound)] = {
        {"used", use.used}, {"max", use.max}, {"state", limit::to_string(overload.of(bound))}};
  }
  return {{"state", limit::to_string(overload.pressure())}, {"bounds", std::move(bounds)}};
}

namespace {

json::object to_object(const CheckSummary& check) {
  return {{"at", time_text(check.at)},
          {"result", check.result},
          {"detail", check.detail},
          {"ms", check.ms},
          {"in_a_row", check.in_a_row}};
}

}  // namespace

json::object to_object(const EndpointReport& endpoint) {
  json::object shown{{"address", endpoint.address}, {"weight", endpoint.weight}, {"state", endpoint.state}};
  if (!endpoint.why.empty()) shown["why"] = endpoint.why;
  if (!endpoint.kept.empty()) shown["kept"] = endpoint.kept;
  if (endpoint.since) shown["since"] = time_text(*endpoint.since);
  if (endpoint.until) shown["until"] = time_text(*endpoint.until);
  shown["ejections_in_row"] = endpoint.ejections_in_row;
  shown["in_flight"] = endpoint.in_flight;
  shown["consecutive_failures"] = endpoint.consecutive_failures;
  shown["window"] = {{"requests", endpoint.window_requests}, {"failures", endpoint.window_failures}};
  shown["requests"] = endpoint.requests_total;
  shown["failures"] = endpoint.failures_total;
  shown["connections"] = {{"active", endpoint.connections_active}, {"idle", endpoint.connections_idle}};
  shown["effective_weight"] = endpoint.effective_weight;
  shown["max_connections"] = endpoint.max_connections;
  shown["backup"] = endpoint.backup;
  shown["zone"] = endpoint.zone;
  add_taken_out(shown, endpoint.taken_out);
  if (endpoint.check) shown["check"] = to_object(*endpoint.check);
  return shown;
}

namespace {

json::object to_object(const UpstreamReport::Retries& retries) {
  return {{"last_10s", retries.use.retries},
          {"allowed", retries.use.allowed},
          {"percent", retries.budget.percent},
          {"min_per_second", retries.budget.min_per_second}};
}

}  // namespace

json::object to_object(const config::Changes& changes) {
  json::object shown;
  for (const config::ChangeKind& kind : config::change_kinds) {
    const config::Tally& tally = changes.*kind.tally;
    shown[kind.name] = {
        {"kept", tally.kept}, {"changed", tally.changed}, {"removed", tally.removed}, {"added", tally.added}};
  }
  shown["routes_reordered"] = changes.routes_reordered;
  shown["settings"] = json::array(changes.settings.begin(), changes.settings.end());
  return shown;
}

std::string to_json(const HealthReport& report) {
  json::object upstreams;
  for (const UpstreamHealth& upstream : report.upstreams) {
    upstreams[upstream.name] = {{"healthy", upstream.healthy}, {"total", upstream.total}};
  }
  const json::object health{
      {"status", report.status()}, {"version", report.version}, {"upstreams", std::move(upstreams)}};
  return json::serialize(health);
}

std::string to_json(const StatusReport& report, SystemTime now) {
  const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(now - report.started).count();
  json::array listeners;
  for (const ListenerReport& listener : report.listeners) listeners.push_back(to_object(listener));
  const json::object config{{"generation", report.generation},
                            {"hash", report.config_hash},
                            {"files", json::array(report.config_files.begin(), report.config_files.end())},
                            {"files_differ", report.files_differ},
                            {"last_reload", last_reload(report)},
                            {"guard", to_object(report.guard)}};
  json::array pauses;
  for (const PauseReport& pause : report.pauses) pauses.push_back(to_object(pause, now));
  json::object status{
      {"version", report.version},
      {"commit", report.commit},
      {"pid", report.pid},
      {"state", state_name(report.state)},
      {"started", time_text(report.started)},
      {"uptime_seconds", std::max<std::int64_t>(uptime, 0)},
      {"workers", report.workers},
      {"config", config},
      {"overload", to_object(report.overload)},
      {"listeners", std::move(listeners)},
      {"pauses", std::move(pauses)},
      {"requests", {{"total", report.requests_total}, {"in_flight", report.requests_in_flight}}}};
  if (!report.rollouts.empty()) status["rollouts"] = json::parse(to_json(report.rollouts)).at("rollouts");
  return json::serialize(status);
}

std::string to_json(const std::vector<UpstreamReport>& reports) {
  json::array upstreams;
  for (const UpstreamReport& report : reports) {
    json::array endpoints;
    for (const EndpointReport& endpoint : report.endpoints) endpoints.push_back(to_object(endpoint));
    upstreams.push_back(
        json::object{{"name", report.name},
                     {"protocol", report.protocol},
                     {"balance", report.balance},
                     {"panic", report.panic},
                     {"queue", {{"waiting", report.waiting}, {"max", report.queue_max}}},
                     {"requests", {{"running", report.requests}, {"max", report.max_requests}}},
                     {"endpoints", std::move(endpoints)},
                     {"retries", to_object(report.retries)}});
  }
  return json::serialize(json::object{{"upstreams", std::move(upstreams)}});
}

std::string to_json(const EndpointControlReport& report) {
  json::object object{{"upstream", report.upstream},
                      {"address", report.address},
                      {"state", report.state},
                      {"in_flight", report.in_flight}};
  add_taken_out(object, report.taken_out);
  return json::serialize(object);
}

std::string to_json(const ReloadOutcome& outcome) {
  json::object object{{"reloaded", outcome.ok},
                      {"generation", outcome.generation},
                      {"hash", outcome.hash},
                      {"changes", to_object(outcome.changes)}};
  if (outcome.guard) object["guard"] = to_object(*outcome.guard);
  return json::serialize(object);
}

}  // namespace weir::control
