// Config -> Snapshot. Remembers what must keep its identity from one snapshot to the next: endpoint state, balance
// turns, rate-limit buckets, ticket keys, listener slots. Control thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "core/ip.hpp"
#include "names/absent_endpoints.hpp"
#include "observe/name_table.hpp"
#include "server/snapshot.hpp"
#include "upstream/name_answer.hpp"

namespace weir::control {

class Compiler {
 public:
  /// Where a listener is bound: the address that the kernel gave.
  using BoundAddress = std::function<SocketAddress(const config::Listener&)>;
  /// Known addresses of a host or service name; empty while unknown.
  using Addresses = std::function<std::vector<upstream::NamedAddress>(const std::string& host)>;
  /// Weights in force of a route with a split, by target.
  using Weights = std::function<std::vector<std::uint32_t>(const config::Route&)>;

  /// What a rollout says of a route with a split; its weights win over those of `Weights`.
  using Rollouts = std::function<server::RolloutInForce(const config::Route&)>;

  explicit Compiler(observe::NameTable& names);

  /// How many the process has, whatever a later configuration says. Before the first snapshot; until then several.
  void set_workers(std::size_t count) { one_worker_ = count == 1; }

  /// Everything that can fail, done before anything is changed: TLS contexts with their files. Errors: internal, with
  /// the listener's or upstream's name and what is wrong.
  struct PreparedTickets {
    std::shared_ptr<tls::TicketKeys> live;  // of the listener, known to its contexts
    std::unique_ptr<tls::TicketKeys> loaded = std::make_unique<tls::TicketKeys>();  // what they will be
  };
  struct Prepared {
    std::map<std::string, PreparedTickets> tickets;  // by listener name
    std::shared_ptr<const config::Config> config;
    std::map<std::string, std::shared_ptr<tls::ServerContext>> server_contexts;  // by listener name
    std::map<std::string, std::shared_ptr<tls::ClientContext>> client_contexts;  // by upstream name
    std::shared_ptr<const route::RouteTable> table;
    std::shared_ptr<const std::vector<server::LimitRuntime>> limits;
    std::shared_ptr<const std::vector<server::RouteRuntime>> routes;
    std::vector<server::SplitRuntime> splits;  // with the configuration's weights
    std::vector<const config::Route*> split_routes;
    std::shared_ptr<const http::HeaderPolicy> default_headers;
  };
  Result<Prepared> prepare(std::shared_ptr<const config::Config> config);

  /// From here on `prepared` is the configuration in force. Cannot fail.
  void commit(Prepared& prepared);

  /// The snapshot for what was prepared, with the addresses that names have now; without `weights`, those of the
  /// configuration; without `rollouts`, none runs. Cannot fail.
  std::shared_ptr<server::Snapshot> build(const Prepared& prepared, std::uint64_t generation,
                                          const BoundAddress& bound, const Addresses& addresses,
                                          const Weights& weights = {}, TimePoint now = Clock::now(),
                                          const Rollouts& rollouts = {});

  /// The states of the endpoints with that address, of each generation that is still in use.
  std::vector<std::shared_ptr<upstream::EndpointState>> states_at(std::string_view upstream,
                                                                  const SocketAddress& address) const;

  /// Makes new ticket keys where the current ones are due.
  void rotate_ticket_keys(TimePoint now);

 private:
  /// Of one upstream, while its endpoints are put together.
  struct NewEndpoints {
    std::vector<upstream::EndpointState*> fresh;  // new, or back after they were away
    bool serves = false;                          // some endpoint was there before
  };

  std::size_t listener_slot(const std::string& name);
  std::shared_ptr<upstream::EndpointState> endpoint_state(const config::Upstream& upstream,
                                                          const SocketAddress& address,
                                                          const std::string& other_host, NewEndpoints& added);
  std::shared_ptr<upstream::ConnectionScope> connection_scope(const config::Upstream& upstream,
                                                              const std::string& host,
                                                              std::shared_ptr<upstream::EndpointState> state);
  void add_endpoint(server::UpstreamRuntime& runtime, const config::Endpoint& endpoint,
                    const upstream::NamedAddress& where, const std::string& zone, NewEndpoints& added);
  void finish_upstream(server::UpstreamRuntime& runtime, const NewEndpoints& added, TimePoint now);
  void keep_absent(const server::Snapshot& snapshot, TimePoint now);
  Result<void> build_limits(Prepared& prepared);
  void build_routes(Prepared& prepared);
  std::shared_ptr<listen::ClientCounts> client_counts(const config::Listener& listener);
  std::shared_ptr<route::InFlight> in_flight(const config::Route& route);
  std::shared_ptr<const server::MirrorRuntime> mirror(const config::Config& config,
                                                      const config::Route& route);
  void add_split(Prepared& prepared, const config::Route& route, const config::ProxyAction& action);

  observe::NameTable& names_;
  bool one_worker_ = false;
  std::map<std::string, std::size_t> listener_slots_;
  std::map<std::string, std::shared_ptr<tls::TicketKeys>> ticket_keys_;       // by listener name
  std::map<std::string, std::weak_ptr<balance::Shared>> shared_;              // by upstream name
  std::map<std::string, std::weak_ptr<server::WaitQueue>> queues_;            // by upstream name
  std::map<std::string, std::weak_ptr<route::InFlight>> upstream_in_flight_;  // by upstream name
  std::map<std::string, std::weak_ptr<listen::ClientCounts>> client_counts_;  // by listener name
  std::map<std::string, std::weak_ptr<route::InFlight>> in_flight_;           // by route name
  std::map<std::string, std::weak_ptr<route::MirrorShared>> mirrors_;         // by route name
  std::map<std::string, std::weak_ptr<route::PauseGate>> pauses_;             // by route name
  std::map<std::string, std::weak_ptr<split::Shared>> split_shared_;          // by route name
  std::map<std::string, std::weak_ptr<upstream::EndpointState>> endpoints_;   // by identity
  AbsentEndpoints absent_;
  std::map<std::string, std::weak_ptr<upstream::ConnectionScope>> scopes_;  // by identity and TLS settings
  std::map<std::string, std::weak_ptr<limit::BucketTable>> buckets_;        // by identity of the limit
  const SipKey limit_secret_;
  std::size_t next_endpoint_slot_ = 0;
};

}  // namespace weir::control
