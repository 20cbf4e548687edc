#include "route/path_index.hpp"

#include <algorithm>

namespace weir::route {

bool is_under(std::string_view path, std::string_view prefix) {
  if (prefix == "/") return true;
  if (!path.starts_with(prefix)) return false;
  return prefix.ends_with('/') || path.size() == prefix.size() || path[prefix.size()] == '/';
}

std::uint32_t PathIndex::child(std::uint32_t parent, std::string_view segment) {
  const auto fresh = static_cast<std::uint32_t>(nodes_.size());
  const std::uint32_t number = children_.get_or_add(parent, segment, fresh);
  if (number == fresh) nodes_.emplace_back();
  nodes_[parent].has_children = true;
  return number;
}

void PathIndex::add(std::uint32_t bucket, const config::PathMatch& match, RouteNumber route) {
  if (match.kind == config::PathMatch::Kind::regex) {
    buckets_[bucket].expressions.push_back(route);
    return;
  }
  const bool is_exact = match.kind == config::PathMatch::Kind::exact;
  std::string_view rest = match.text;
  // "/api/" as a prefix is the node of "/api", with something to follow.
  const bool is_below = !is_exact && rest.ends_with('/');
  if (is_below) rest.remove_suffix(1);

  std::uint32_t number = bucket;
  nodes_[number].first = std::min(nodes_[number].first, route);
  while (rest.starts_with('/')) {
    rest.remove_prefix(1);
    const std::string_view segment = rest.substr(0, rest.find('/'));
    number = child(number, segment);
    nodes_[number].first = std::min(nodes_[number].first, route);
    rest.remove_prefix(segment.size());
  }
  Node& node = nodes_[number];
  (is_exact ? node.exact : is_below ? node.below : node.prefix).push_back(route);
}

}  // namespace weir::route
