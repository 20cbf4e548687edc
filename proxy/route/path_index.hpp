// Routes by path: a tree of path segments for exact paths and prefixes, and a list of expressions, for each bucket
// of hosts. A lookup goes down the tree as far as the configuration has segments, never as far as the path has.
// Filled at build, in the order of the routes; then any thread, no allocation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "config/model.hpp"
#include "core/regex.hpp"
#include "route/name_index.hpp"

namespace weir::route {

/// Route numbers are added in rising order, so each list is sorted.
using RouteNumber = std::uint32_t;
inline constexpr RouteNumber no_number = std::numeric_limits<RouteNumber>::max();

/// "/api" covers "/api" and "/api/x", not "/apix"; "/api/" covers what is below it only; "/" covers everything.
bool is_under(std::string_view path, std::string_view prefix);

class PathIndex {
 public:
  explicit PathIndex(std::size_t buckets) : nodes_(buckets), buckets_(buckets) {}

  void add(std::uint32_t bucket, const config::PathMatch& match, RouteNumber route);

  /// Lowers `best` to the smallest route of the bucket whose path rule covers `path` and for which
  /// `conditions_hold(route)`; `expression(route)` is the compiled one of a regex route.
  template <class Conditions, class Expression>
  void search(std::uint32_t bucket, std::string_view path, RouteNumber& best, Conditions conditions_hold,
              Expression expression) const {
    const auto consider = [&](const std::vector<RouteNumber>& routes) {
      for (const RouteNumber route : routes) {
        if (route >= best) return;
        if (!conditions_hold(route)) continue;
        best = route;
        return;
      }
    };
    walk(bucket, path, best, consider);
    for (const RouteNumber route : buckets_[bucket].expressions) {
      if (route >= best) return;
      if (!expression(route).matches(path) || !conditions_hold(route)) continue;
      best = route;
      return;
    }
  }

 private:
  struct Node {
    std::vector<RouteNumber> exact;   // the path ends here
    std::vector<RouteNumber> prefix;  // the path comes by here
    std::vector<RouteNumber> below;   // the path goes on from here, if only by a slash
    RouteNumber first = no_number;    // smallest number here and further down
    bool has_children = false;
  };
  struct Bucket {
    std::vector<RouteNumber> expressions;
  };

  template <class Consider>
  void walk(std::uint32_t root, std::string_view path, const RouteNumber& best, Consider consider) const {
    const Node* node = &nodes_[root];
    for (std::uint32_t number = root; node->first < best;) {
      consider(node->prefix);
      if (path.empty()) return consider(node->exact);
      consider(node->below);
      if (!node->has_children || path.front() != '/') return;
      path.remove_prefix(1);
      const std::string_view segment = path.substr(0, path.find('/'));
      number = children_.find(number, segment);
      if (number == NameIndex::none) return;
      node = &nodes_[number];
      path.remove_prefix(segment.size());
    }
  }

  std::uint32_t child(std::uint32_t parent, std::string_view segment);

  std::vector<Node> nodes_;  // the first ones are the buckets' roots
  std::vector<Bucket> buckets_;
  NameIndex children_;  // (node, segment) -> node
};

}  // namespace weir::route
