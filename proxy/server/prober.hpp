// The active checks of one endpoint over the network: connects as requests do (over the upstream's TLS, with its
// verification, SNI and client certificate), asks, judges, and keeps the connection for the next check. One check at
// a time. Belongs to the thread of its reactor.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/buffer.hpp"
#include "core/task.hpp"
#include "grpc/status.hpp"
#include "server/endpoint_call.hpp"
#include "tls/context.hpp"
#include "upstream/endpoint.hpp"

namespace weir::server {

/// What is checked, and how.
struct CheckTarget {
  std::shared_ptr<upstream::EndpointState> endpoint;
  std::string host;                                 // as configured: what TLS verifies
  std::string authority;                            // the Host field
  std::shared_ptr<tls::ClientContext> tls;          // null: plain
  std::optional<config::UpstreamTls> tls_settings;  // that it was made from
  config::UpstreamProtocol protocol = config::UpstreamProtocol::http1;
  bool reuse = true;  // the upstream keeps connections
  config::HealthCheck settings;
};

enum class CheckResult : std::uint8_t {
  passed,
  failed,
  skipped,  // says nothing about the endpoint: taken back, or this machine had no descriptor or port for it
};

struct CheckOutcome {
  CheckResult result = CheckResult::skipped;
  std::string detail;  // `status 503`, `NOT_SERVING`, `connection refused`
  Duration took{};     // until the verdict
};

class Prober {
 public:
  static constexpr std::size_t body_bytes_max = 64 * 1024;  // read to keep the connection; past it closed

  Prober(io::Reactor& reactor, BufferPool& buffers) : reactor_(reactor), call_(reactor, buffers) {}
  ~Prober();
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

  /// One check; ends settings.timeout after its start at the latest. A kept connection that the endpoint closes
  /// instead of answering says nothing, and neither does an endpoint of HTTP/2 that did not look at the request: then a
  /// new one is made, once.
  Task<CheckOutcome> check(std::shared_ptr<const CheckTarget> target);
  /// Ends a running check with CheckResult::skipped, and the kept connection.
  void cancel();
  /// After check() threw: nothing of it is left.
  void abandon();
  /// Closes the kept connection. Not while a check runs.
  void disconnect();
  /// Nothing of a connection runs any more.
  bool is_disconnected() const { return !pool_ || pool_->is_empty(); }

 private:
  using Failure = std::optional<CheckOutcome>;  // nothing: it went well

  void prepare_pool();
  Task<Failure> try_once(bool reuse);
  Task<Failure> ask();
  Task<bool> discard_body();
  WholeRequest request();
  void write_fields(std::string_view accept);
  Task<Failure> read_grpc_answer();
  Failure add_to_answer(const relay::BodyBatch& batch);
  void forget_answer();
  config::Keepalive keepalive() const;
  CheckOutcome failure_of(io::IoStatus status);
  CheckOutcome verdict() const;
  CheckOutcome grpc_verdict() const;

  io::Reactor& reactor_;
  observe::EndpointCounters counters_;  // of the pool; metrics are about requests
  std::shared_ptr<EndpointPool> pool_;  // of the endpoint that is checked: one connection at most
  config::UpstreamProtocol protocol_ = config::UpstreamProtocol::http1;  // of that
  EndpointCall call_;
  bool cancelled_ = false;
  bool unprocessed_ = false;  // that is how the last try ended
  std::string request_, request_body_;

  // Of the running check.
  std::shared_ptr<const CheckTarget> target_;
  TimePoint deadline_;
  // The same, of a check by gRPC.
  std::string answer_;  // its body
  std::optional<grpc::Status> answer_status_;
  bool answer_is_whole_ = false;
};

}  // namespace weir::server
