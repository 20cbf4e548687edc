#include "top/state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <utility>

#include "admin/endpoint_request.hpp"
#include "top/figures.hpp"

namespace weir::top {
namespace {

namespace json = boost::json;

constexpr unsigned whole = 1000;

double share_before(const SplitChange& change) {
  for (const auto& [name, share] : change.shares) {
    if (name == change.target) return share;
  }
  return 0;
}

/// For a shell, where it needs quotes.
std::string quoted(const std::string& text) {
  constexpr std::string_view harmless =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:/=";
  if (!text.empty() && text.find_first_not_of(harmless) == std::string::npos) return text;
  std::string out = "'";
  for (const char byte : text) out += byte == '\'' ? std::string("'\\''") : std::string(1, byte);
  return out + "'";
}

std::string reason_option(const std::string& reason) {
  return reason.empty() ? std::string() : " --reason " + quoted(reason);
}

std::string body_with(json::object body, const std::string& reason, const std::string& who) {
  body["who"] = who;
  if (!reason.empty()) body["reason"] = reason;
  return json::serialize(body);
}

}  // namespace

std::vector<std::pair<std::string, unsigned>> weights_after(const SplitChange& change) {
  const auto wanted = static_cast<unsigned>(std::lround(std::clamp(change.share, 0.0, 1.0) * whole));
  const double rest_before = 1 - share_before(change);
  const std::size_t others = change.shares.size() - 1;
  std::vector<std::pair<std::string, unsigned>> weights;
  unsigned left = whole - wanted;
  std::size_t others_left = others;
  for (const auto& [name, share] : change.shares) {
    if (name == change.target) {
      weights.emplace_back(name, wanted);
      continue;
    }
    const double part = rest_before > 0 ? share / rest_before : 1.0 / static_cast<double>(others);
    auto weight = static_cast<unsigned>(std::lround(part * (whole - wanted)));
    weight = --others_left == 0 ? left : std::min(weight, left);
    left -= weight;
    weights.emplace_back(name, weight);
  }
  return weights;
}

Action action_of(const EndpointChange& change, const std::string& reason, const std::string& who) {
  const std::string_view state = change.enable ? "active" : "drain";
  Action action;
  action.path = "/api/v1/upstreams/" + control::encoded(change.upstream) + "/endpoints/" +
                control::encoded(change.address);
  action.body = body_with({{"state", state}}, reason, who);
  action.command = fmt::format("weir endpoint {} {} {}{}", change.enable ? "enable" : "drain",
                               quoted(change.upstream), quoted(change.address), reason_option(reason));
  return action;
}

Action action_of(const SplitChange& change, const std::string& reason, const std::string& who) {
  json::object weights;
  std::string arguments;
  for (const auto& [name, weight] : weights_after(change)) {
    weights[name] = weight;
    arguments += " " + quoted(name + "=" + std::to_string(weight));
  }
  Action action;
  action.path = "/api/v1/routes/" + control::encoded(change.route) + "/split";
  action.body = body_with({{"weights", std::move(weights)}, {"generation", change.tag}}, reason, who);
  action.command =
      fmt::format("weir split set {}{}{}", quoted(change.route), arguments, reason_option(reason));
  return action;
}

std::string question(const Prompt& prompt) {
  if (prompt.endpoint) {
    return fmt::format("{} {}/{}. Reason: ", prompt.endpoint->enable ? "Enable" : "Drain",
                       prompt.endpoint->upstream, prompt.endpoint->address);
  }
  if (prompt.split) {
    return fmt::format("{}: {} from {} to {} (up, down). Reason: ", prompt.split->route, prompt.split->target,
                       percent_text(share_before(*prompt.split)), percent_text(prompt.split->share));
  }
  return "Filter: ";
}

}  // namespace weir::top
