#include <map>

#include "config/blocks.hpp"

namespace weir::config {
namespace {

/// The listener's own place for a key, or the listener's where the key is absent.
const Mark& mark_of(const Node& listener, std::string_view key) {
  const Node* const value = listener.find(key);
  return value ? value->mark : listener.name_mark();
}

/// Two listeners on one address; port 0 is a fresh port each time.
void check_listener_addresses(const Node& node, const Config& config, Context& context) {
  std::map<SocketAddress, std::string> taken;
  for (const Listener& listener : config.listeners) {
    const Node* const block = node.find(listener.name);
    if (!block || listener.address.port == 0) continue;
    const auto [first, fresh] = taken.emplace(listener.address, listener.name);
    if (fresh) continue;
    context.report(mark_of(*block, "address"), "listeners." + listener.name + ".address",
                   listener.address.to_string() + " is the address of listener '" + first->second + "' too",
                   "give each listener an address of its own");
  }
}

void check_admin_address(const Node& root, const Config& config, Context& context) {
  if (config.admin.address.port == 0) return;
  const Node* const admin = root.find("admin");
  for (const Listener& listener : config.listeners) {
    const Node* const block = root.find("listeners")->find(listener.name);
    if (!block || listener.address != config.admin.address) continue;
    const Node* const own = admin ? admin->find("address") : nullptr;
    context.report(
        own ? own->mark : mark_of(*block, "address"), "admin.address",
        config.admin.address.to_string() + " is the address of listener '" + listener.name + "' too",
        "give one of them another port");
  }
}

void check_proxy_protocol(const Node& node, const Config& config, Context& context) {
  if (!config.trusted_proxies.empty()) return;
  for (const Listener& listener : config.listeners) {
    const Node* const block = node.find(listener.name);
    if (!block || !listener.proxy_protocol) continue;
    context.report(mark_of(*block, "proxy_protocol"), "listeners." + listener.name + ".proxy_protocol",
                   "required, but trusted_proxies names nobody who may send a PROXY header",
                   "name the balancers in trusted_proxies, such as [10.0.0.0/8]");
  }
}

}  // namespace

void cross_check(const Node& root, const Config& config, Context& context) {
  const Node* const listeners = root.find("listeners");
  if (!listeners || !listeners->is_map()) return;
  check_listener_addresses(*listeners, config, context);
  check_admin_address(root, config, context);
  check_proxy_protocol(*listeners, config, context);
}

}  // namespace weir::config
