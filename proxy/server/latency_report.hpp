// Reports how long an endpoint took to answer, or to fail, to `balance: least_latency`: the same for requests and for
// copies of them. Costs nothing under the other policies. Worker thread.
#pragma once

#include <optional>

#include "core/error.hpp"
#include "grpc/status.hpp"
#include "http/head.hpp"
#include "server/snapshot.hpp"

namespace weir::server {

/// Since `started`: `error`, or (nullptr) the head of `response`, whose Retry-After counts with a 503 or 429;
/// `grpc_status` is what it says of a call of gRPC.
void report_latency(const UpstreamRuntime& upstream, std::size_t endpoint, TimePoint started, TimePoint now,
                    const Error* error, const http::ResponseHead& response,
                    std::optional<grpc::Status> grpc_status = {});

}  // namespace weir::server
