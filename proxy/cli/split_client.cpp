#include "cli/split_client.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <charconv>
#include <exception>
#include <ostream>
#include <string_view>

#include "admin/endpoint_request.hpp"
#include "admin/generation_tag.hpp"
#include "cli/status_text.hpp"
#include "cli/terminal_text.hpp"
#include "cli/text_table.hpp"
#include "config/model.hpp"
#include "core/units.hpp"

namespace weir::control {
namespace {

namespace json = boost::json;

std::string text(const json::value& object, std::string_view key) {
  return std::string(object.at(key).as_string());
}
std::string count(const json::value& object, std::string_view key) {
  return std::to_string(object.at(key).to_number<std::uint64_t>());
}

std::string path_of(const std::string& route) {
  return "/api/v1/routes/" + encoded(route) + "/split";
}

/// Throws where the shape is another one.
std::string text_of(const json::value& split) {
  const bool runtime = text(split, "source") == "runtime";
  std::string out = fmt::format("route {}, generation {}, affinity {}\n", text(split, "route"),
                                text(split, "tag"), text(split, "affinity"));
  TextTable table({"UPSTREAM", "CONFIGURED", "RUNTIME", "EFFECTIVE", "SHARE", "ENDPOINTS"});
  for (const json::value& target : split.at("targets").as_array()) {
    const json::value& endpoints = target.at("endpoints");
    table.add({text(target, "upstream"), count(target, "configured"),
               runtime ? count(target, "runtime") : "-", count(target, "effective"),
               fmt::format("{:.1f}%", 100 * target.at("share").to_number<double>()),
               count(endpoints, "healthy") + "/" + count(endpoints, "total")});
  }
  out += table.text();
  if (!runtime) return out + "as configured\n";
  out += fmt::format("set by {} at {}", text(split, "who"), text(split, "since"));
  if (!text(split, "reason").empty()) out += ": " + text(split, "reason");
  out += "\n";
  if (split.as_object().contains("ttl_seconds")) {
    out += "back to the configured weights in " +
           uptime_text(split.at("ttl_seconds").to_number<std::uint64_t>()) + "\n";
  }
  if (!split.at("persistent").as_bool()) out += "kept in memory only: server.state_dir is not set\n";
  return out;
}

bool print_split(const json::value& split, std::ostream& out) {
  const auto shown = split_text(json::serialize(split));
  if (shown) out << *shown;
  return shown.has_value();
}

}  // namespace

std::optional<std::string> split_text(const std::string& text) {
  try {
    return terminal_text(text_of(json::parse(text)));
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

Result<std::string> set_split_body(const SplitSetting& setting, const std::string& who) {
  json::object weights;
  for (const std::string& pair : setting.weights) {
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const std::string_view digits = std::string_view(pair).substr(std::min(equals + 1, pair.size()));
    std::uint32_t weight = 0;
    const auto [stop, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), weight);
    const bool number = ec == std::errc{} && stop == digits.data() + digits.size();
    if (equals == 0 || !number || weight > config::split_weight_max)
      return self_error(ErrorKind::internal, "'" + pair + "' is not UPSTREAM=WEIGHT, such as blue=90");
    if (!weights.emplace(pair.substr(0, equals), weight).second)
      return self_error(ErrorKind::internal, "'" + pair.substr(0, equals) + "' is there twice");
  }
  json::object body{{"weights", std::move(weights)}, {"who", who}};
  if (!setting.reason.empty()) body["reason"] = setting.reason;
  if (setting.abort_rollout) body["abort_rollout"] = true;
  if (!setting.ttl.empty()) {
    const auto ttl = parse_duration(setting.ttl);
    if (!ttl || ttl->count() == 0)
      return self_error(ErrorKind::internal, "--ttl '" + setting.ttl + "' is not a duration, such as 15m");
    body["ttl"] = setting.ttl;
  }
  if (!setting.generation.empty() && !is_generation_text(setting.generation))
    return self_error(ErrorKind::internal,
                      "--if-generation '" + setting.generation + "' is neither a number nor a tag");
  if (!setting.generation.empty()) body["generation"] = setting.generation;
  return json::serialize(body);
}

ClientOutcome show_splits(const AdminTarget& target, const std::string& route, bool as_json,
                          std::ostream& out, std::ostream& err) {
  const std::string path = route.empty() ? "/api/v1/splits" : path_of(route);
  const Asked asked = ask_admin(target, "GET", path, err);
  if (asked.outcome != ClientOutcome::done) return asked.outcome;
  if (as_json) {
    out << asked.body << '\n';
    return ClientOutcome::done;
  }
  boost::system::error_code error;
  const json::value value = json::parse(asked.body, error);
  if (error || !value.is_object()) return not_weir(target, err);
  if (!route.empty()) return print_split(value, out) ? ClientOutcome::done : not_weir(target, err);
  const json::value* const splits = value.get_object().if_contains("splits");
  if (splits == nullptr || !splits->is_array()) return not_weir(target, err);
  if (splits->get_array().empty()) out << "no route has a split\n";
  for (const json::value& split : splits->get_array()) {
    if (&split != &splits->get_array().front()) out << '\n';
    if (!print_split(split, out)) return not_weir(target, err);
  }
  return ClientOutcome::done;
}

namespace {

/// The split that the answer holds.
SetOutcome print_change(const AdminTarget& target, const Asked& asked, bool as_json, std::ostream& out,
                        std::ostream& err) {
  if (asked.outcome != ClientOutcome::done) return {asked.outcome, false};
  if (as_json) {
    out << asked.body << '\n';
    return {};
  }
  const auto shown = split_text(asked.body);
  if (!shown) return {not_weir(target, err), false};
  out << *shown;
  return {};
}

}  // namespace

SetOutcome change_weights(const AdminTarget& target, const WeightsVerb& verb, bool as_json, std::ostream& out,
                          std::ostream& err) {
  if (!verb.generation.empty() && !is_generation_text(verb.generation)) {
    err << "weir: --if-generation '" << verb.generation << "' is neither a number nor a tag\n";
    return {ClientOutcome::refused, true};
  }
  json::object body{{"who", who_asks()}, {"reason", verb.reason}};
  if (!verb.to.empty()) body["to"] = verb.to;
  if (!verb.generation.empty()) body["generation"] = verb.generation;
  const std::string path =
      "/api/v1/routes/" + encoded(verb.route) + (verb.promotes ? "/promote" : "/rollback");
  const Asked asked = ask_admin(target, "POST", path, err, client_timeout, json::serialize(body));
  return print_change(target, asked, as_json, out, err);
}

SetOutcome set_split(const AdminTarget& target, const SplitSetting& setting, bool as_json, std::ostream& out,
                     std::ostream& err) {
  auto body = set_split_body(setting, who_asks());
  if (!body) {
    err << "weir: " << body.error().detail << '\n';
    return {ClientOutcome::refused, true};
  }
  const Asked asked = ask_admin(target, "PUT", path_of(setting.route), err, client_timeout, std::move(*body));
  return print_change(target, asked, as_json, out, err);
}

}  // namespace weir::control
