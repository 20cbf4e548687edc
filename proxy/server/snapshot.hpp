// One compiled configuration, ready for the request path: routes with their table and header policies,
// upstreams with their endpoints, listeners with their TLS contexts. Built on the control thread
// (control/compiler.hpp), immutable afterwards, shared by all workers. What did not change between two
// snapshots is the same object in both: endpoint state, balance turns, rate-limit buckets, TLS ticket keys.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "balance/balance.hpp"
#include "balance/key.hpp"
#include "config/model.hpp"
#include "core/cidr_set.hpp"
#include "http/header_policy.hpp"
#include "limit/bucket_table.hpp"
#include "limit/fields.hpp"
#include "limit/key.hpp"
#include "listen/client_counts.hpp"
#include "observe/log_writer.hpp"
#include "observe/worker_metrics.hpp"
#include "route/in_flight.hpp"
#include "route/mirror.hpp"
#include "route/pause_gate.hpp"
#include "route/table.hpp"
#include "server/rollout_runtime.hpp"
#include "server/wait_queue.hpp"
#include "split/split.hpp"
#include "tls/context.hpp"
#include "upstream/endpoint.hpp"

namespace weir::server {

struct EndpointRuntime {
  std::shared_ptr<upstream::EndpointState> state;
  std::shared_ptr<upstream::ConnectionScope> scope;  // whose kept connections may be used
  observe::NameId label = observe::no_name;
  std::string host;  // as configured: what TLS verifies
  std::string zone;
};

struct UpstreamRuntime {
  const config::Upstream* config = nullptr;
  observe::NameId name = observe::no_name;
  std::vector<upstream::Candidate> candidates;      // of `endpoints`, same order
  std::vector<EndpointRuntime> endpoints;           // empty while no name of the upstream resolves
  std::vector<const config::Endpoint*> unresolved;  // names without an address: endpoints that are down
  std::shared_ptr<balance::Shared> shared;
  balance::Rules rules;
  balance::KeyRule hash_key;
  std::shared_ptr<WaitQueue> queue;
  std::shared_ptr<route::InFlight> in_flight;  // null: no max_requests
  std::shared_ptr<tls::ClientContext> tls;     // null: plain

  /// Picks an endpoint and takes a place there.
  balance::Pick acquire(const balance::PickRequest& request) const {
    const balance::Pick pick = balance::acquire(rules, *shared, candidates, request);
    if (pick.gave_back) notify_waits();
    return pick;
  }
  /// Gives back what acquire took, and notifies the waits for it.
  void release(std::size_t endpoint) const {
    balance::release(*candidates[endpoint].state, rules.one_worker);
    notify_waits();
  }

 private:
  /// Without limits no request waits, unless a newer generation brought some. The look without a fence may miss a wait
  /// that begins in this very moment; look_again() finds it.
  void notify_waits() const {
    if (rules.limits || queue->waiting() != 0) queue->place_freed();
  }
};

inline constexpr std::size_t no_split = static_cast<std::size_t>(-1);

/// A route's split with the weights that are in force.
struct SplitRuntime {
  std::shared_ptr<const split::Split> rules;
  std::shared_ptr<split::Shared> shared;
  std::vector<std::uint32_t> weights;                 // by target
  std::shared_ptr<const RolloutRuntime> rollout;      // null: none runs
  std::shared_ptr<const split::PermutedTurns> turns;  // of its key and these weights; null: none runs
  split::Mask taken_back = 0;                         // RolloutInForce::taken_back
  std::shared_ptr<const std::vector<config::Timeouts>>
      timeouts;  // by target: the route's over the upstream's
};

struct LimitRuntime {
  LimitRuntime(const config::RateLimit& limit, const limit::TokenBucket& tokens)
      : config(&limit), bucket(tokens), key(limit), policy(limit::policy_member(limit.name, tokens)) {}

  const config::RateLimit* config;
  observe::NameId name = observe::no_name;
  limit::TokenBucket bucket;
  limit::KeyRule key;
  std::string policy;  // its member of RateLimit-Policy
  std::shared_ptr<limit::BucketTable> table;
};

struct AccessRuntime {
  std::string name;
  CidrSet clients;  // that are admitted
};

/// A route's mirror that copies anything at all.
struct MirrorRuntime {
  const config::Mirror* config = nullptr;
  config::Timeouts timeouts;  // its upstream's
  std::shared_ptr<route::MirrorShared> shared;
};

struct RouteRuntime {
  const config::Route* config = nullptr;
  observe::NameId name = observe::no_name;
  http::HeaderPolicy headers;
  std::vector<const LimitRuntime*> limits;  // of Snapshot::limits
  config::Timeouts timeouts;                // the route's over its upstream's
  std::size_t split = no_split;             // index into Snapshot::splits; then timeouts are the target's
  std::vector<std::shared_ptr<const AccessRuntime>> access;
  std::shared_ptr<route::InFlight> in_flight;   // null: no bound
  std::shared_ptr<const MirrorRuntime> mirror;  // null: none
  std::shared_ptr<route::PauseGate> pause;      // of a route that proxies; null: of another one
};

struct ListenerRuntime {
  config::Listener config;
  observe::NameId name = observe::no_name;
  std::size_t slot = 0;  // stable over reloads while the listener keeps its name
  std::string port;      // bound port as text
  SocketAddress bound;
  std::string authority;  // bound address as text: the Host for clients of HTTP/1.0 that send none
  std::shared_ptr<tls::ServerContext> tls;        // null: plain
  std::shared_ptr<listen::ClientCounts> clients;  // null: connections_per_client is off
};

inline constexpr std::size_t no_listener = static_cast<std::size_t>(-1);

struct Snapshot {
  std::uint64_t generation = 0;
  std::shared_ptr<const config::Config> config;
  std::shared_ptr<const route::RouteTable> table;
  std::shared_ptr<const std::vector<LimitRuntime>> limits;  // in the order of the configuration
  std::shared_ptr<const std::vector<RouteRuntime>> routes;
  std::vector<UpstreamRuntime> upstreams;
  std::vector<SplitRuntime> splits;  // in the order of their routes
  std::vector<std::shared_ptr<const ListenerRuntime>> listeners;
  std::vector<std::size_t> listener_by_slot;                  // index into listeners, or no_listener
  std::shared_ptr<observe::LogWriter> access_log;             // null: off
  std::shared_ptr<const http::HeaderPolicy> default_headers;  // `security`: for answers without a route

  std::size_t listener_index(std::size_t slot) const {
    return slot < listener_by_slot.size() ? listener_by_slot[slot] : no_listener;
  }
};

}  // namespace weir::server
