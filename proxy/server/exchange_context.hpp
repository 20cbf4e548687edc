// What every part of an exchange may see: the request, its client, the worker and the generation that serve it, what
// was decided about it, and what came of it so far. The exchange owns the one context; its parts refer to it. Worker
// thread.
#pragma once

#include <chrono>
#include <cstdint>

#include "http/head.hpp"
#include "server/client.hpp"
#include "server/exchange_state.hpp"
#include "server/generation.hpp"
#include "server/rollout_unit.hpp"

namespace weir::server {

class Session;
class Worker;

struct ExchangeContext {
  explicit ExchangeContext(Worker& its_worker) : worker(its_worker) {}

  /// Ready for the request of `its_client`: pins the worker's generation.
  void begin(Client& its_client);
  void reset();

  Session& session() const { return client->session(); }
  const config::Listener& listener() const;
  /// Where the request goes, once that is decided.
  const UpstreamView& view() const { return *decided.view; }
  const config::Upstream& upstream() const { return *view().runtime->config; }
  /// What `balance: hash` of `of` hashes; 0 under other policies.
  std::uint64_t hash_key_for(const UpstreamRuntime& of) const;

  /// The loop's time: as old as its turn.
  TimePoint now() const;
  bool total_is_over() const { return now() >= deadline; }

  /// Tells `observer` when the client leaves, at once where it has left. One observer at a time.
  void watch_client(ClientObserver& observer) const;
  void unwatch_client() const { client->watch(nullptr); }

  /// A tunnel gives the buffer with the head back: what the log line says is kept here.
  void keep_texts();

  Worker& worker;
  Client* client = nullptr;
  GenerationPtr generation;
  http::RequestHead head;                              // views into the session's buffer
  TimePoint started;                                   // first byte of the request was there
  std::chrono::system_clock::time_point wall_started;  // the same
  TimePoint deadline = TimePoint::max();               // of everything that endpoints are involved in

  Decision decided;     // once for the request
  GrpcCall grpc;        // the same, of a call of gRPC
  RolloutNote rollout;  // of a request whose split runs one
  Outcome outcome;      // for the log and the metrics
};

}  // namespace weir::server
