// Reports how long an endpoint took to answer, or to fail, to `balance: least_latency`: the same for requests and for
// copies of them. Costs nothing under the other policies. Worker thread.
#pragma once

#include "core/error.hpp"
#include "http/head.hpp"
#include "server/snapshot.hpp"

namespace weir::server {

/// Since `started`: `error`, or (nullptr) the head of `response`, whose Retry-After counts with a 503 or 429.
void report_latency(const UpstreamRuntime& upstream, std::size_t endpoint, TimePoint started, TimePoint now,
                    const Error* error, const http::ResponseHead& response);

}  // namespace weir::server
