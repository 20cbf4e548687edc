#include "server/rollout_unit.hpp"

#include <algorithm>

namespace weir::server {
namespace {

constexpr int client_left = 499;

/// Weir itself is what failed: nothing that a side does causes it, and one with fewer kept connections meets it more.
bool is_own_failure(ErrorKind kind) {
  return kind == ErrorKind::out_of_resources || kind == ErrorKind::draining || kind == ErrorKind::internal;
}

bool is_unit(const EndedRequest& ended) {
  if (ended.status == 0 || ended.status == client_left) return false;
  if (ended.is_relayed || ended.error == nullptr) return true;
  return ended.error->origin != Origin::client && !is_own_failure(ended.error->kind);
}

bool has_grpc(const RolloutFailures& failures, std::optional<grpc::Status> status) {
  return status && failures.has_kind(upstream::failure_bit_of_grpc(*status));
}

void add_latency(RolloutUnit& unit, std::span<const observe::AttemptRecord> attempts) {
  const auto first = std::ranges::find_if(
      attempts, [](const observe::AttemptRecord& attempt) { return attempt.first_byte_ms >= 0; });
  if (first == attempts.end()) return;
  const double waited_ms = first->first_byte_ms - std::max(first->connect_ms, 0.0);
  unit.has_latency = true;
  unit.latency = rollout::bucket_of(rollout::Microseconds(static_cast<std::int64_t>(waited_ms * 1'000)));
}

}  // namespace

RolloutNote note_of(const RolloutRuntime& runtime, const split::Choice& first) {
  RolloutNote note;
  const bool is_compared = first.target == runtime.canary || first.target == runtime.comparison;
  if (!is_compared || (first.why != split::Why::weight && first.why != split::Why::affinity)) return note;
  note.runtime = &runtime;
  note.side = first.target == runtime.canary ? rollout::Side::canary : rollout::Side::comparison;
  note.client = first.client;
  return note;
}

void note_try(RolloutNote& note, const upstream::TryOutcome& outcome) {
  if (note.is_tried || upstream::was_stale(outcome) || upstream::was_unprocessed(outcome)) return;
  note.is_tried = true;
  const RolloutFailures& failures = note.runtime->failures;
  note.first_failed = has_grpc(failures, outcome.grpc_status) ||
                      (outcome.status != 0 ? failures.has_status(outcome.status)
                                           : failures.has_kind(upstream::failure_bit(outcome.kind)));
}

std::optional<RolloutUnit> unit_of(const RolloutNote& note, const EndedRequest& ended) {
  if (!is_unit(ended)) return std::nullopt;
  const RolloutFailures& failures = note.runtime->failures;
  RolloutUnit unit;
  unit.client = note.client;
  unit.side = note.side;
  unit.failed = note.failed_over || note.first_failed || failures.has_status(ended.status) ||
                has_grpc(failures, ended.grpc_status);
  unit.client_error = ended.is_relayed && ended.status >= 400 && ended.status < 500;
  if (!note.failed_over) add_latency(unit, ended.attempts);
  return unit;
}

}  // namespace weir::server
