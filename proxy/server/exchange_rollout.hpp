// Counts a request for the rollout that its split runs, when it has ended (rollout_unit.hpp says as what). Worker
// thread.
#pragma once

#include <optional>

#include "grpc/status.hpp"
#include "server/exchange_context.hpp"

namespace weir::server {

/// Once: it does nothing the next time. The context has a note of a rollout. `response_status`: of the endpoint's
/// response that the client gets, or 0.
void count_rollout_unit(ExchangeContext& context, int response_status,
                        std::optional<grpc::Status> grpc_status);

}  // namespace weir::server
