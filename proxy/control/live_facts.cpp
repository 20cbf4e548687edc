#include "control/live_facts.hpp"

#include <algorithm>
#include <variant>

#include "tls/context.hpp"

namespace weir::control {
namespace {

constexpr std::size_t names_max = observe::TrafficHistory::names_max;

std::string path_text(const config::PathMatch& path) {
  switch (path.kind) {
    case config::PathMatch::Kind::prefix:
      return path.text;
    case config::PathMatch::Kind::exact:
      return "= " + path.text;
    case config::PathMatch::Kind::regex:
      return "~ " + path.text;
  }
  return path.text;
}

/// `shop.example.com, *.example.org GET /cart`; conditions on fields, listeners and schemes are left out.
std::string match_text(const config::RouteMatch& match) {
  std::string text;
  for (const std::string& host : match.hosts) text += (text.empty() ? "" : ", ") + host;
  if (!text.empty()) text += ' ';
  for (std::size_t i = 0; i < match.methods.size(); ++i) text += (i == 0 ? "" : ",") + match.methods[i];
  if (!match.methods.empty()) text += ' ';
  return text + path_text(match.path);
}

LiveRoute live_route(const config::Config& config, const config::Route& route) {
  LiveRoute shown{route.name, match_text(route.match), {}, {}};
  if (const auto* const proxy = std::get_if<config::ProxyAction>(&route.action)) {
    shown.action = proxy->split ? "split" : "proxy";
    if (!proxy->split) shown.upstreams.push_back(config.upstreams[proxy->upstream].name);
    if (proxy->split) {
      for (const config::SplitTarget& target : proxy->split->targets)
        shown.upstreams.push_back(config.upstreams[target.upstream].name);
    }
  } else if (const auto* const redirect = std::get_if<config::RedirectAction>(&route.action)) {
    shown.action = "redirect " + std::to_string(redirect->status);
  } else if (const auto* const respond = std::get_if<config::RespondAction>(&route.action)) {
    shown.action = "respond " + std::to_string(respond->status);
  }
  return shown;
}

void add_certificates(LiveFacts& facts, const server::Snapshot& snapshot) {
  for (const auto& listener : snapshot.listeners) {
    if (!listener->tls) continue;
    for (const auto& certificate : listener->tls->certificates()) {
      if (facts.certificates.size() == LiveFacts::certificates_max) return;
      facts.certificates.push_back({listener->config.name, certificate.subject, certificate.not_after});
    }
  }
}

}  // namespace

observe::ShownNames shown_names(const server::Snapshot& snapshot) {
  observe::ShownNames names;
  for (const server::RouteRuntime& route : *snapshot.routes) {
    if (names.routes.size() == names_max) break;
    names.routes.push_back(route.config->name);
  }
  for (const server::UpstreamRuntime& upstream : snapshot.upstreams) {
    if (names.upstreams.size() == names_max) break;
    names.upstreams.push_back(upstream.config->name);
    for (const upstream::Candidate& candidate : upstream.candidates) {
      if (names.endpoints.size() == observe::TrafficHistory::endpoints_max) break;
      names.endpoints.emplace_back(upstream.config->name, candidate.state->label);
    }
  }
  return names;
}

LiveFacts live_facts(const server::Snapshot& snapshot, const std::deque<std::string>& audit) {
  LiveFacts facts;
  const config::Config& config = *snapshot.config;
  facts.has_token = !config.admin.token.empty();
  for (const config::Route& route : config.routes) {
    if (facts.routes.size() == names_max) break;
    facts.routes.push_back(live_route(config, route));
  }
  facts.left_out = {config.routes.size() - facts.routes.size(),
                    config.upstreams.size() - std::min(config.upstreams.size(), names_max)};
  for (const server::LimitRuntime& limit : *snapshot.limits) {
    if (facts.limits.size() == LiveFacts::limits_max) break;
    facts.limits.push_back(
        {limit.config->name, limit.table->keys(), limit.table->evictions(), limit.config->shadow});
  }
  add_certificates(facts, snapshot);
  const std::size_t lines = std::min(audit.size(), LiveFacts::audit_max);
  facts.audit.assign(audit.rbegin(), audit.rbegin() + static_cast<std::ptrdiff_t>(lines));
  return facts;
}

}  // namespace weir::control
