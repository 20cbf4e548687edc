#include "config/blocks.hpp"
#include "config/suggest.hpp"

namespace weir::config {

bool NameIndex::add(const std::string& name) {
  if (!index_.emplace(name, names_.size()).second) return false;
  names_.push_back(name);
  return true;
}

void NameIndex::add_keys(const Node& map) {
  for (const Node& child : map.children) add(child.key);
}

std::optional<std::size_t> NameIndex::find(const std::string& name) const {
  const auto found = index_.find(name);
  if (found == index_.end()) return std::nullopt;
  return found->second;
}

std::optional<std::size_t> NameIndex::resolve(const Field& field, std::string_view kind) const {
  const std::string what(kind);
  if (!field.node.is_scalar()) {
    field.report_kind("a single value", "write the name of " + what);
    return std::nullopt;
  }
  if (const auto index = find(field.node.text)) return index;
  const std::vector<std::string_view> names(names_.begin(), names_.end());
  const std::string otherwise = names.empty() ? "define it" : "define it, or write " + list_names(names);
  field.report(quote(field.node.text) + " is not the name of " + what,
               did_you_mean(field.node.text, names, otherwise));
  return std::nullopt;
}

}  // namespace weir::config
