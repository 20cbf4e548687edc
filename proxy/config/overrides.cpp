#include <algorithm>
#include <charconv>
#include <string_view>

#include "config/substitute.hpp"
#include "config/text.hpp"
#include "config/yaml.hpp"
#include "http/text.hpp"

namespace weir::config {
namespace {

/// `SERVER__MAX_CONNECTIONS` -> server, max_connections. Empty when a segment is.
std::vector<std::string> split_name(std::string_view name) {
  std::vector<std::string> segments;
  for (;;) {
    const auto separator = name.find("__");
    if (separator == 0 || name.empty()) return {};
    segments.push_back(http::lower(name.substr(0, separator)));
    if (separator == name.npos) return segments;
    name.remove_prefix(separator + 2);
  }
}

Node* find_key(Node& map, std::string_view segment) {
  const auto found = std::find_if(map.children.begin(), map.children.end(),
                                  [segment](const Node& child) { return http::lower(child.key) == segment; });
  return found == map.children.end() ? nullptr : &*found;
}

Node* find_element(Node& list, std::string_view segment) {
  std::size_t index = 0;
  const char* const end = segment.data() + segment.size();
  const auto [stop, ec] = std::from_chars(segment.data(), end, index);
  return ec == std::errc{} && stop == end && index < list.children.size() ? &list.children[index] : nullptr;
}

/// The child of `at` that `segment` names; created where it is missing.
Node& descend(Node& at, const std::string& segment, const Mark& mark) {
  Node* const found = at.is_list()  ? find_element(at, segment)
                      : at.is_map() ? find_key(at, segment)
                                    : nullptr;
  if (found) return *found;
  if (!at.is_map()) {
    at.kind = Node::Kind::map;
    at.mark = mark;
    at.children.clear();
  }
  Node child;
  child.mark = child.key_mark = mark;
  child.key = segment;
  at.children.push_back(std::move(child));
  return at.children.back();
}

/// Nothing when the value is not YAML; that is reported then.
std::optional<Node> parse_value(const std::string& value, std::uint32_t source,
                                const std::string& source_name, std::vector<Problem>& problems) {
  if (!value.empty()) return parse_yaml(value, source, source_name, problems);
  Node empty;
  empty.kind = Node::Kind::scalar;
  empty.quoted = true;
  empty.mark.source = source;
  return empty;
}

}  // namespace

void apply_overrides(Node& root, const std::vector<std::pair<std::string, std::string>>& variables,
                     Sources& sources, std::vector<Problem>& problems) {
  std::vector<std::pair<std::string, std::string>> ours;
  std::copy_if(variables.begin(), variables.end(), std::back_inserter(ours), [](const auto& variable) {
    return std::string_view(variable.first).starts_with(override_prefix);
  });
  std::sort(ours.begin(), ours.end());
  for (const auto& [name, value] : ours) {
    const auto source = static_cast<std::uint32_t>(sources.size());
    sources.push_back("environment " + name);
    const auto segments = split_name(std::string_view(name).substr(override_prefix.size()));
    if (segments.empty() || segments.size() > yaml_depth_max) {
      problems.push_back(
          {sources.back(), 1, 1, "", "not a path of keys", "write it as WEIR__SERVER__WORKERS"});
      continue;
    }
    auto node = parse_value(value, source, sources.back(), problems);
    if (!node) continue;
    Node* at = &root;
    Mark mark;
    mark.source = source;
    for (const std::string& segment : segments) at = &descend(*at, segment, mark);
    at->key_mark = mark;
    merge(*at, std::move(*node));
  }
}

}  // namespace weir::config
