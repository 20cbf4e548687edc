// What `weir explain` found out about one request, as plain values; text.cpp and json.cpp show it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/model.hpp"
#include "explain/access.hpp"
#include "explain/present_facts.hpp"
#include "route/table.hpp"

namespace weir::control {

inline constexpr std::size_t earlier_routes_shown_max = 20;

/// In the order in which a request can end.
enum class Ending { refused, redirect_to_https, no_route, access_denied, redirect, respond, proxy };

std::string_view to_string(Ending ending);

struct ConsideredRoute {
  std::size_t index = 0;
  std::string name;
  std::vector<route::Finding> findings;
};

/// A response that Weir makes itself.
struct OwnAnswer {
  int status = 0;
  std::string reason;  // for a refusal, what is wrong
  std::vector<config::NameValue> headers;
  std::size_t body_bytes = 0;
};

struct SplitShare {
  std::string upstream;
  std::uint32_t weight = 0;  // of the configuration; live: in force
};

/// A rate limit that the request meets.
struct MetLimit {
  std::string name, rate;
  std::uint64_t burst = 0;
  std::vector<std::string> key;  // its parts
  bool shadow = false;
  std::string effect;                // what it does to this request
  std::optional<LiveBucket> bucket;  // live, where the request has a key
};

struct ProxyPlan {
  std::size_t upstream_index = 0;
  std::string upstream;
  std::vector<SplitShare> split;  // empty: the route has none
  std::string split_rule;         // which of them, and why
  std::string rollout;            // what takes the weights from one to another; empty: nothing
  std::string balance;
  std::string hash_key;  // where balance is hash
  std::string at_once;   // what bounds requests at once; empty: nothing
  std::string zone;      // of this Weir
  std::vector<config::Endpoint> endpoints;
  bool tls = false;
  config::UpstreamProtocol protocol = config::UpstreamProtocol::http1;
  bool websocket = false;
  std::string grpc;                         // empty: no call of gRPC
  std::vector<config::NameValue> timeouts;  // name, duration; "none" for no limit
  std::string retry;
  std::string health_check;                // empty: the upstream has none
  std::string mirror;                      // whether it would be copied; empty: the route has none
  std::vector<std::string> request_lines;  // as the endpoint receives them
};

struct ResponseChanges {
  std::vector<config::NameValue> set, set_if_absent;
  std::vector<std::string> removed;
};

struct Explanation {
  std::string method, url;
  std::string listener, listener_address;
  bool tls = false;
  std::string listener_note;  // why this one, where it is not plain
  std::string peer, client_ip;
  bool peer_trusted = false;
  std::string host, path;  // as rules see them
  std::optional<ConsideredRoute> route;
  std::vector<ConsideredRoute> earlier;  // those that came closest, in file order
  std::size_t earlier_omitted = 0;
  std::vector<AccessFinding> access;  // of the route's lists, up to the one that refuses
  std::uint32_t max_in_flight = 0;    // 0: no limit
  std::vector<std::string> policies;  // names of header policies
  bool access_log = true;
  std::vector<MetLimit> limits;

  Ending ending = Ending::refused;
  OwnAnswer answer;  // unless proxy
  ProxyPlan proxy;   // where proxy
  ResponseChanges response;
  std::optional<PresentFacts> live;  // absent: from the configuration alone
};

std::string show_text(const Explanation& explanation);
std::string show_json(const Explanation& explanation);

}  // namespace weir::control
