// Reports how an attempt at an endpoint ended to its passive health and its failure counters: the same for requests and
// for copies of them. Worker thread.
#pragma once

#include <optional>

#include "balance/balance.hpp"
#include "core/error.hpp"
#include "grpc/status.hpp"
#include "health/cause.hpp"
#include "server/generation.hpp"
#include "upstream/pending_failures.hpp"

namespace weir::server {

/// Why a response is a failure, where it is one: its status, or what it says of a gRPC call.
health::Cause cause_of_response(int status, std::optional<grpc::Status> grpc_status);

/// `error`, or (nullptr) a response; `failure` is what passive health counts it as, a config::Failure bit or 0, and
/// `by_status` why that is so of a response. Emits an event for what changes.
void report_health(const UpstreamView& view, const balance::Pick& pick, TimePoint now, const Error* error,
                   health::Cause by_status, std::uint16_t failure);

/// A try ended with a status that counts as failure: the failure is pending until the request ends. Until then the
/// endpoint may be deprioritised (upstream::should_deprioritise).
void add_pending(const UpstreamView& view, upstream::PendingFailures& pending,
                 const upstream::PendingFailure& failure);

/// A request with failures by status has ended: they are counted against the endpoints, or discounted
/// (upstream/pending_failures.hpp). `answered`: some endpoint served it. Leaves `pending` empty.
void settle_pending(const UpstreamView& view, upstream::PendingFailures& pending, bool answered,
                    TimePoint now);

}  // namespace weir::server
