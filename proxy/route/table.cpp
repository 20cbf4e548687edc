#include "route/table.hpp"

#include "core/regex.hpp"
#include "route/conditions.hpp"
#include "route/host_index.hpp"
#include "route/path_index.hpp"

namespace weir::route {
namespace {

/// What one route needs besides its places in the indexes.
struct Rule {
  explicit Rule(const config::RouteMatch& given) : match(given), conditions(given) {
    if (match.path.kind != config::PathMatch::Kind::regex) return;
    if (Result<Regex> compiled = Regex::compile(match.path.text)) expression = std::move(*compiled);
  }

  config::RouteMatch match;
  Regex expression;  // of a regex path; as constructed it matches nothing
  Conditions conditions;
};

Finding explain_host(const std::vector<std::string>& patterns, std::string_view host) {
  const std::string shown = "host " + std::string(host);
  for (const std::string& pattern : patterns) {
    if (host.size() <= host_bytes_max && host_matches(pattern, host))
      return {true, shown + ": matches " + pattern};
  }
  if (patterns.size() == 1) return {false, shown + ": does not match " + patterns[0]};
  return {false, shown + ": matches none of " + join(patterns)};
}

Finding explain_path(const Rule& rule, std::string_view path) {
  const std::string shown = "path " + std::string(path);
  const std::string& text = rule.match.path.text;
  switch (rule.match.path.kind) {
    case config::PathMatch::Kind::prefix:
      return is_under(path, text) ? Finding{true, shown + ": under " + text}
                                  : Finding{false, shown + ": not under " + text};
    case config::PathMatch::Kind::exact:
      return path == text ? Finding{true, shown + ": is " + text}
                          : Finding{false, shown + ": is not " + text};
    case config::PathMatch::Kind::regex:
      break;
  }
  return rule.expression.matches(path) ? Finding{true, shown + ": matches ~" + text}
                                       : Finding{false, shown + ": does not match ~" + text};
}

}  // namespace

struct RouteTable::Impl {
  HostIndex hosts;
  PathIndex paths{0};
  std::vector<Rule> rules;
};

RouteTable::RouteTable(const std::vector<config::Route>& routes) : impl_(std::make_unique<Impl>()) {
  impl_->rules.reserve(routes.size());
  for (const config::Route& route : routes) {
    impl_->rules.emplace_back(route.match);
    for (const std::string& host : route.match.hosts) impl_->hosts.get_or_add(host);
  }
  impl_->paths = PathIndex(impl_->hosts.size());
  for (RouteNumber number = 0; number < routes.size(); ++number) {
    const config::RouteMatch& match = impl_->rules[number].match;
    if (match.hosts.empty()) impl_->paths.add(HostIndex::any_host, match.path, number);
    for (const std::string& host : match.hosts) {
      impl_->paths.add(impl_->hosts.get_or_add(host), match.path, number);
    }
  }
}

RouteTable::~RouteTable() = default;
RouteTable::RouteTable(RouteTable&&) noexcept = default;
RouteTable& RouteTable::operator=(RouteTable&&) noexcept = default;

std::size_t RouteTable::find(const Request& request) const {
  const std::vector<Rule>& rules = impl_->rules;
  const auto conditions_hold = [&](RouteNumber route) { return rules[route].conditions.hold(request); };
  const auto expression = [&](RouteNumber route) -> const Regex& { return rules[route].expression; };
  RouteNumber best = no_number;
  impl_->hosts.for_each_bucket(request.host, [&](HostIndex::Bucket bucket) {
    impl_->paths.search(bucket, request.path, best, conditions_hold, expression);
  });
  return best == no_number ? no_route : best;
}

std::vector<Finding> RouteTable::explain(std::size_t index, const Request& request,
                                         std::span<const std::string> listener_names) const {
  const Rule& rule = impl_->rules[index];
  std::vector<Finding> findings;
  if (!rule.match.hosts.empty()) findings.push_back(explain_host(rule.match.hosts, request.host));
  findings.push_back(explain_path(rule, request.path));
  rule.conditions.explain(request, listener_names, findings);
  return findings;
}

}  // namespace weir::route
