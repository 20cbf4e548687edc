// The walk of server/exchange.cpp, without a network: listener, HTTPS redirect, route, action.
#include "explain/explain.hpp"

#include <algorithm>

#include "config/rates.hpp"
#include "explain/explanation.hpp"
#include "explain/live.hpp"
#include "explain/proxy.hpp"
#include "explain/request.hpp"
#include "http/hops.hpp"
#include "http/uri.hpp"
#include "limit/key.hpp"
#include "route/acme.hpp"
#include "route/readings.hpp"

namespace weir::control {
namespace {

constexpr std::uint16_t https_port = 443;
constexpr std::string_view security_policy = "security";

std::size_t failures_of(const ConsideredRoute& considered) {
  return static_cast<std::size_t>(std::ranges::count(considered.findings, false, &route::Finding::holds));
}

MetLimit met_limit(const config::RateLimit& limit, limit::KeyRule::Outcome outcome) {
  using Outcome = limit::KeyRule::Outcome;
  MetLimit met;
  met.name = limit.name;
  met.rate = config::format_rate(limit.rate);
  met.burst = limit.burst;
  for (const config::RateLimitKey& part : limit.key) met.key.push_back(config::format_rate_limit_key(part));
  met.shadow = limit.shadow;
  met.effect = outcome == Outcome::found  ? "takes a token"
               : outcome == Outcome::pass ? "not limited: the key is missing"
                                          : "refused: the key is missing or has several values";
  return met;
}

/// What the bucket says of a request that has a key.
std::string bucket_effect(const LiveBucket& bucket, bool has_token, bool shadow) {
  const std::string next = bucket.next.empty() ? "" : ", one more in " + bucket.next;
  if (has_token) return "takes a token of the " + std::to_string(bucket.tokens) + " that are left" + next;
  return std::string(shadow ? "would refuse it" : "refuses it") + ": no token is left" + next;
}

class Explainer {
 public:
  /// `live`: null for what the configuration says.
  Explainer(const config::Config& config, const ComposedRequest& composed, const route::RouteTable& table,
            const LiveView* live)
      : config_(config),
        composed_(composed),
        table_(table),
        live_(live),
        listener_(config.listeners[composed.listener.index]) {}

  Explanation run() {
    out_.method = composed_.head.method_text;
    out_.listener = listener_.name;
    out_.listener_address = listener_.address.to_string();
    out_.listener_note = composed_.listener.note;
    out_.tls = listener_.tls.has_value();
    out_.peer = out_.client_ip = composed_.peer.to_string();
    if (live_ != nullptr) out_.live = live_->facts();
    walk();
    describe_response();
    return std::move(out_);
  }

 private:
  void walk() {
    forwarded_.proto = out_.tls ? "https" : "http";
    if (composed_.refusal) return refuse(*composed_.refusal);
    local_port_ = std::to_string(listener_.address.port);
    http::evaluate_forwarded(composed_.head, composed_.peer, out_.tls, local_port_, config_.trusted_proxies,
                             forwarded_);
    out_.client_ip = forwarded_.client_ip.to_string();
    out_.peer_trusted = forwarded_.peer_trusted;
    http::normalise_host(composed_.head.host, out_.host);
    const auto normal = http::normalise_path(composed_.head.path, out_.path);
    if (!normal) return refuse(normal.error());
    const auto chosen =
        route::choose_sent_path(listener_.path, composed_.head.path, out_.path, resolved_path_, sent_path_);
    if (!chosen) return refuse(chosen.error());
    if (listener_.redirect_to_https && forwarded_.proto != "https" && !route::is_acme_challenge(out_.path))
      return redirect_to_https();
    const auto found = find_route();
    if (!found) return refuse(found.error());
    if (!*found) return refuse(client_error(ErrorKind::no_route, "no route matches"), Ending::no_route);
    const config::Route& route = config_.routes[out_.route->index];
    out_.access_log = route.access_log;
    if (!admits(route)) return;
    out_.max_in_flight = route.max_in_flight;
    if (live_ != nullptr) {
      if (const auto full = live_->enter_route(out_.route->index, *out_.live)) return refuse_for_now(*full);
    }
    if (const auto refused = meet_limits(route)) return refuse(*refused);
    if (http::max_forwards(composed_.head) == 0U) return answer_options();
    if (const auto* redirect = std::get_if<config::RedirectAction>(&route.action))
      return explain_redirect(*redirect);
    if (const auto* respond = std::get_if<config::RespondAction>(&route.action))
      return explain_respond(*respond);
    explain_proxy(route);
  }

  void refuse(const Error& error, Ending ending = Ending::refused) {
    out_.ending = ending;
    out_.answer.status = status_ != 0 ? status_ : facts(error.kind).status;
    out_.answer.reason = error.detail;
  }

  /// Too many requests at once: a moment later there may be room.
  void refuse_for_now(const Error& error) {
    refuse(error);
    if (error.origin == Origin::self) out_.answer.headers.emplace_back("Retry-After", "1");
  }

  bool admits(const config::Route& route) {
    for (const std::size_t index : route.access) {
      const AccessFinding& finding =
          out_.access.emplace_back(explain_access(config_.access_lists[index], forwarded_.client_ip));
      if (finding.admits) continue;
      refuse(client_error(ErrorKind::access_denied, "refused by access list " + finding.list),
             Ending::access_denied);
      return false;
    }
    return true;
  }

  void redirect_to_https() {
    out_.ending = Ending::redirect_to_https;
    out_.answer.status = listener_.redirect_to_https->status;
    std::string location = "https://" + std::string(composed_.head.host);
    const std::uint16_t port = listener_.redirect_to_https->port;
    if (port != https_port) location += ':' + std::to_string(port);
    location += composed_.head.path;
    if (composed_.head.has_query) location.append("?").append(composed_.head.query);
    out_.answer.headers.emplace_back("Location", location);
  }

  Result<bool> find_route() {
    const route::Request request{out_.host,
                                 out_.path,
                                 composed_.head.method_text,
                                 &composed_.head.fields,
                                 composed_.listener.index,
                                 forwarded_.proto};
    std::vector<std::string> listener_names;
    listener_names.reserve(config_.listeners.size());
    for (const config::Listener& listener : config_.listeners) listener_names.push_back(listener.name);
    const auto consider = [&](std::size_t index) {
      return ConsideredRoute{index, config_.routes[index].name,
                             table_.explain(index, request, listener_names)};
    };
    const auto judged = route::find_for_all_readings(table_, request, decoded_path_);
    if (!judged) return judged.error();
    const std::size_t found = *judged;
    if (found != route::no_route) out_.route = consider(found);
    for (std::size_t index = 0; index < std::min(found, config_.routes.size()); ++index) {
      out_.earlier.push_back(consider(index));
    }
    keep_closest();
    return found != route::no_route;
  }

  /// Of many routes that did not match those with the fewest failed conditions explain the most.
  void keep_closest() {
    if (out_.earlier.size() <= earlier_routes_shown_max) return;
    out_.earlier_omitted = out_.earlier.size() - earlier_routes_shown_max;
    std::ranges::stable_sort(out_.earlier, {}, failures_of);
    out_.earlier.resize(earlier_routes_shown_max);
    std::ranges::sort(out_.earlier, {}, &ConsideredRoute::index);
  }

  /// From the configuration alone buckets are not known; a key that is missing is.
  std::optional<Error> meet_limits(const config::Route& route) {
    const limit::KeySource source{forwarded_.client_ip, out_.host, route::key_path(out_.path, decoded_path_),
                                  route.name, composed_.head.fields};
    std::optional<Error> refused;
    for (const std::size_t index : route.rate_limits) {
      const config::RateLimit& limit = config_.rate_limits[index];
      const auto outcome = limit::KeyRule(limit).key_of(source, {}).outcome;
      out_.limits.push_back(met_limit(limit, outcome));
      if (outcome == limit::KeyRule::Outcome::refuse && !limit.shadow && !refused) {
        refused = client_error(ErrorKind::rate_limited,
                               "rate limit " + limit.name + ": its key is missing or has several values");
        status_ = limit.status;
      }
    }
    if (live_ == nullptr || refused) return refused;
    return look_at_buckets(route, source);
  }

  /// The first limit without a token refuses, and then none of them loses one.
  std::optional<Error> look_at_buckets(const config::Route& route, const limit::KeySource& source) {
    std::optional<Error> refused;
    for (std::size_t i = 0; i < route.rate_limits.size(); ++i) {
      const server::LimitRuntime& limit = live_->limit(route.rate_limits[i]);
      const auto key = limit.key.key_of(source, limit.table->secret());
      if (key.outcome != limit::KeyRule::Outcome::found) continue;
      bool has_token = false;
      MetLimit& met = out_.limits[i];
      met.bucket = live_->bucket(limit, key.hash, has_token);
      met.effect = bucket_effect(*met.bucket, has_token, met.shadow);
      if (has_token || met.shadow || refused) continue;
      refused = client_error(ErrorKind::rate_limited, "rate limit " + met.name + ": no token is left");
      status_ = limit.config->status;
    }
    return refused;
  }

  void answer_options() {
    out_.ending = Ending::respond;
    out_.answer.status = 204;
    out_.answer.reason = "Max-Forwards is 0: Weir answers OPTIONS itself";
  }

  void explain_redirect(const config::RedirectAction& action) {
    out_.ending = Ending::redirect;
    out_.answer.status = action.status;
    out_.answer.headers.emplace_back("Location", action.to);
  }

  void explain_respond(const config::RespondAction& action) {
    out_.ending = Ending::respond;
    out_.answer.status = action.status;
    out_.answer.headers = action.headers;
    if (!action.content_type.empty()) out_.answer.headers.emplace_back("Content-Type", action.content_type);
    out_.answer.body_bytes = action.body.size();
  }

  void explain_proxy(const config::Route& route) {
    const std::uint64_t limit = listener_.limits.body_bytes;
    if (limit != 0 && composed_.head.body.kind == http::BodyKind::length &&
        composed_.head.body.length > limit) {
      return refuse(client_error(ErrorKind::body_too_large, "Content-Length exceeds limits.body_bytes"));
    }
    if (live_ != nullptr) {
      if (const auto full = live_->enter_pause(out_.route->index, *out_.live)) return refuse_for_now(*full);
    }
    out_.ending = Ending::proxy;
    const bool splits = std::get<config::ProxyAction>(route.action).split.has_value();
    std::optional<SplitNow> now;
    if (live_ != nullptr && splits) now = live_->enter_split(out_.route->index, *out_.live);
    out_.proxy =
        plan_proxy(config_, route, composed_.head, {out_.path, sent_path_, resolved_path_}, forwarded_,
                   http::HeaderPolicy::compile(policies()).request, now ? &*now : nullptr);
    if (live_ == nullptr) return;
    const LiveRequest request{composed_.head, forwarded_.client_ip,
                              route::key_path(out_.path, decoded_path_)};
    const auto refused = live_->enter_upstream(out_.proxy.upstream_index, request, *out_.live);
    if (refused) refuse_for_now(*refused);
  }

  /// The route's header policies; without a route the default one.
  std::vector<const config::HeaderPolicy*> policies() const {
    std::vector<const config::HeaderPolicy*> chosen;
    if (out_.route) {
      for (const std::size_t index : config_.routes[out_.route->index].headers) {
        chosen.push_back(&config_.header_policies[index]);
      }
      return chosen;
    }
    for (const config::HeaderPolicy& policy : config_.header_policies) {
      if (policy.name == security_policy) chosen.push_back(&policy);
    }
    return chosen;
  }

  void describe_response() {
    const auto chosen = policies();
    for (const config::HeaderPolicy* policy : chosen) out_.policies.push_back(policy->name);
    const http::HeaderPolicy compiled = http::HeaderPolicy::compile(chosen);
    out_.response = response_changes(
        forwarded_.proto == "https" ? compiled.response_tls : compiled.response_plain, chosen);
  }

  const config::Config& config_;
  const ComposedRequest& composed_;
  const route::RouteTable& table_;
  const LiveView* live_;
  const config::Listener& listener_;
  std::string local_port_;
  http::ForwardedFacts forwarded_;
  std::string resolved_path_, decoded_path_;
  std::string_view sent_path_;
  int status_ = 0;  // of a refusal, where the configuration says it
  Explanation out_;
};

}  // namespace

std::string_view to_string(Ending ending) {
  switch (ending) {
    case Ending::refused:
      return "refused";
    case Ending::redirect_to_https:
      return "redirect_to_https";
    case Ending::no_route:
      return "no_route";
    case Ending::access_denied:
      return "access_denied";
    case Ending::redirect:
      return "redirect";
    case Ending::respond:
      return "respond";
    case Ending::proxy:
      return "proxy";
  }
  return {};
}

namespace {

std::string shown(Explanation explanation, const ExplainRequest& request, bool json) {
  explanation.method = request.method;
  explanation.url = request.url;
  return json ? show_json(explanation) : show_text(explanation);
}

}  // namespace

Result<std::string> explain(const config::Config& config, const ExplainRequest& request, bool json) {
  const auto composed = compose_request(config, request);
  if (!composed) return composed.error();
  const route::RouteTable table(config.routes);
  return shown(Explainer(config, *composed, table, nullptr).run(), request, json);
}

Result<std::string> explain_live(const LiveSource& live, const ExplainRequest& request, bool json) {
  const LiveView view(live);
  const auto composed = compose_request(view.config(), request);
  if (!composed) return composed.error();
  return shown(Explainer(view.config(), *composed, view.table(), &view).run(), request, json);
}

}  // namespace weir::control
