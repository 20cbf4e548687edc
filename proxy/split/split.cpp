#include "split/split.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "http/cookies.hpp"
#include "http/text.hpp"

namespace weir::split {
namespace {

bool holds(const config::SplitOverride& rule, std::span<const http::Field> fields) {
  if (rule.cookie) {
    return http::any_cookie(fields, rule.name, [&](std::string_view value) { return value == rule.value; });
  }
  return std::ranges::any_of(fields, [&](const http::Field& field) {
    return http::iequals(field.name, rule.name) && field.value == rule.value;
  });
}

}  // namespace

std::string_view to_string(Why why) {
  constexpr std::array<std::string_view, why_count> names{"weight", "affinity", "override", "failover"};
  return names[static_cast<std::size_t>(why)];
}

std::optional<Cookie> find_cookie(std::span<const http::Field> fields) {
  std::optional<Cookie> found;
  http::any_cookie(fields, cookie_name, [&](std::string_view value) {
    found = parse_cookie(value);
    return found.has_value();
  });
  return found;
}

Split::Split(const config::Split& config, std::string_view route, std::span<const std::string_view> targets)
    : config_(config), route_(route), names_(targets.begin(), targets.end()), affinity_(route, targets) {}

const config::SplitOverride* Split::matching_override(std::span<const http::Field> fields) const {
  for (const config::SplitOverride& rule : config_.overrides) {
    if (holds(rule, fields)) return &rule;
  }
  return nullptr;
}

std::optional<std::string_view> Split::key_of(const Request& request, std::span<char, 16> buffer) const {
  switch (config_.affinity.by) {
    case config::AffinityBy::none:
    case config::AffinityBy::cookie:
      return std::nullopt;
    case config::AffinityBy::client_ip: {
      // A household's or a phone's addresses are one client: they share the first half, and the rest changes daily.
      const std::size_t length = request.client_ip.v6 ? 8 : 4;
      std::memcpy(buffer.data(), request.client_ip.bytes.data(), length);
      return std::string_view(buffer.data(), length);
    }
    case config::AffinityBy::header:
      for (const http::Field& field : request.fields) {
        if (http::iequals(field.name, config_.affinity.header) && !field.value.empty()) return field.value;
      }
      return std::nullopt;
  }
  return std::nullopt;
}

Choice Split::choose(const Request& request, std::span<const std::uint32_t> weights, Shared& shared,
                     char (&key)[cookie_key_digits]) const {
  Choice choice;
  const bool by_cookie = config_.affinity.by == config::AffinityBy::cookie;
  bool known = false;
  if (by_cookie) {
    auto cookie = find_cookie(request.fields);
    known = cookie.has_value();
    if (known) {
      choice.cookie = *cookie;
    } else {
      write_key(request.random, key);
      choice.cookie.key = {key, cookie_key_digits};
    }
  }
  if (const config::SplitOverride* rule = matching_override(request.fields)) {
    choice.target = rule->target;
    choice.why = Why::override_rule;
    return choice;  // says nothing about where the client belongs
  }
  const std::string_view before = choice.cookie.side_of(route_);
  if (by_cookie && config_.drain_affinity == config::DrainAffinity::keep && !before.empty()) {
    const auto found = std::ranges::find(names_, before);
    const auto target = static_cast<std::size_t>(found - names_.begin());
    if (found != names_.end() && weights[target] == 0) {
      choice.target = target;
      choice.why = Why::affinity;
      return choice;
    }
  }
  char buffer[16];
  const auto other_key = key_of(request, std::span<char, 16>(buffer));
  if (by_cookie) {
    choice.target = affinity_.pick(choice.cookie.key, weights);
    choice.why = known ? Why::affinity : Why::weight;
    choice.set_cookie = before != names_[choice.target];
  } else if (other_key) {
    choice.target = affinity_.pick(*other_key, weights);
    choice.why = Why::affinity;
  } else {
    choice.target = pick_by_turn(weights, everyone, shared.turn.fetch_add(1, std::memory_order_relaxed));
  }
  return choice;
}

Choice Split::fall_over(const Choice& first, const Request& request, std::span<const std::uint32_t> weights,
                        Mask alive, Shared& shared) const {
  char buffer[16];
  auto key = key_of(request, std::span<char, 16>(buffer));
  if (config_.affinity.by == config::AffinityBy::cookie) key = first.cookie.key;
  const auto pick = [&](std::span<const std::uint32_t> by) {
    return key ? affinity_.pick(*key, by, alive)
               : pick_by_turn(by, alive, shared.turn.fetch_add(1, std::memory_order_relaxed));
  };
  std::size_t target = pick(weights);
  if (target == none) {
    // No target with a weight is usable. After a cut-over the side that was left is better than no answer.
    std::array<std::uint32_t, config::split_targets_max> alike;
    alike.fill(1);
    target = pick(std::span(alike).first(weights.size()));
  }
  if (target == none) return first;
  Choice second = first;
  second.target = target;
  second.why = Why::failover;
  second.set_cookie = false;
  return second;
}

}  // namespace weir::split
