// Which admin requests are let in, and what they ask for: a pure function over the request's few fields that
// matter, so that every refusal is tested without a socket.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "admin/response.hpp"

namespace weir::control {

enum class AdminAction : std::uint8_t {
  page,  // a file of web_files.hpp
  live,
  ready,
  health,
  metrics,
  status,
  config,
  upstreams,
  routes,
  reload,
  audit,
  events,
  stream,
  splits,
  split,      // of the route that route_of_split names
  set_split,  // the same
  endpoint,   // that endpoint_of names
  set_endpoint,
  rollouts,
  rollout,         // of the route that route_of_rollout names
  start_rollout,   // the same
  change_rollout,  // the same
  explain,
  route_verb,      // that route_verb_of names: what there is to see
  set_route_verb,  // the same: what is to be done
};

/// Fields that are absent are empty; `host_count` is how often Host came; `http_1_0`: the request says HTTP/1.0.
struct AdminRequest {
  std::string_view method, target;
  std::string_view host;
  std::size_t host_count = 0;
  std::string_view authorization, origin, fetch_site;  // Authorization, Origin, Sec-Fetch-Site
  std::string_view content_type;
  bool transfer_encoding = false;
  bool http_1_0 = false;
};

struct AdminRules {
  std::string token;               // of writes; empty: none
  std::string read_token;          // of reads; empty: none
  std::vector<std::string> hosts;  // names that Host may have, lower case, no trailing dot, besides loopback
};

/// The action, or why not. In this order:
///   400  not one Host (HTTP/1.0 may have none, as checks of balancers do: every browser sends one), or a target that
///        is no path;  411  Transfer-Encoding (bodies come with a length here);  400  a Host that is malformed
///   421  a Host that is a name, but neither a loopback one nor in `hosts`: a page can have its own name
///        point here (DNS rebinding), but not an address; any port passes, since it may be mapped
///   404  unknown path;  405  with Allow
///   403  a POST or PUT that a browser sends for another site (Origin, Sec-Fetch-Site)
///   415  a write that a browser sends without Content-Type: application/json, which no form of a page can have
///   401  a write without the token, where one is set; a read without either, where a read token is set, but for
///        liveness, readiness and the files of the page
/// Whether an address may try a token at all: token_guard.hpp.
std::variant<AdminAction, AdminResponse> admit(const AdminRequest& request, const AdminRules& rules);

/// `authorization` carries one of the tokens, whatever that one allows.
bool is_known_token(std::string_view authorization, const AdminRules& rules);

/// NAME in /api/v1/routes/NAME/split, query or not; empty for every other target.
std::string_view route_of_split(std::string_view target);

/// NAME and ADDRESS in /api/v1/upstreams/NAME/endpoints/ADDRESS, percent-encoded as they came; nothing for every
/// other target.
struct EndpointPath {
  std::string_view upstream, address;
};
std::optional<EndpointPath> endpoint_of(std::string_view target);

/// Compares in a time that depends on the length of `given` only.
bool equal_secrets(std::string_view expected, std::string_view given);

}  // namespace weir::control
