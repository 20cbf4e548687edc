#include "replay/judge.hpp"

#include <algorithm>

#include "http/uri.hpp"
#include "route/acme.hpp"
#include "route/readings.hpp"

namespace weir::replay {
namespace {

std::string status_text(int status, std::string_view what) {
  return std::to_string(status) + ' ' + std::string(what);
}

std::string target_text(const config::Route& route, const config::Config& config) {
  const auto& action = std::get<config::ProxyAction>(route.action);
  if (!action.split) return "upstream " + config.upstreams[action.upstream].name;
  std::string text = "split of";
  for (const config::SplitTarget& target : action.split->targets) {
    text += ' ' + config.upstreams[target.upstream].name + ' ' + std::to_string(target.weight);
  }
  return text;
}

}  // namespace

Judge::Judge(const config::Config& config, const Unlogged& unlogged)
    : config_(config), table_(unlogged.with_stand_ins(config.routes, questions_)) {
  for (const config::AccessList& list : config.access_lists)
    access_.emplace_back(list.allow, list.deny, list.allow.empty());
  has_questions_ = std::ranges::any_of(questions_, [](const auto& asked) { return !asked.empty(); });
  asks_for_scheme_ = std::ranges::any_of(config.routes,
                                         [](const config::Route& route) {
                                           return route.match.scheme != config::Scheme::any;
                                         }) ||
                     std::ranges::any_of(config.listeners, [](const config::Listener& listener) {
                       return listener.redirect_to_https.has_value();
                     });
}

bool Judge::trusts(const IpAddress& peer) const {
  return std::ranges::any_of(config_.trusted_proxies,
                             [&](const Cidr& block) { return block.contains(peer); });
}

void Judge::prepare(const LoggedRequest& request, Asked& asked) const {
  const auto listener = std::ranges::find(config_.listeners, request.listener, &config::Listener::name);
  asked.listener = static_cast<std::size_t>(listener - config_.listeners.begin());
  asked.refused.reset();
  asked.resolved_path.clear();
  asked.sent_path = {};
  http::normalise_host(request.host, asked.host);
  if (request.path == "*") {
    asked.path = "/";
    asked.sent_path = "/";
    return;
  }
  if (const auto normal = http::normalise_path(request.path, asked.path); !normal) {
    asked.refused = normal.error();
    return;
  }
  if (listener == config_.listeners.end()) return;
  const auto chosen =
      route::choose_sent_path(listener->path, request.path, asked.path, asked.resolved_path, asked.sent_path);
  if (!chosen) asked.refused = chosen.error();
}

bool Judge::redirects_to_https(const Asked& asked, bool https) const {
  return config_.listeners[asked.listener].redirect_to_https && !https &&
         !route::is_acme_challenge(asked.path);
}

Result<std::size_t> Judge::route_of(const LoggedRequest& request, Asked& asked,
                                    const std::vector<http::Field>& fields, bool https) const {
  const route::Request wanted{asked.host, asked.path,     request.method,
                              &fields,    asked.listener, https ? "https" : "http"};
  return route::find_for_all_readings(table_, wanted, asked.decoded_path);
}

Verdict Judge::verdict(const LoggedRequest& request, const Asked& asked, std::size_t route) const {
  Verdict verdict;
  verdict.listener = &config_.listeners[asked.listener];
  verdict.route = &config_.routes[route];
  for (const std::size_t index : verdict.route->access) {
    if (!asked.client_known) {
      verdict.client_unknown = true;
    } else if (!access_[index].contains(request.client_ip)) {
      verdict.end = End::access_denied;
      verdict.list = &config_.access_lists[index];
      return verdict;
    }
  }
  const config::Action& action = verdict.route->action;
  if (std::holds_alternative<config::RedirectAction>(action)) {
    verdict.end = End::redirect;
  } else if (std::holds_alternative<config::RespondAction>(action)) {
    verdict.end = End::respond;
  } else {
    verdict.end = End::proxy;
    const auto& rewrite = std::get<config::ProxyAction>(action).rewrite_path;
    if (rewrite) {
      const std::string_view sent = asked.resolved_path.empty() ? asked.sent_path : asked.resolved_path;
      route::rewrite_path(verdict.route->match.path, asked.path, sent, *rewrite, verdict.path);
    } else {
      verdict.path = asked.sent_path;
    }
  }
  return verdict;
}

std::string to_text(const Verdict& verdict, const config::Config& config) {
  const std::string on_route = verdict.route != nullptr ? ", route " + verdict.route->name : "";
  switch (verdict.end) {
    case End::no_listener:
      return "no listener of that name";
    case End::refused:
      return status_text(400, "for its path");
    case End::redirect_to_https:
      return status_text(verdict.listener->redirect_to_https->status, "to HTTPS");
    case End::no_route:
      return status_text(404, "no route");
    case End::access_denied:
      return status_text(403, "by access list " + verdict.list->name) + on_route;
    case End::rate_limited:
      return status_text(verdict.limit->status, "by rate limit " + verdict.limit->name) + on_route;
    case End::redirect: {
      const auto& action = std::get<config::RedirectAction>(verdict.route->action);
      return status_text(action.status, "to " + action.to) + on_route;
    }
    case End::respond:
      return status_text(std::get<config::RespondAction>(verdict.route->action).status, "by respond") +
             on_route;
    case End::proxy:
      break;
  }
  return "route " + verdict.route->name + ", " + target_text(*verdict.route, config) + ", path " +
         verdict.path;
}

}  // namespace weir::replay
