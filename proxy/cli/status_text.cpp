#include "cli/status_text.hpp"

#include <fmt/format.h>
#include <array>
#include <boost/json.hpp>
#include <exception>
#include <string_view>
#include <utility>

#include "cli/pause_client.hpp"
#include "cli/rollout_seen.hpp"
#include "cli/terminal_text.hpp"
#include "cli/text_table.hpp"

namespace weir::control {
namespace {

namespace json = boost::json;

// These throw when the member is missing or of another kind; status_text() turns that into its answer.
std::string text(const json::value& object, std::string_view key) {
  return std::string(object.at(key).as_string());
}
std::int64_t number(const json::value& object, std::string_view key) {
  return object.at(key).to_number<std::int64_t>();
}
std::string count(const json::value& object, std::string_view key) {
  return std::to_string(number(object, key));
}

/// Only what is under pressure: most of the time there is nothing to say.
std::string overload(const json::value& overload) {
  std::string out;
  for (const auto& [name, bound] : overload.at("bounds").as_object()) {
    if (bound.at("state").as_string() == "normal") continue;
    out += (out.empty() ? "overload  " : ", ") + text(bound, "state") + ": " + std::string(name) + " " +
           count(bound, "used") + " of " + count(bound, "max");
  }
  return out.empty() ? out : out + "\n";
}

/// What else is there to know of an endpoint's state.
std::string state(const json::value& endpoint) {
  const json::value* const backup = endpoint.as_object().if_contains("backup");
  return text(endpoint, "state") + (backup != nullptr && backup->as_bool() ? ", backup" : "");
}

/// The configured weight, and what it is at the moment where that differs.
std::string weight(const json::value& endpoint) {
  const std::string configured = count(endpoint, "weight");
  const json::value* const effective = endpoint.as_object().if_contains("effective_weight");
  if (effective == nullptr || effective->to_number<double>() == endpoint.at("weight").to_number<double>()) {
    return configured;
  }
  return fmt::format("{:.1f} of {}", effective->to_number<double>(), configured);
}

/// Whether the last reload was refused, or taken back by its guard.
std::string reload_failed(const json::value& config) {
  const json::value* const guard = config.as_object().if_contains("guard");
  const bool taken_back = guard != nullptr && guard->at("state").as_string() == "taken_back" &&
                          text(config.at("last_reload"), "error").starts_with("taken back");
  return taken_back ? "the files differ from it, reload" : "reload refused";
}

/// A reload that is watched now.
std::string watched(const json::value& config) {
  const json::value* const guard = config.as_object().if_contains("guard");
  if (guard == nullptr || guard->at("state").as_string() != "watching") return {};
  return "guard     generation " + count(*guard, "generation") + " is watched until " +
         text(*guard, "until") + "\n";
}

std::string summary(const json::value& status) {
  constexpr std::size_t hash_shown = 12;
  const json::value& config = status.at("config");
  const json::value& reload = config.at("last_reload");
  const json::value& requests = status.at("requests");
  std::string out = "weir " + text(status, "version") + " (" + text(status, "commit") + "), " +
                    text(status, "state") + ", up " +
                    uptime_text(static_cast<std::uint64_t>(number(status, "uptime_seconds"))) + ", pid " +
                    count(status, "pid") + ", " + count(status, "workers") + " workers\n";
  out += "config    generation " + count(config, "generation") + ", " +
         text(config, "hash").substr(0, hash_shown) + ", ";
  out += reload.at("success").as_bool()
             ? "loaded " + text(reload, "at") + "\n"
             : reload_failed(config) + " " + text(reload, "at") + ": " + text(reload, "error") + "\n";
  out += watched(config);
  out +=
      "requests  " + count(requests, "total") + " answered, " + count(requests, "in_flight") + " in flight\n";
  const json::value* const bounds = status.as_object().if_contains("overload");
  if (bounds != nullptr) out += overload(*bounds);
  const json::value* const all = status.as_object().if_contains("rollouts");
  if (all == nullptr) return out;
  for (const json::value& rollout : all->as_array()) out += rollout_line(rollout).value_or("");
  return out;
}

std::string listeners(const json::value& status) {
  TextTable table({"LISTENER", "ADDRESS", "TLS", "ACTIVE", "IDLE", "ACCEPTED"});
  for (const json::value& listener : status.at("listeners").as_array()) {
    const json::value& connections = listener.at("connections");
    table.add({text(listener, "name"), text(listener, "address"), listener.at("tls").as_bool() ? "yes" : "no",
               count(connections, "active"), count(connections, "idle"), count(connections, "total")});
  }
  return table.text();
}

/// Of an endpoint that passive health has taken out: `until 2026-01-31T12:00:30.000Z: 3 consecutive failures (...)`. Of
/// one that fails and is kept in use: why.
std::string why(const json::value& endpoint) {
  const json::object& members = endpoint.as_object();
  const std::string state = text(endpoint, "state");
  if (members.contains("kept")) return text(endpoint, "kept");
  if ((state != "ejected" && state != "half_open") || !members.contains("why")) return {};
  const std::string until = members.contains("until") ? "until " + text(endpoint, "until") + ": " : "";
  return until + text(endpoint, "why");
}

std::string endpoints(const json::value& status) {
  TextTable table(
      {"UPSTREAM", "ENDPOINT", "STATE", "WEIGHT", "IN FLIGHT", "REQUESTS", "FAILURES", "IDLE", "WHY"});
  std::string panic;
  for (const json::value& upstream : status.at("upstreams").as_array()) {
    for (const json::value& endpoint : upstream.at("endpoints").as_array()) {
      table.add({text(upstream, "name"), text(endpoint, "address"), state(endpoint), weight(endpoint),
                 count(endpoint, "in_flight"), count(endpoint, "requests"), count(endpoint, "failures"),
                 count(endpoint.at("connections"), "idle"), why(endpoint)});
    }
    if (upstream.at("panic").as_bool())
      panic += "PANIC in " + text(upstream, "name") +
               ": too few endpoints can be trusted, all that no operator took out are in use\n";
  }
  return panic + table.text();
}

/// A line for each endpoint that an operator took out.
std::string taken_out(const json::value& status) {
  std::string out;
  for (const json::value& upstream : status.at("upstreams").as_array()) {
    for (const json::value& endpoint : upstream.at("endpoints").as_array()) {
      const json::value* const by = endpoint.as_object().if_contains("taken_out");
      if (by == nullptr) continue;
      out += text(upstream, "name") + "/" + text(endpoint, "address") + ": " + text(endpoint, "state") +
             " since " + text(*by, "since") + ", by " + text(*by, "who");
      if (!text(*by, "reason").empty()) out += ": " + text(*by, "reason");
      out += "\n";
    }
  }
  return out.empty() ? out : "\n" + out;
}

/// A line for each route that is paused.
std::string pauses(const json::value& status) {
  const json::value* const routes = status.as_object().if_contains("pauses");
  if (routes == nullptr) return {};
  std::string out;
  for (const json::value& pause : routes->as_array()) {
    out += pause_line(pause.as_object()).value_or(std::string()) + "\n";
  }
  return out.empty() ? out : "\n" + out;
}

/// The last active check of each endpoint that has had one.
std::string checks(const json::value& status) {
  TextTable table({"UPSTREAM", "ENDPOINT", "LAST CHECK", "DETAIL", "IN A ROW", "AT"});
  bool any = false;
  for (const json::value& upstream : status.at("upstreams").as_array()) {
    for (const json::value& endpoint : upstream.at("endpoints").as_array()) {
      const json::value* const check = endpoint.as_object().if_contains("check");
      if (check == nullptr) continue;
      any = true;
      table.add({text(upstream, "name"), text(endpoint, "address"), text(*check, "result"),
                 text(*check, "detail"), count(*check, "in_a_row"), text(*check, "at")});
    }
  }
  return any ? "\n" + table.text() : "";
}

}  // namespace

std::optional<std::string> status_text(const json::object& status) {
  try {
    const json::value whole(status);
    return terminal_text(summary(whole) + "\n" + listeners(whole) + "\n" + endpoints(whole) +
                         taken_out(whole) + pauses(whole) + checks(whole));
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

std::string uptime_text(std::uint64_t seconds) {
  constexpr std::array<std::pair<std::uint64_t, char>, 4> units{
      {{86'400, 'd'}, {3'600, 'h'}, {60, 'm'}, {1, 's'}}};
  for (std::size_t i = 0; i + 1 < units.size(); ++i) {
    const auto [size, unit] = units[i];
    if (seconds < size) continue;
    const auto [smaller, smaller_unit] = units[i + 1];
    return std::to_string(seconds / size) + unit + " " + std::to_string(seconds % size / smaller) +
           smaller_unit;
  }
  return std::to_string(seconds) + "s";
}

}  // namespace weir::control
