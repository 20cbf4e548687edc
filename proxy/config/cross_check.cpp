#include <algorithm>
#include <string>
#include <vector>

#include "config/blocks.hpp"
#include "config/hosts.hpp"
#include "config/own_addresses.hpp"

namespace weir::config {
namespace {

/// The listener's own place for a key, or the listener's where the key is absent.
const Mark& mark_of(const Node& listener, std::string_view key) {
  const Node* const value = listener.find(key);
  return value ? value->mark : listener.name_mark();
}

/// How two sockets would be in each other's way, as the end of a sentence on `one`; empty when they are not.
std::string overlap(const SocketAddress& one, const SocketAddress& other, const std::string& whose) {
  if (one.port == 0 || one.port != other.port) return {};  // port 0 is a fresh port each time
  if (one == other) return " is the address of " + whose + " too";
  if (covers(one.ip, other.ip)) return " covers " + other.to_string() + ", the address of " + whose;
  if (covers(other.ip, one.ip)) return " is part of " + other.to_string() + ", the address of " + whose;
  return {};
}

void check_listener_addresses(const Node& node, const Config& config, Context& context) {
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    const Listener& listener = config.listeners[i];
    const Node* const block = node.find(listener.name);
    for (std::size_t other = 0; block && other < i; ++other) {
      const std::string how = overlap(listener.address, config.listeners[other].address,
                                      "listener '" + config.listeners[other].name + "'");
      if (how.empty()) continue;
      context.report(mark_of(*block, "address"), "listeners." + listener.name + ".address",
                     listener.address.to_string() + how, "give each listener an address or port of its own");
      break;
    }
  }
}

void check_admin_address(const Node& root, const Config& config, Context& context) {
  if (config.admin.address.port == 0) return;
  const Node* const admin = root.find("admin");
  for (const Listener& listener : config.listeners) {
    const Node* const block = root.find("listeners")->find(listener.name);
    const std::string how =
        overlap(config.admin.address, listener.address, "listener '" + listener.name + "'");
    if (!block || how.empty()) continue;
    const Node* const own = admin ? admin->find("address") : nullptr;
    context.report(own ? own->mark : mark_of(*block, "address"), "admin.address",
                   config.admin.address.to_string() + how, "give one of them another port");
  }
}

void check_proxy_protocol(const Node& node, const Config& config, Context& context) {
  if (!config.trusted_proxies.empty()) return;
  for (const Listener& listener : config.listeners) {
    const Node* const block = node.find(listener.name);
    if (!block || !listener.proxy_protocol) continue;
    context.report(mark_of(*block, "proxy_protocol"), "listeners." + listener.name + ".proxy_protocol",
                   "required, but trusted_proxies names no address that may send a PROXY header",
                   "name the balancers in trusted_proxies, such as [10.0.0.0/8]");
  }
}

/// A request that reaches one of Weir's own listeners again would come round for ever; at run time it gets 508.
void check_loops(const Node& root, const Config& config, Context& context) {
  const Node* const upstreams = root.find("upstreams");
  for (const Upstream& upstream : config.upstreams) {
    const Node* const block = upstreams ? upstreams->find(upstream.name) : nullptr;
    for (const Endpoint& endpoint : upstream.endpoints) {
      for (const Listener& listener : config.listeners) {
        if (!block || !reaches(endpoint, listener.address, config.server.resolver)) continue;
        context.report(mark_of(*block, "endpoints"), "upstreams." + upstream.name + ".endpoints",
                       endpoint_text(endpoint) + " is listener '" + listener.name +
                           "' of this Weir: requests would go round",
                       "name the address of the application");
      }
    }
  }
}

/// Whether the endpoints of the upstream that `name` refers to never speak HTTP/2; not where that is reported already.
bool is_http1(const Node& root, const Config& config, const Node* name) {
  if (name == nullptr || !name->is_scalar()) return false;
  const auto upstream = std::ranges::find(config.upstreams, name->text, &Upstream::name);
  if (upstream == config.upstreams.end() || upstream->protocol != UpstreamProtocol::http1) return false;
  const Node* const block = root.find("upstreams")->find(name->text);
  const Node* const protocol = block ? block->find("protocol") : nullptr;
  return protocol == nullptr || (protocol->is_scalar() && protocol->text == "http1");
}

/// The upstreams that a route may send to.
std::vector<const Node*> upstreams_of(const Node& route) {
  std::vector<const Node*> names{route.find("upstream")};
  const Node* const split = route.find("split");
  const Node* const targets = split ? split->find("targets") : nullptr;
  if (targets && targets->is_list()) {
    for (const Node& target : targets->children) names.push_back(target.find("upstream"));
  }
  return names;
}

/// Calls of gRPC-Web become gRPC, and that is HTTP/2.
void check_grpc_web(const Node& root, const Config& config, Context& context) {
  const Node* const routes = root.find("routes");
  if (!routes || !routes->is_list()) return;
  for (std::size_t i = 0; i < routes->children.size(); ++i) {
    const Node* const grpc_web = routes->children[i].find("grpc_web");
    if (!grpc_web || !grpc_web->is_scalar() || grpc_web->text != "true") continue;
    for (const Node* const name : upstreams_of(routes->children[i])) {
      if (!is_http1(root, config, name)) continue;
      context.report(grpc_web->mark, join_path(join_path("routes", i), "grpc_web"),
                     "gRPC needs HTTP/2, and upstream " + quote(name->text) + " has protocol http1",
                     "set that to h2, h2c or auto, or remove grpc_web");
      break;
    }
  }
}

/// A rollout outlives a restart, so it has to be written down.
void check_rollouts(const Node& root, const Config& config, Context& context) {
  const Node* const routes = root.find("routes");
  if (!config.server.state_dir.empty() || !routes || !routes->is_list()) return;
  for (std::size_t i = 0; i < routes->children.size(); ++i) {
    const Node* const rollout = routes->children[i].find("rollout");
    if (!rollout || routes->children[i].find("split") == nullptr) continue;
    context.report(rollout->key_mark, join_path(join_path("routes", i), "rollout"),
                   "needs server.state_dir: a rollout goes on after a restart",
                   "set that, such as server: { state_dir: /var/lib/weir }");
  }
}

}  // namespace

void cross_check(const Node& root, const Config& config, Context& context) {
  check_grpc_web(root, config, context);
  check_rollouts(root, config, context);
  const Node* const listeners = root.find("listeners");
  if (!listeners || !listeners->is_map()) return;
  check_listener_addresses(*listeners, config, context);
  check_admin_address(root, config, context);
  check_proxy_protocol(*listeners, config, context);
  check_loops(root, config, context);
}

}  // namespace weir::config
