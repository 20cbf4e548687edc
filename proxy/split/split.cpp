#include "split/split.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "core/stable_hash.hpp"
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

/// The route's name, and with a secret what no route's name can be.
std::string salt_of(std::string_view route, std::string_view secret) {
  std::string salt(route);
  if (!secret.empty()) salt.append(1, '\0').append(secret);
  return salt;
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

Split::Split(const config::Split& config, std::string_view route, std::span<const std::string_view> targets,
             std::string_view secret)
    : config_(config),
      route_(route),
      names_(targets.begin(), targets.end()),
      affinity_(salt_of(route, secret), targets) {}

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
  char buffer[16];
  std::optional<std::string_view> client;
  if (by_cookie) {
    client = choice.cookie.key;
  } else {
    client = key_of(request, std::span<char, 16>(buffer));
    known = client.has_value();
    // Where clients are counted, a request without a key is a client of its own that comes once.
    if (!known && request.client_key != nullptr && config_.affinity.by != config::AffinityBy::none) {
      std::memcpy(buffer, &request.random, sizeof request.random);
      client = std::string_view(buffer, sizeof request.random);
    }
  }
  if (!client) {
    choice.target = pick_turn(request, weights, everyone, shared);
    return choice;
  }
  if (request.client_key != nullptr) choice.client = stable_hash(*request.client_key, *client);
  choice.why = known ? Why::affinity : Why::weight;
  const std::string_view before = choice.cookie.side_of(route_);
  choice.target = kept_side(before, weights, request.taken_back);
  if (choice.target != none) return choice;
  choice.target = affinity_.pick(*client, weights);
  choice.set_cookie = by_cookie && before != names_[choice.target];
  return choice;
}

/// Where the cookie says that the client was, if it may stay there although that side has no weight any more.
std::size_t Split::kept_side(std::string_view before, std::span<const std::uint32_t> weights,
                             Mask taken_back) const {
  if (before.empty() || config_.drain_affinity != config::DrainAffinity::keep) return none;
  const auto target = static_cast<std::size_t>(std::ranges::find(names_, before) - names_.begin());
  if (target == names_.size() || weights[target] != 0 || contains(taken_back, target)) return none;
  return target;
}

std::size_t Split::pick_turn(const Request& request, std::span<const std::uint32_t> weights, Mask allowed,
                             Shared& shared) const {
  const std::uint64_t turn = shared.turn.fetch_add(1, std::memory_order_relaxed);
  // Where one is left there is no order.
  if (request.turns == nullptr || std::has_single_bit(allowed)) return pick_by_turn(weights, allowed, turn);
  if (allowed == everyone) return request.turns->pick(turn);
  return PermutedTurns(request.turns->key(), weights, allowed).pick(turn);
}

Choice Split::fall_over(const Choice& first, const Request& request, std::span<const std::uint32_t> weights,
                        Mask alive, Shared& shared) const {
  char buffer[16];
  auto key = key_of(request, std::span<char, 16>(buffer));
  if (config_.affinity.by == config::AffinityBy::cookie) key = first.cookie.key;
  const auto pick = [&](std::span<const std::uint32_t> by) {
    return key ? affinity_.pick(*key, by, alive) : pick_turn(request, by, alive, shared);
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
