#include "control/compiler.hpp"

#include <algorithm>

#include "balance/slow_start.hpp"
#include "config/names.hpp"
#include "config/rates.hpp"
#include "control/secret.hpp"
#include "observe/events.hpp"
#include "upstream/readmission.hpp"

namespace weir::control {
namespace {

/// A timeout of 0 means none; the request path only knows durations.
Milliseconds or_for_ever(Milliseconds timeout) {
  return timeout == Milliseconds::zero() ? std::chrono::hours(24 * 365) : timeout;
}

config::Timeouts merged_timeouts(const config::Timeouts& upstream, const config::TimeoutsOverride& route) {
  config::Timeouts merged;
  merged.connect = or_for_ever(route.connect.value_or(upstream.connect));
  merged.send = or_for_ever(route.send.value_or(upstream.send));
  merged.response = or_for_ever(route.response.value_or(upstream.response));
  merged.idle = or_for_ever(route.idle.value_or(upstream.idle));
  merged.total = or_for_ever(route.total.value_or(upstream.total));
  return merged;
}

/// Connections to an endpoint can be reused only under the same TLS settings.
std::string tls_identity(const config::Upstream& upstream, const std::string& host) {
  if (!upstream.tls) return "plain";
  const config::UpstreamTls& tls = *upstream.tls;
  std::string identity = tls.verify ? "verify" : "blind";
  for (const std::string* part : {&host, &tls.ca, &tls.server_name, &tls.cert, &tls.key})
    identity += '|' + *part;
  return identity;
}

/// Buckets keep their meaning as long as the limit keeps its name and its key.
std::string limit_identity(const config::RateLimit& limit) {
  std::string identity = limit.name + '|' + std::to_string(limit.ipv6_prefix) + '|' +
                         std::to_string(limit.max_keys) + '|' +
                         config::name_of(config::on_missing_keys, limit.on_missing_key);
  for (const config::RateLimitKey& part : limit.key) identity += '|' + config::format_rate_limit_key(part);
  return identity;
}

/// The object that `known` remembers under a name, made where there is none or it is no longer in use.
template <class T>
std::shared_ptr<T> kept(std::map<std::string, std::weak_ptr<T>>& known, const std::string& name) {
  std::weak_ptr<T>& entry = known[name];
  auto object = entry.lock();
  if (!object) entry = object = std::make_shared<T>();
  return object;
}

template <class T>
void forget_unused(std::map<std::string, std::weak_ptr<T>>& known) {
  std::erase_if(known, [](const auto& entry) { return entry.second.expired(); });
}

std::shared_ptr<const server::AccessRuntime> compile_access(const config::AccessList& list) {
  const bool otherwise = list.allow.empty();
  return std::make_shared<const server::AccessRuntime>(
      server::AccessRuntime{list.name, CidrSet(list.allow, list.deny, otherwise)});
}

Error named(const Error& error, const std::string& what) {
  return self_error(error.kind, what + ": " + error.detail);
}

/// Other settings hold for an ejection that runs, too, and that is an event.
void adjust_ejection(const config::Upstream& config, upstream::EndpointState& endpoint, TimePoint now) {
  const auto adjusted = upstream::adjust_ejection(endpoint, config.passive_health, now);
  if (adjusted == upstream::Adjusted::kept) return;
  const bool ended = adjusted == upstream::Adjusted::ended;
  observe::Event event;
  event.kind = ended ? "recovered" : "ejection_shortened";
  event.upstream = config.name;
  event.endpoint = endpoint.label;
  const std::string name = config.name + "/" + endpoint.label;
  event.text = ended ? name + " is back: passive health is off"
                     : name + " is tried again sooner: max_ejection_time is shorter now";
  observe::emit(std::move(event));
}

/// Two names may lead to one address: it is one endpoint, with what both allow.
void add_to(upstream::Candidate& known, const config::Endpoint& endpoint, std::uint32_t weight, bool backup) {
  const bool limited = known.max_connections != 0 && endpoint.max_connections != 0;
  known.weight += weight;
  known.max_connections = limited ? known.max_connections + endpoint.max_connections : 0;
  known.backup = known.backup && backup;
}

}  // namespace

Compiler::Compiler(observe::NameTable& names) : names_(names), limit_secret_(make_secret()) {}

std::size_t Compiler::listener_slot(const std::string& name) {
  return listener_slots_.try_emplace(name, listener_slots_.size()).first->second;
}

Result<Compiler::Prepared> Compiler::prepare(std::shared_ptr<const config::Config> config) {
  Prepared prepared;
  for (const config::Listener& listener : config->listeners) {
    if (!listener.tls) continue;
    PreparedTickets tickets;
    const auto known = ticket_keys_.find(listener.name);
    tickets.live = known != ticket_keys_.end() ? known->second : std::make_shared<tls::TicketKeys>();
    const auto loaded = tickets.loaded->load(listener.tls->ticket_keys);
    if (!loaded) return named(loaded.error(), "listeners." + listener.name + ".tls.ticket_keys");
    auto context = tls::ServerContext::build(*listener.tls, tickets.live);
    prepared.tickets[listener.name] = std::move(tickets);
    if (!context) return named(context.error(), "listeners." + listener.name + ".tls");
    prepared.server_contexts[listener.name] = std::move(*context);
  }
  for (const config::Upstream& upstream : config->upstreams) {
    if (!upstream.tls) continue;
    auto context = tls::ClientContext::build(*upstream.tls);
    if (!context) return named(context.error(), "upstreams." + upstream.name + ".tls");
    prepared.client_contexts[upstream.name] = std::move(*context);
  }
  prepared.config = std::move(config);
  auto limits = build_limits(prepared);
  if (!limits) return limits.error();
  build_routes(prepared);
  return prepared;
}

void Compiler::commit(Prepared& prepared) {
  ticket_keys_.clear();
  for (auto& [listener, tickets] : prepared.tickets) {
    tickets.live->adopt(*tickets.loaded);
    ticket_keys_[listener] = tickets.live;
  }
  prepared.tickets.clear();
}

void Compiler::rotate_ticket_keys(TimePoint now) {
  for (const auto& [listener, keys] : ticket_keys_) keys->rotate(now);
}

Result<void> Compiler::build_limits(Prepared& prepared) {
  auto limits = std::make_shared<std::vector<server::LimitRuntime>>();
  for (const config::RateLimit& limit : prepared.config->rate_limits) {
    const std::string where = "rate_limits." + limit.name;
    const auto bucket = limit::TokenBucket::make(limit.rate.count, limit.rate.period, limit.burst);
    if (!bucket) return self_error(ErrorKind::internal, where + ": rate and burst are out of bounds");
    server::LimitRuntime runtime(limit, *bucket);
    runtime.name = names_.intern(limit.name);
    auto& known = buckets_[limit_identity(limit)];
    runtime.table = known.lock();
    if (!runtime.table) {
      known = runtime.table = limit::BucketTable::make(limit.max_keys, limit_secret_, *bucket);
      if (!runtime.table) return self_error(ErrorKind::internal, where + ".max_keys: no room for so many");
    }
    limits->push_back(std::move(runtime));
  }
  prepared.limits = std::move(limits);
  return {};
}

std::shared_ptr<listen::ClientCounts> Compiler::client_counts(const config::Listener& listener) {
  if (listener.limits.connections_per_client == 0) return nullptr;
  return kept(client_counts_, listener.name);
}

std::shared_ptr<route::InFlight> Compiler::in_flight(const config::Route& route) {
  if (route.max_in_flight == 0) return nullptr;
  return kept(in_flight_, route.name);
}

std::shared_ptr<const server::MirrorRuntime> Compiler::mirror(const config::Config& config,
                                                              const config::Route& route) {
  const auto* const proxy = std::get_if<config::ProxyAction>(&route.action);
  if (proxy == nullptr || !proxy->mirror || proxy->mirror->share == 0) return nullptr;
  auto made = std::make_shared<server::MirrorRuntime>();
  made->config = &*proxy->mirror;
  made->timeouts = merged_timeouts(config.upstreams[proxy->mirror->upstream].timeouts, {});
  made->shared = kept(mirrors_, route.name);
  return made;
}

void Compiler::build_routes(Prepared& prepared) {
  const config::Config& config = *prepared.config;
  std::vector<std::shared_ptr<const server::AccessRuntime>> lists;
  lists.reserve(config.access_lists.size());
  for (const config::AccessList& list : config.access_lists) lists.push_back(compile_access(list));
  prepared.table = std::make_shared<route::RouteTable>(config.routes);
  auto routes = std::make_shared<std::vector<server::RouteRuntime>>();
  for (const config::Route& route : config.routes) {
    server::RouteRuntime runtime;
    runtime.config = &route;
    runtime.name = names_.intern(route.name);
    std::vector<const config::HeaderPolicy*> policies;
    policies.reserve(route.headers.size());
    for (const std::size_t index : route.headers) policies.push_back(&config.header_policies[index]);
    runtime.headers = http::HeaderPolicy::compile(policies);
    for (const std::size_t index : route.access) runtime.access.push_back(lists[index]);
    runtime.in_flight = in_flight(route);
    runtime.mirror = mirror(config, route);
    if (std::holds_alternative<config::ProxyAction>(route.action)) runtime.pause = kept(pauses_, route.name);
    const auto* const proxy = std::get_if<config::ProxyAction>(&route.action);
    if (proxy != nullptr && proxy->split) {
      runtime.split = prepared.splits.size();
      add_split(prepared, route, *proxy);
    } else if (proxy != nullptr) {
      runtime.timeouts = merged_timeouts(config.upstreams[proxy->upstream].timeouts, proxy->timeouts);
    }
    for (const std::size_t index : route.rate_limits) runtime.limits.push_back(&(*prepared.limits)[index]);
    routes->push_back(std::move(runtime));
  }
  prepared.routes = std::move(routes);
  std::vector<const config::HeaderPolicy*> security;
  for (const config::HeaderPolicy& policy : config.header_policies) {
    if (policy.name == "security") security.push_back(&policy);
  }
  prepared.default_headers = std::make_shared<http::HeaderPolicy>(http::HeaderPolicy::compile(security));
}

void Compiler::add_split(Prepared& prepared, const config::Route& route, const config::ProxyAction& action) {
  std::vector<std::string_view> names;
  auto timeouts = std::make_shared<std::vector<config::Timeouts>>();
  server::SplitRuntime runtime;
  for (const config::SplitTarget& target : action.split->targets) {
    const config::Upstream& upstream = prepared.config->upstreams[target.upstream];
    names.push_back(upstream.name);
    timeouts->push_back(merged_timeouts(upstream.timeouts, action.timeouts));
    runtime.weights.push_back(target.weight);
  }
  const std::string_view secret =
      action.rollout ? std::string_view(action.rollout->salt) : std::string_view();
  runtime.rules = std::make_shared<split::Split>(*action.split, route.name, names, secret);
  runtime.timeouts = std::move(timeouts);
  auto& known = split_shared_[route.name];
  runtime.shared = known.lock();
  if (!runtime.shared) known = runtime.shared = std::make_shared<split::Shared>();
  prepared.splits.push_back(std::move(runtime));
  prepared.split_routes.push_back(&route);
}

/// Health follows the address, whatever the settings of connections are. `other_host`: a further name that leads
/// to the address under TLS, which makes another endpoint of it; empty otherwise.
std::shared_ptr<upstream::EndpointState> Compiler::endpoint_state(const config::Upstream& upstream,
                                                                  const SocketAddress& address,
                                                                  const std::string& other_host,
                                                                  NewEndpoints& added) {
  auto& known = endpoints_[upstream.name + '|' + address.to_string() + '|' + other_host];
  auto state = known.lock();
  if (state) {
    // One that was away gets as little as a new one at first: what has its address now may have just started. One
    // that is out starts slowly when it returns to service.
    if (!absent_.contains(state)) {
      added.serves = true;
    } else if (state->usable()) {
      added.fresh.push_back(state.get());
    }
    return state;
  }
  state = std::make_shared<upstream::EndpointState>(upstream.name, address.to_string(), address,
                                                    next_endpoint_slot_++);
  if (upstream.health_check) state->out = upstream::out_check_pending;
  known = state;
  added.fresh.push_back(state.get());
  return state;
}

std::vector<std::shared_ptr<upstream::EndpointState>> Compiler::states_at(
    std::string_view upstream, const SocketAddress& address) const {
  std::vector<std::shared_ptr<upstream::EndpointState>> states;
  for (const auto& [identity, known] : endpoints_) {
    auto state = known.lock();
    if (state && state->upstream == upstream && state->address == address) states.push_back(std::move(state));
  }
  return states;
}

std::shared_ptr<upstream::ConnectionScope> Compiler::connection_scope(
    const config::Upstream& upstream, const std::string& host,
    std::shared_ptr<upstream::EndpointState> state) {
  const std::string spoken = config::name_of(config::upstream_protocols, upstream.protocol);
  auto& known = scopes_[std::to_string(state->slot) + '|' + spoken + '|' + tls_identity(upstream, host)];
  auto scope = known.lock();
  if (!scope) known = scope = std::make_shared<upstream::ConnectionScope>(std::move(state));
  return scope;
}

void Compiler::add_endpoint(server::UpstreamRuntime& runtime, const config::Endpoint& endpoint,
                            const upstream::NamedAddress& where, const std::string& zone,
                            NewEndpoints& added) {
  const SocketAddress address{where.ip, where.port == 0 ? endpoint.port : where.port};
  const std::uint32_t weight = where.weight == 0 ? endpoint.weight : where.weight;
  const bool backup = endpoint.backup || where.backup;
  const bool tls = runtime.config->tls.has_value();
  std::string other_host;
  for (std::size_t i = 0; i < runtime.endpoints.size(); ++i) {
    if (runtime.endpoints[i].state->address != address) continue;
    if (!tls || runtime.endpoints[i].host == endpoint.host) {
      add_to(runtime.candidates[i], endpoint, weight, backup);
      return;
    }
    other_host = endpoint.host;  // what the certificate must say differs
  }
  server::EndpointRuntime made;
  made.state = endpoint_state(*runtime.config, address, other_host, added);
  made.scope = connection_scope(*runtime.config, endpoint.host, made.state);
  made.label = names_.intern(made.state->label);
  made.host = endpoint.host;
  made.zone = endpoint.zone;
  const bool local = zone.empty() || endpoint.zone == zone;
  runtime.candidates.push_back({made.state.get(), weight, endpoint.max_connections, backup, local});
  runtime.endpoints.push_back(std::move(made));
}

/// What is shared by the workers, and what follows from the endpoints being known.
void Compiler::finish_upstream(server::UpstreamRuntime& runtime, const NewEndpoints& added, TimePoint now) {
  const config::Upstream& upstream = *runtime.config;
  runtime.shared = kept(shared_, upstream.name);
  runtime.queue = kept(queues_, upstream.name);
  if (upstream.max_requests != 0) runtime.in_flight = kept(upstream_in_flight_, upstream.name);
  runtime.rules = balance::Rules(upstream, runtime.candidates);
  runtime.rules.one_worker = one_worker_;
  runtime.hash_key = balance::KeyRule(upstream.hash_key);
  for (const server::EndpointRuntime& endpoint : runtime.endpoints)
    adjust_ejection(upstream, *endpoint.state, now);
  if (!added.serves) return;  // all are new: none has to go slower than the others
  for (upstream::EndpointState* state : added.fresh) state->serving_since = balance::serving_mark(now);
}

void Compiler::keep_absent(const server::Snapshot& snapshot, TimePoint now) {
  std::vector<std::shared_ptr<upstream::EndpointState>> known;
  for (const auto& [identity, entry] : endpoints_) {
    if (auto state = entry.lock()) known.push_back(std::move(state));
  }
  absent_.update(snapshot, known, now);
}

std::shared_ptr<server::Snapshot> Compiler::build(const Prepared& prepared, std::uint64_t generation,
                                                  const BoundAddress& bound, const Addresses& addresses,
                                                  const Weights& weights, TimePoint now,
                                                  const Rollouts& rollouts) {
  const config::Config& config = *prepared.config;
  auto snapshot = std::make_shared<server::Snapshot>();
  snapshot->generation = generation;
  snapshot->config = prepared.config;
  snapshot->table = prepared.table;
  snapshot->limits = prepared.limits;
  snapshot->routes = prepared.routes;
  snapshot->default_headers = prepared.default_headers;
  snapshot->splits = prepared.splits;
  for (std::size_t i = 0; weights && i < snapshot->splits.size(); ++i) {
    snapshot->splits[i].weights = weights(*prepared.split_routes[i]);
  }
  for (std::size_t i = 0; rollouts && i < snapshot->splits.size(); ++i) {
    server::SplitRuntime& split = snapshot->splits[i];
    server::RolloutInForce rollout = rollouts(*prepared.split_routes[i]);
    if (!rollout.weights.empty()) split.weights = std::move(rollout.weights);
    split.rollout = std::move(rollout.runtime);
    if (split.rollout) {
      split.turns = std::make_shared<const split::PermutedTurns>(split.rollout->turn_key, split.weights);
    }
    split.taken_back = rollout.taken_back;
  }
  const limit::Nanoseconds now_ns = limit::nanoseconds_of(now);
  for (const server::LimitRuntime& limit : *prepared.limits) limit.table->change(limit.bucket, now_ns);
  for (const config::Upstream& upstream : config.upstreams) {
    server::UpstreamRuntime runtime;
    runtime.config = &upstream;
    runtime.name = names_.intern(upstream.name);
    const auto context = prepared.client_contexts.find(upstream.name);
    if (context != prepared.client_contexts.end()) runtime.tls = context->second;
    NewEndpoints added;
    for (const config::Endpoint& endpoint : upstream.endpoints) {
      if (endpoint.ip) {
        add_endpoint(runtime, endpoint, {*endpoint.ip, endpoint.port, endpoint.weight}, config.server.zone,
                     added);
        continue;
      }
      const auto known = addresses(endpoint.host);
      for (const upstream::NamedAddress& where : known)
        add_endpoint(runtime, endpoint, where, config.server.zone, added);
      if (known.empty()) runtime.unresolved.push_back(&endpoint);
    }
    finish_upstream(runtime, added, now);
    snapshot->upstreams.push_back(std::move(runtime));
  }
  for (const config::Listener& listener : config.listeners) {
    auto runtime = std::make_shared<server::ListenerRuntime>();
    runtime->config = listener;
    runtime->name = names_.intern(listener.name);
    runtime->slot = listener_slot(listener.name);
    runtime->bound = bound(listener);
    runtime->port = std::to_string(runtime->bound.port);
    runtime->authority = runtime->bound.to_string();
    runtime->clients = client_counts(listener);
    const auto context = prepared.server_contexts.find(listener.name);
    if (context != prepared.server_contexts.end()) runtime->tls = context->second;
    if (snapshot->listener_by_slot.size() <= runtime->slot) {
      snapshot->listener_by_slot.resize(runtime->slot + 1, server::no_listener);
    }
    snapshot->listener_by_slot[runtime->slot] = snapshot->listeners.size();
    snapshot->listeners.push_back(std::move(runtime));
  }
  keep_absent(*snapshot, now);
  forget_unused(endpoints_);
  forget_unused(scopes_);
  forget_unused(buckets_);
  forget_unused(shared_);
  forget_unused(queues_);
  forget_unused(upstream_in_flight_);
  forget_unused(split_shared_);
  forget_unused(in_flight_);
  forget_unused(mirrors_);
  forget_unused(pauses_);
  forget_unused(client_counts_);
  return snapshot;
}

}  // namespace weir::control
