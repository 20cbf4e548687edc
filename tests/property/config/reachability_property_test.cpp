// A route that is called unreachable is: no request of a small world distinguishes it from the one above it. And
// the index finds what comparing every pair finds. Seeded; a failure prints its seed.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "config/reachability.hpp"

namespace weir::config {
namespace {

using Kind = PathMatch::Kind;
using Random = std::mt19937;

// A world small enough to try every request.
const std::vector<std::string> patterns = {"x", "a.x", "b.a.x", "*.x", "*.a.x", "y"};
const std::vector<std::string> names = {"x", "a.x", "b.a.x", "c.x", "y", "z"};
const std::vector<std::string> rule_paths = {"/", "/a", "/a/", "/a/b", "/ab"};
const std::vector<std::string> paths = {"/", "/a", "/a/", "/a/b", "/a/b/c", "/ab", "/c"};
const std::vector<std::string> methods = {"GET", "POST"};
const std::vector<std::string> exact_values = {"1", "2"};
const std::vector<std::string> header_values = {"", "1", "2"};  // empty: the header is not there

template <class T>
const T& pick(Random& random, const std::vector<T>& from) {
  return from[random() % from.size()];
}

template <class T>
std::vector<T> pick_some(Random& random, const std::vector<T>& from) {
  std::vector<T> out;
  for (const T& value : from) {
    if (random() % 3 == 0) out.push_back(value);
  }
  return out;
}

RouteMatch random_match(Random& random) {
  RouteMatch match;
  if (random() % 2 == 0) match.hosts = pick_some(random, patterns);
  match.path = {random() % 2 == 0 ? Kind::prefix : Kind::exact, pick(random, rule_paths)};
  if (random() % 2 == 0) match.methods = pick_some(random, methods);
  for (const std::string name : {"X-A", "X-B"}) {
    if (random() % 3 != 0) continue;
    const bool present = random() % 2 == 0;
    match.headers.push_back({name, present ? HeaderMatch::Kind::present : HeaderMatch::Kind::exact,
                             present ? "" : pick(random, exact_values)});
  }
  if (random() % 4 == 0) match.listeners = {random() % 2};
  return match;
}

struct Request {
  std::string host, path, method, a, b;
  std::size_t listener;
};

bool matches(const RouteMatch& match, const Request& request) {
  const auto host = [&](const std::string& pattern) {
    return pattern == request.host ||
           (pattern.starts_with("*.") && request.host.ends_with(std::string_view(pattern).substr(1)));
  };
  const auto header = [&](const HeaderMatch& rule) {
    const std::string& value = rule.name == "X-A" ? request.a : request.b;
    return rule.kind == HeaderMatch::Kind::present ? !value.empty() : value == rule.value;
  };
  const std::string& rule = match.path.text;
  const bool under = rule == "/" || request.path == rule ||
                     request.path.starts_with(rule.ends_with('/') ? rule : rule + "/");
  const bool path = match.path.kind == Kind::exact ? request.path == rule : under;
  const auto in = [](const auto& set, const auto& value) {
    return set.empty() || std::find(set.begin(), set.end(), value) != set.end();
  };
  return path && (match.hosts.empty() || std::any_of(match.hosts.begin(), match.hosts.end(), host)) &&
         in(match.methods, request.method) && in(match.listeners, request.listener) &&
         std::all_of(match.headers.begin(), match.headers.end(), header);
}

std::vector<Request> all_requests() {
  std::vector<Request> out;
  for (const auto& host : names) {
    for (const auto& path : paths) {
      for (const auto& method : methods) {
        for (const auto& a : header_values) {
          for (const auto& b : header_values) {
            for (const std::size_t listener : {0U, 1U}) out.push_back({host, path, method, a, b, listener});
          }
        }
      }
    }
  }
  return out;
}

TEST(ReachabilityProperty, WhatIsCoveredNeverMatchesAlone) {
  const auto requests = all_requests();
  std::size_t covered = 0;
  for (unsigned seed = 0; seed < 3'000; ++seed) {
    Random random(seed);
    const RouteMatch earlier = random_match(random), later = random_match(random);
    if (!covers(earlier, later)) continue;
    ++covered;
    for (const Request& request : requests) {
      ASSERT_FALSE(matches(later, request) && !matches(earlier, request))
          << "seed " << seed << ": " << request.host << request.path;
    }
  }
  EXPECT_GT(covered, 50U);  // the world is not too large to find any
}

TEST(ReachabilityProperty, TheIndexFindsWhatEveryPairShows) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    Random random(seed);
    std::vector<RouteMatch> routes;
    routes.reserve(30);
    for (int i = 0; i < 30; ++i) routes.push_back(random_match(random));
    std::vector<const RouteMatch*> pointers;
    pointers.reserve(routes.size());
    for (const RouteMatch& route : routes) pointers.push_back(&route);
    std::vector<std::pair<std::size_t, std::size_t>> expected, found;
    for (std::size_t later = 0; later < routes.size(); ++later) {
      for (std::size_t earlier = 0; earlier < later; ++earlier) {
        if (!covers(routes[earlier], routes[later])) continue;
        expected.emplace_back(later, earlier);
        break;
      }
    }
    for (const Shadow& shadow : find_unreachable(pointers)) found.emplace_back(shadow.route, shadow.by);
    ASSERT_EQ(found, expected) << "seed " << seed;
  }
}

}  // namespace
}  // namespace weir::config
