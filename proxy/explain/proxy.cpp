#include "explain/proxy.hpp"

#include <algorithm>

#include "config/dump.hpp"
#include "config/names.hpp"
#include "config/rates.hpp"
#include "config/shares.hpp"
#include "config/statuses.hpp"
#include "core/units.hpp"
#include "grpc/content_type.hpp"
#include "http/field_names.hpp"
#include "http/text.hpp"
#include "http1/write.hpp"
#include "route/mirror.hpp"
#include "route/table.hpp"
#include "split/split.hpp"
#include "upstream/retry_budget.hpp"

namespace weir::control {
namespace {

constexpr std::string_view fresh_request_id = "(a new UUIDv7)";
constexpr std::string_view fresh_traceparent = "(a new one)";
constexpr std::string_view process_pseudonym = "weir-(8 digits of the process)";

config::NameValue split_line(std::string_view line) {
  const std::size_t colon = std::min(line.find(':'), line.size());
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = http::trim_ows(line.substr(std::min(colon + 1, line.size())));
  return {std::string(name), std::string(config::is_secret_header(name) ? config::secret_blank : value)};
}

/// Lines of `text`, each of which ends with CRLF, up to the empty one.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find("\r\n"), text.size());
    if (end == 0) break;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 2, text.size()));
  }
  return lines;
}

std::vector<config::NameValue> timeouts_of(const config::Timeouts& upstream,
                                           const config::TimeoutsOverride& route) {
  std::vector<config::NameValue> shown;
  const auto add = [&](const char* name, const std::optional<Milliseconds>& own, Milliseconds fallback) {
    const Milliseconds value = own.value_or(fallback);
    shown.emplace_back(name, value.count() == 0 ? "none" : format_duration(value));
  };
  add("connect", route.connect, upstream.connect);
  add("send", route.send, upstream.send);
  add("response", route.response, upstream.response);
  add("idle", route.idle, upstream.idle);
  add("total", route.total, upstream.total);
  return shown;
}

std::string budget_rule(const config::RetryBudget& budget) {
  const std::string floor = std::to_string(std::uint64_t{budget.min_per_second} * upstream::budget_window_s);
  const std::string window = std::to_string(upstream::budget_window_s) + " s";
  if (budget.percent == 0) return "; of all requests no more than " + floor + " in " + window;
  return "; of all requests no more than " + std::to_string(budget.percent) + " % and " + floor + " in " +
         window;
}

constexpr unsigned grpc_reasons = config::failure_grpc_cancelled | config::failure_grpc_deadline |
                                  config::failure_grpc_internal | config::failure_grpc_resource |
                                  config::failure_grpc_unavailable;

std::string retry_rule(const config::Retry& retry, http::Method method) {
  std::string reasons;
  for (const auto& reason : config::retry_reasons) {
    if ((retry.on & reason.value) != 0) reasons.append(reasons.empty() ? "" : ", ").append(reason.name);
  }
  if (retry.attempts == 0 || reasons.empty()) return "none";
  std::string rule =
      retry.attempts == 1 ? "one further try" : "up to " + std::to_string(retry.attempts) + " further tries";
  rule += " on another endpoint after " + reasons;
  if (!http::is_idempotent(method) && !retry.non_idempotent) {
    rule += ", only while nothing of the request was sent";
    if ((retry.on & grpc_reasons) != 0) rule += ", except for grpc_*";
  }
  return rule + budget_rule(retry.budget);
}

std::string check_rule(const config::HealthCheck& check) {
  using enum config::HealthCheck::Type;
  std::string rule = check.type == http ? "GET " + check.path : std::string("a connection");
  if (check.type == grpc) {
    rule = "grpc.health.v1.Health/Check of ";
    rule += check.grpc_service.empty() ? "the server" : check.grpc_service;
  }
  if (!check.host.empty() && check.type != tcp) rule += " with host " + check.host;
  if (!check.headers.empty() && check.type != tcp) {
    std::string names;
    for (const auto& [name, value] : check.headers) names += (names.empty() ? "" : ", ") + name;
    rule += " with " + names;
  }
  rule += " every " + format_duration(check.interval) + ", " + format_duration(check.timeout);
  if (check.type == http) rule += " to answer with " + config::format_statuses(check.expect);
  if (check.type == grpc) rule += " to answer SERVING";
  if (check.type == tcp) rule += " to connect";
  rule += "; out after " + std::to_string(check.unhealthy_threshold) + " failed, back after ";
  return rule + std::to_string(check.healthy_threshold) + " passed";
}

std::string mirror_rule(const config::Config& config, const config::Mirror& mirror, std::size_t upstream,
                        const http::RequestHead& head) {
  const std::string& name = config.upstreams[mirror.upstream].name;
  if (mirror.share == 0) return "none: percent is 0";
  switch (route::mirror_bar(mirror, upstream, head)) {
    case route::MirrorBar::goes_there:
      return "none: it goes to " + name + " itself";
    case route::MirrorBar::upgrade:
      return "none: it becomes a tunnel";
    case route::MirrorBar::copy:
      return "none: it is a copy itself";
    case route::MirrorBar::body:
      return "none: its body is larger than " + format_size(mirror.body_bytes);
    case route::MirrorBar::none:
      break;
  }
  const bool strip = mirror.credentials == config::MirrorCredentials::strip;
  return config::format_percent(mirror.share) + " % of the requests are copied to " + name +
         (strip ? ", without credentials" : ", with credentials");
}

std::string rollout_rule(const config::Config& config, const config::ProxyAction& action) {
  const auto name = [&](std::size_t target) {
    return config.upstreams[action.split->targets[target].upstream].name;
  };
  const config::Rollout& rollout = *action.rollout;
  std::string steps;
  for (const std::uint32_t step : rollout.steps)
    steps.append(steps.empty() ? "" : ", ").append(config::format_share(step));
  std::string rule = "of " + name(rollout.canary) + ", when one is started: " + steps + " %, " +
                     format_duration(rollout.hold) + " each, compared with " +
                     name(rollout.baseline.value_or(rollout.stable));
  if (rollout.replicas > 1)
    rule += "; each of " + std::to_string(rollout.replicas) +
            " replicas takes it back by itself, and has that part of " +
            config::format_share(rollout.false_rollback) + " % false rollbacks";
  return rule;
}

std::string bounds_of(const config::Upstream& upstream) {
  std::string text;
  if (upstream.max_requests != 0) {
    text = "at most " + std::to_string(upstream.max_requests) + " requests";
  }
  if (upstream.queue.max != 0) {
    text.append(text.empty() ? "" : ", ").append(std::to_string(upstream.queue.max));
    text.append(" may wait " + format_duration(upstream.queue.timeout) + " for an endpoint with room");
  }
  return text;
}

std::string target_of(const config::Route& route, const http::RequestHead& head, const PathTexts& path) {
  std::string target;
  const auto& rewrite = std::get<config::ProxyAction>(route.action).rewrite_path;
  if (rewrite) {
    route::rewrite_path(route.match.path, path.judged, path.resolved.empty() ? path.sent : path.resolved,
                        *rewrite, target);
  } else {
    target = path.sent;
  }
  if (head.has_query) target.append("?").append(head.query);
  return target;
}

std::string_view value_of(const http::RequestHead& head, std::string_view name) {
  const auto found = std::ranges::find_if(
      head.fields, [&](const http::Field& field) { return http::iequals(field.name, name); });
  return found == head.fields.end() ? std::string_view{} : found->value;
}

std::vector<std::string> request_lines(const http::RequestHead& head, const std::string& target, bool upgrade,
                                       const http::ForwardedFacts& forwarded,
                                       const http::CompiledFields& policy) {
  const std::string client_ip = forwarded.client_ip.to_string();
  const std::string_view id = value_of(head, "X-Request-Id");
  const std::string_view trace = forwarded.peer_trusted ? value_of(head, "traceparent") : std::string_view{};
  http::Forwarding forwarding;
  forwarding.client_ip = client_ip;
  forwarding.forwarded_for = forwarded.forwarded_for;
  forwarding.proto = forwarded.proto;
  forwarding.host = forwarded.host;
  forwarding.port = forwarded.port;
  forwarding.request_id = forwarded.peer_trusted && http::valid_request_id(id) ? id : fresh_request_id;
  forwarding.keep_tracestate = http::valid_traceparent(trace);
  forwarding.traceparent = forwarding.keep_tracestate ? trace : fresh_traceparent;
  forwarding.via = process_pseudonym;
  std::string text;
  http1::write_request_head(text, head, target, head.body, forwarding, policy, upgrade);

  std::vector<std::string> lines;
  for (const std::string_view line : lines_of(text)) {
    if (lines.empty()) {
      lines.emplace_back(line);
      continue;
    }
    const auto [name, value] = split_line(line);
    lines.push_back(name + ": " + value);
  }
  return lines;
}

std::string rule_text(const config::SplitOverride& rule) {
  const bool secret = config::is_secret_header(rule.name);
  return rule.name + (rule.cookie ? "=" : ": ") + (secret ? std::string(config::secret_blank) : rule.value);
}

/// Where turns or a fresh key decide, the target with the most weight stands for all; of those that can be used.
std::size_t heaviest(std::span<const std::uint32_t> weights, split::Mask alive) {
  std::size_t found = split::none;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (!split::contains(alive, i) || weights[i] == 0) continue;
    if (found == split::none || weights[i] > weights[found]) found = i;
  }
  return found;
}

/// In words, why the split chose as it did.
std::string split_reason(const config::Split& split, const split::Split& rules, const split::Choice& choice,
                         std::span<const http::Field> fields) {
  if (const config::SplitOverride* rule = rules.matching_override(fields))
    return "override " + rule_text(*rule);
  const bool by_cookie = split.affinity.by == config::AffinityBy::cookie;
  if (choice.why == split::Why::affinity && by_cookie) return "affinity by the cookie weir_split";
  if (choice.why == split::Why::affinity && split.affinity.by == config::AffinityBy::header)
    return "affinity by header " + split.affinity.header;
  if (choice.why == split::Why::affinity) return "affinity by client_ip";
  return by_cookie ? "by weight, then kept by a new cookie; the heaviest is shown"
                   : "in turns by weight; the heaviest is shown";
}

/// The index of the target that this request goes to, by the weights in force, and in words why.
std::size_t plan_split(const config::Config& config, const config::Route& route,
                       const http::RequestHead& head, const http::ForwardedFacts& forwarded,
                       const SplitNow* now, ProxyPlan& plan) {
  const auto& action = std::get<config::ProxyAction>(route.action);
  const config::Split& split = *action.split;
  std::vector<std::string_view> names;
  std::vector<std::uint32_t> weights;
  for (const config::SplitTarget& target : split.targets) {
    names.push_back(config.upstreams[target.upstream].name);
    weights.push_back(now != nullptr ? now->weights[weights.size()] : target.weight);
    plan.split.push_back({std::string(names.back()), weights.back()});
  }
  const std::string_view secret =
      action.rollout ? std::string_view(action.rollout->salt) : std::string_view();
  const split::Split rules(split, route.name, names, secret);
  const split::Mask alive = now != nullptr ? now->alive : split::everyone;
  split::Shared shared;  // of its own: no turn is taken
  char key[split::cookie_key_digits];
  split::Request request;
  request.fields = head.fields;
  request.client_ip = forwarded.client_ip;
  if (now != nullptr) request.taken_back = now->taken_back;
  split::Choice choice = rules.choose(request, weights, shared, key);
  plan.split_rule = split_reason(split, rules, choice, head.fields);
  const bool any_turn = choice.why == split::Why::weight;
  if (any_turn) choice.target = heaviest(weights, split::everyone);
  if (split::contains(alive, choice.target)) return choice.target;
  const std::string_view first = names[choice.target];
  const split::Choice second = rules.fall_over(choice, request, weights, alive, shared);
  if (second.target == choice.target) return choice.target;
  plan.split_rule.append(", and failover: ").append(first).append(" is out");
  const std::size_t other = any_turn ? heaviest(weights, alive) : split::none;
  return other != split::none ? other : second.target;
}

}  // namespace

namespace {

/// gRPC, where the request is a call of it: `sent` becomes what its endpoint gets, `type` has the text for that.
std::string grpc_rule(bool translates_web, http::RequestHead& sent, std::string& type) {
  const auto found = std::ranges::find(sent.fields, http::FieldId::content_type, &http::Field::id);
  if (sent.method != http::Method::post || found == sent.fields.end()) return {};
  if (grpc::is_grpc(found->value)) return "a call";
  type = translates_web ? grpc::grpc_type(found->value) : std::string();
  if (type.empty()) return {};
  found->value = type;
  found->verbatim = false;
  sent.accepts_trailers = true;
  return "a call of gRPC-Web, which is translated";
}

}  // namespace

ProxyPlan plan_proxy(const config::Config& config, const config::Route& route, const http::RequestHead& head,
                     const PathTexts& path, const http::ForwardedFacts& forwarded,
                     const http::CompiledFields& policy, const SplitNow* now) {
  const auto& action = std::get<config::ProxyAction>(route.action);
  ProxyPlan plan;
  std::size_t chosen = action.upstream;
  if (action.split)
    chosen = action.split->targets[plan_split(config, route, head, forwarded, now, plan)].upstream;
  const config::Upstream& upstream = config.upstreams[chosen];
  plan.upstream_index = chosen;
  plan.upstream = upstream.name;
  plan.balance = config::name_of(config::balances, upstream.balance);
  if (upstream.balance == config::Balance::hash) plan.hash_key = config::format_hash_key(upstream.hash_key);
  plan.at_once = bounds_of(upstream);
  plan.zone = config.server.zone;
  plan.endpoints = upstream.endpoints;
  plan.tls = upstream.tls.has_value();
  plan.protocol = upstream.protocol;
  plan.websocket = action.websocket && http::iequals(head.upgrade, "websocket");
  plan.timeouts = timeouts_of(upstream.timeouts, action.timeouts);
  plan.retry = retry_rule(upstream.retry, head.method);
  if (action.rollout) plan.rollout = rollout_rule(config, action);
  if (action.mirror) plan.mirror = mirror_rule(config, *action.mirror, chosen, head);
  if (upstream.health_check) plan.health_check = check_rule(*upstream.health_check);
  http::RequestHead sent = head;
  std::string sent_type;
  plan.grpc = grpc_rule(route.grpc_web, sent, sent_type);
  plan.request_lines = request_lines(sent, target_of(route, head, path), plan.websocket, forwarded, policy);
  return plan;
}

ResponseChanges response_changes(const http::CompiledFields& compiled,
                                 const std::vector<const config::HeaderPolicy*>& policies) {
  ResponseChanges changes;
  std::string text;
  // With every field that is only set where absent present, what is left is set always.
  std::vector<http::Field> present;
  for (const config::HeaderPolicy* policy : policies) {
    for (const auto* fields : {&policy->response.set_if_absent, &policy->response.set_if_absent_on_tls}) {
      for (const auto& [name, value] : *fields) present.push_back({http::field_id(name), name, value});
    }
  }
  compiled.append_to(text, present);
  for (const std::string_view line : lines_of(text)) changes.set.push_back(split_line(line));
  std::string whole;
  compiled.append_to(whole, {});
  for (const std::string_view line : lines_of(std::string_view(whole).substr(text.size()))) {
    changes.set_if_absent.push_back(split_line(line));
  }
  for (const config::HeaderPolicy* policy : policies) {
    for (const std::string& name : policy->response.remove) {
      const bool replaced = std::ranges::any_of(
          changes.set, [&](const config::NameValue& set) { return http::iequals(set.first, name); });
      if (!replaced && std::ranges::find(changes.removed, name) == changes.removed.end())
        changes.removed.push_back(name);
    }
  }
  return changes;
}

}  // namespace weir::control
