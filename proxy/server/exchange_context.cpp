#include "server/exchange_context.hpp"

#include "route/readings.hpp"
#include "server/session.hpp"
#include "server/worker.hpp"

namespace weir::server {

void ExchangeContext::begin(Client& its_client) {
  const Session& its_session = its_client.session();
  client = &its_client;
  generation = worker.generation();
  started = worker.reactor().now();
  wall_started = worker.reactor().wall_now();
  decided.forwarded.client_ip = its_session.peer().ip;
  decided.forwarded.proto = its_session.is_tls() ? "https" : "http";
}

void ExchangeContext::reset() {
  decided.reset();  // its places before the generation, which keeps their counts alive
  grpc.reset();
  outcome.reset();
  head.clear();
  deadline = TimePoint::max();
  client = nullptr;
  generation.reset();
}

const config::Listener& ExchangeContext::listener() const {
  return session().listener().config;
}

std::uint64_t ExchangeContext::hash_key_for(const UpstreamRuntime& of) const {
  if (of.rules.policy != config::Balance::hash) return 0;
  return of.hash_key.key_of(head.fields, decided.forwarded.client_ip,
                            route::key_path(decided.path, decided.decoded_path));
}

TimePoint ExchangeContext::now() const {
  return worker.reactor().now();
}

void ExchangeContext::watch_client(ClientObserver& observer) const {
  client->watch(&observer);
  if (const io::IoStatus why = client->has_left(); why != io::IoStatus::ok) observer.on_client_left(why);
}

}  // namespace weir::server
