#include "config/blocks.hpp"
#include "config/hosts.hpp"
#include "config/scalars.hpp"

namespace weir::config {
namespace {

AccessList parse_access_list(const Field& field) {
  AccessList list;
  list.name = field.node.key;
  MapReader reader(field);
  reader.optional("allow", list.allow, list_of(parse_cidr));
  reader.optional("deny", list.deny, list_of(parse_cidr));
  const auto empty = [&](std::string_view key) {
    const Node* const node = field.node.find(key);
    return node == nullptr || (node->is_list() && node->children.empty());
  };
  // It would admit all clients, which is not what a list is for.
  if (reader.usable() && empty("allow") && empty("deny")) {
    reader.report("names no address", "write whom to allow or deny, such as allow: [10.0.0.0/8]");
  }
  return list;
}

}  // namespace

std::vector<AccessList> parse_access_lists(const Field& field, NameIndex& names) {
  std::vector<AccessList> lists;
  names.add_keys(field.node);
  for (const Field& member : members(field)) {
    check_name(member);
    lists.push_back(parse_access_list(member));
  }
  return lists;
}

}  // namespace weir::config
