#include "cli/reload_client.hpp"

#include <boost/json.hpp>
#include <cstdint>
#include <ostream>
#include <string_view>

#include "cli/terminal_text.hpp"
#include "core/clock.hpp"

namespace weir::control {
namespace {

namespace json = boost::json;

constexpr Milliseconds look_again{500};

std::string_view text_in(const json::object& object, std::string_view key) {
  const json::value* const value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

/// `routes: kept 12, changed 1, removed 0, added 2`, a line for each kind in a reload's answer.
void print_changes(const json::object& outcome, std::ostream& out) {
  const json::value* const changes = outcome.if_contains("changes");
  if (changes == nullptr || !changes->is_object()) return;
  for (const auto& [kind, tally] : changes->get_object()) {
    if (!tally.is_object()) continue;
    out << "  " << std::string_view(kind) << ": ";
    std::string_view separator;
    for (const auto& [what, count] : tally.get_object()) {
      out << separator << std::string_view(what) << ' ' << json::serialize(count);
      separator = ", ";
    }
    out << '\n';
  }
  const json::value* const reordered = changes->get_object().if_contains("routes_reordered");
  if (reordered != nullptr && *reordered == true) out << "  routes: in another order\n";
  const json::value* const settings = changes->get_object().if_contains("settings");
  if (settings == nullptr || !settings->is_array()) return;
  for (const json::value& name : settings->get_array()) {
    if (name.is_string()) out << "  " << std::string_view(name.get_string()) << ": changed\n";
  }
}

void print_outcome(const json::object& outcome, std::ostream& out) {
  const json::value* const generation = outcome.if_contains("generation");
  if (generation == nullptr || !generation->is_number()) {
    out << "reloaded\n";
    return;
  }
  out << "reloaded: generation " << generation->to_number<std::uint64_t>();
  if (const std::string_view hash = text_in(outcome, "hash"); !hash.empty()) out << ", config " << hash;
  out << '\n';
  print_changes(outcome, out);
  const json::value* const guard = outcome.if_contains("guard");
  if (guard != nullptr && guard->is_object() && text_in(guard->get_object(), "state") == "watching")
    out << "  watched until " << text_in(guard->get_object(), "until") << std::endl;
}

/// The guard in an object of the admin address; empty where there is none.
json::object guard_in(const json::object& object) {
  const json::value* const guard = object.if_contains("guard");
  return guard != nullptr && guard->is_object() ? guard->get_object() : json::object();
}

json::object guard_in_status(const std::string& body) {
  const json::object status = object_in(body);
  const json::value* const config = status.if_contains("config");
  return config != nullptr && config->is_object() ? guard_in(config->get_object()) : json::object();
}

/// Asks again and again until the guard of that reload has its verdict.
ClientOutcome wait_for_verdict(const AdminTarget& target, json::object& guard, std::ostream& err) {
  const json::value generation = guard["generation"];
  while (text_in(guard, "state") == "watching") {
    wait_for(look_again);
    const Asked asked = ask_admin(target, "GET", "/api/v1/status", err);
    if (asked.outcome != ClientOutcome::done) return asked.outcome;
    guard = guard_in_status(asked.body);
    if (guard.empty()) return not_weir(target, err);
    if (guard["generation"] == generation) continue;
    err << "weir: another reload came before the verdict; that one is watched now\n";
    return ClientOutcome::refused;
  }
  const std::string_view state = text_in(guard, "state");
  if (state == "kept") return ClientOutcome::done;
  if (state == "taken_back") return ClientOutcome::taken_back;
  err << "weir: no verdict: " << terminal_text(text_in(guard, "text")) << '\n';
  return ClientOutcome::refused;
}

std::string body_of(const ReloadSetting& setting) {
  if (setting.guard.empty() && setting.reason.empty()) return {};
  json::object body{{"who", who_asks()}};
  if (!setting.guard.empty()) body["guard"] = setting.guard;
  if (!setting.reason.empty()) body["reason"] = setting.reason;
  return json::serialize(body);
}

}  // namespace

ClientOutcome request_reload(const AdminTarget& target, const ReloadSetting& setting, bool as_json,
                             std::ostream& out, std::ostream& err) {
  const Asked asked = ask_admin(target, "POST", "/api/v1/reload", err, client_timeout, body_of(setting));
  if (asked.outcome != ClientOutcome::done) return asked.outcome;
  json::object outcome = object_in(asked.body);
  if (!as_json) print_outcome(outcome, out);
  json::object guard = guard_in(outcome);
  ClientOutcome verdict = ClientOutcome::done;
  if (!setting.guard.empty() && !guard.empty()) {
    verdict = wait_for_verdict(target, guard, err);
    const std::string_view text = text_in(guard, "text");
    const bool judged = verdict == ClientOutcome::done || verdict == ClientOutcome::taken_back;
    if (!as_json && judged)
      out << (verdict == ClientOutcome::done ? "kept: " : "") << terminal_text(text) << '\n';
    outcome["guard"] = std::move(guard);
  }
  if (as_json) out << json::serialize(outcome) << '\n';
  return verdict;
}

}  // namespace weir::control
