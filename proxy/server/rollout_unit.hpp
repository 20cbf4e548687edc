// What a request is to the rollout that its split runs: a unit of the side that the split chose first, failed or not,
// or none. Intention to treat: whichever endpoint or side served it in the end, and however often it was tried, the
// side answers for it. Pure; worker thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "core/error.hpp"
#include "grpc/status.hpp"
#include "observe/access_log.hpp"
#include "server/rollout_counter.hpp"
#include "server/rollout_runtime.hpp"
#include "split/split.hpp"
#include "upstream/retry.hpp"

namespace weir::server {

/// What is known of a request while it runs.
struct RolloutNote {
  const RolloutRuntime* runtime = nullptr;  // null: it is no unit; of the pinned generation
  rollout::Side side = rollout::Side::comparison;
  bool failed_over = false;   // the side was out, and another one got it
  bool is_tried = false;      // some try said something of its endpoint
  bool first_failed = false;  // the first that did
  std::uint64_t client = 0;   // split::Choice::client
};

/// The note of a request for which the split chose `first`. Its runtime is null where the request does not count:
/// what overrides chose, and what went to a target that is not compared.
RolloutNote note_of(const RolloutRuntime& runtime, const split::Choice& first);

/// A try ended without a response that the client gets. One whose kept connection was stale, or that its endpoint did
/// not look at, says nothing of it.
void note_try(RolloutNote& note, const upstream::TryOutcome& outcome);

/// How a request ended.
struct EndedRequest {
  int status = 0;                             // that the client got; 0: none
  bool is_relayed = false;                    // it is that of an endpoint's response
  const Error* error = nullptr;               // why Weir answered itself, or cut the response; null: neither
  std::optional<grpc::Status> grpc_status{};  // of a call of gRPC that has one
  std::span<const observe::AttemptRecord> attempts{};
};

/// The table, the first line that fits:
///   the client left before a status reached it (499, none)          no unit
///   Weir's own answer to what the client did wrong or too slowly    no unit
///   Weir's own answer because of itself: no descriptor or port, shutting down, out of memory    no unit
///   another side got it                                             failed
///   its first try failed by a kind in `failures`, or by a status    failed
///   its status, or its gRPC status, is in `failures`                failed; so is Weir's 503 where the side has no
///                                                                   endpoint, no room or no place in its queue
///   anything else                                                   not failed; 4xx of an endpoint: a client error
/// Latency: the time to the first byte of the first try that got one, without the time to connect; none where another
/// side got the request.
std::optional<RolloutUnit> unit_of(const RolloutNote& note, const EndedRequest& ended);

}  // namespace weir::server
