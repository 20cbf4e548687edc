// The request as endpoints get it (OutgoingRequest). Worker thread.
#pragma once

#include "server/exchange_context.hpp"
#include "server/exchange_grpc.hpp"

namespace weir::server {

/// What goes to whichever endpoint is chosen: composed once for all tries.
void compose_request(ExchangeContext& context, GrpcSteps& grpc_steps, OutgoingRequest& request);

/// The request is all here, so that its client cannot draw a probe out, and may be sent again should it fail.
bool can_be_sent_again(const ExchangeContext& context, const OutgoingRequest& request);

}  // namespace weir::server
