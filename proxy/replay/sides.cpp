#include "replay/sides.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <vector>

namespace weir::replay {
namespace {

/// An override by what it looks at and where it leads.
using Rule = std::tuple<bool, std::string, std::string, std::string>;

std::vector<Rule> rules_of(const config::Config& config, const config::Split* split) {
  std::vector<Rule> rules;
  if (split == nullptr) return rules;
  for (const config::SplitOverride& rule : split->overrides) {
    const std::size_t upstream = split->targets[rule.target].upstream;
    rules.emplace_back(rule.cookie, rule.name, rule.value, config.upstreams[upstream].name);
  }
  return rules;
}

/// Adds the shares of `route` to the members of sides that `share` names.
void add_shares(std::vector<Shift::Side>& sides, double Shift::Side::*share, const config::Config& config,
                const config::Route& route) {
  const auto add = [&](std::size_t upstream, double part) {
    const std::string& name = config.upstreams[upstream].name;
    auto found = std::ranges::find(sides, name, &Shift::Side::upstream);
    if (found == sides.end()) found = sides.insert(sides.end(), Shift::Side{name, 0, 0});
    (*found).*share += part;
  };
  const config::Split* const split = split_of(route);
  if (split == nullptr) return add(std::get<config::ProxyAction>(route.action).upstream, 1);
  double total = 0;
  for (const config::SplitTarget& target : split->targets) total += target.weight;
  for (const config::SplitTarget& target : split->targets) add(target.upstream, target.weight / total);
}

}  // namespace

const config::Split* split_of(const config::Route& route) {
  const auto& split = std::get<config::ProxyAction>(route.action).split;
  return split ? &*split : nullptr;
}

std::optional<std::string_view> sole_upstream(const config::Config& config, const config::Route& route) {
  const config::Split* const split = split_of(route);
  if (split == nullptr) return config.upstreams[std::get<config::ProxyAction>(route.action).upstream].name;
  std::optional<std::string_view> sole;
  for (const config::SplitTarget& target : split->targets) {
    if (target.weight == 0) continue;
    if (sole) return std::nullopt;
    sole = config.upstreams[target.upstream].name;
  }
  return sole;
}

bool same_overrides(const config::Config& old, const config::Split* before, const config::Config& now,
                    const config::Split* after) {
  return rules_of(old, before) == rules_of(now, after);
}

std::string new_override(const config::Config& old, const config::Split* before, const config::Config& now,
                         const config::Split* after) {
  const std::vector<Rule> known = rules_of(old, before);
  const auto looks_alike = [](const Rule& a, const Rule& b) {
    return std::get<0>(a) == std::get<0>(b) && std::get<1>(a) == std::get<1>(b) &&
           std::get<2>(a) == std::get<2>(b);
  };
  for (const Rule& rule : rules_of(now, after)) {
    if (std::ranges::none_of(known, [&](const Rule& other) { return looks_alike(rule, other); }))
      return (std::get<0>(rule) ? "cookie " : "header ") + std::get<1>(rule);
  }
  return {};
}

Shift shift_of(const config::Config& old, const config::Route& before, const config::Config& now,
               const config::Route& after, std::uint64_t requests) {
  Shift shift;
  shift.old_route = before.name;
  shift.now_route = after.name;
  shift.requests = requests;
  add_shares(shift.sides, &Shift::Side::old, old, before);
  add_shares(shift.sides, &Shift::Side::now, now, after);
  for (const Shift::Side& side : shift.sides) shift.moved += std::fabs(side.now - side.old) / 2;
  return shift;
}

}  // namespace weir::replay
