// The tries: one endpoint after the other until one answers, and where a side of a split does not, those of another
// side. What may be tried again is decided by upstream/retry.hpp. Worker thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/error.hpp"
#include "core/task.hpp"
#include "server/exchange_attempt.hpp"
#include "server/exchange_balance.hpp"
#include "server/exchange_context.hpp"
#include "server/exchange_decide.hpp"
#include "server/exchange_grpc.hpp"
#include "server/exchange_mirror.hpp"
#include "server/exchange_response.hpp"
#include "upstream/retry.hpp"

namespace weir::server {

class Tries {
 public:
  Tries(ExchangeContext& context, OutgoingRequest& request, Decider& decider, GrpcSteps& grpc_steps,
        ClientResponse& response, Mirroring& mirror, EndpointChoice& choice, Attempt& attempt)
      : context_(context),
        decided_(context.decided),
        decider_(decider),
        outcome_(context.outcome),
        request_(request),
        grpc_steps_(grpc_steps),
        response_(response),
        mirror_(mirror),
        choice_(choice),
        attempt_(attempt) {}
  void reset();

  /// Composes the request and sends it to one endpoint after the other. Success: the attempt has a response that the
  /// client gets.
  Task<Result<void>> forward();

 private:
  upstream::RetryDecision next_try(const upstream::TryOutcome& outcome);
  upstream::RetryDecision next_on_this_side(const upstream::TryOutcome& outcome);
  std::optional<upstream::RetryDecision> next_on_another_side(const upstream::TryOutcome& outcome);
  upstream::RetryDecision refuse_retry(std::string_view why, std::uint64_t& counter);
  bool withdraw_retry(const UpstreamRuntime& upstream);
  void prepare_next_attempt(upstream::RetryDecision decision, const upstream::TryOutcome& outcome);
  void count_try(bool succeeded);

  ExchangeContext& context_;
  const Decision& decided_;
  Decider& decider_;
  Outcome& outcome_;
  OutgoingRequest& request_;
  GrpcSteps& grpc_steps_;
  ClientResponse& response_;
  Mirroring& mirror_;
  EndpointChoice& choice_;
  Attempt& attempt_;

  upstream::RetryState retry_;
  unsigned tries_seen_ = 0;           // that an endpoint may have looked at
  bool is_retry_ = false;             // the try that runs, and it counts as one
  bool new_connection_only_ = false;  // the kept one was stale
};

}  // namespace weir::server
