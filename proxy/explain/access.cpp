#include "explain/access.hpp"

#include <vector>

namespace weir::control {
namespace {

/// The longest block that holds `client`, or nullptr.
const Cidr* longest(const std::vector<Cidr>& blocks, const IpAddress& client) {
  const Cidr* found = nullptr;
  for (const Cidr& block : blocks) {
    if (block.contains(client) && (found == nullptr || block.prefix_bits > found->prefix_bits))
      found = &block;
  }
  return found;
}

}  // namespace

AccessFinding explain_access(const config::AccessList& list, const IpAddress& client) {
  const Cidr* const allow = longest(list.allow, client);
  const Cidr* const deny = longest(list.deny, client);
  AccessFinding finding;
  finding.list = list.name;
  finding.text = client.to_string();
  if (deny != nullptr && (allow == nullptr || deny->prefix_bits >= allow->prefix_bits)) {
    finding.text += " is denied by " + deny->to_string();
  } else if (allow != nullptr) {
    finding.admits = true;
    finding.text += " is allowed by " + allow->to_string();
  } else {
    finding.admits = list.allow.empty();
    finding.text += finding.admits ? " is not denied" : " is not allowed";
  }
  return finding;
}

}  // namespace weir::control
