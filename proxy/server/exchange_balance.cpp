// Which endpoint an attempt goes to: the upstream's bound on requests at once, the pick, and the wait for a place
// where every endpoint has as many requests as it may have.
#include <algorithm>

#include "server/exchange.hpp"
#include "server/health_events.hpp"
#include "server/latency_report.hpp"
#include "server/session.hpp"
#include "server/worker.hpp"
#include "upstream/operator_state.hpp"

namespace weir::server {
/// max_requests of the upstream: exact over all workers, held until the exchange ends.
Result<void> Exchange::enter_upstream() {
  const UpstreamRuntime& upstream = *upstream_view().runtime;
  if (!upstream.in_flight || upstream_place_.take(*upstream.in_flight, upstream.config->max_requests)) {
    return {};
  }
  ++upstream_view().counters->refused_max_requests;
  return self_error(ErrorKind::max_requests,
                    "upstream " + upstream.config->name + " has as many requests as it may have at once");
}

/// Others wait for the same places: who comes later goes behind them.
bool Exchange::must_wait() const {
  const UpstreamRuntime& upstream = *upstream_view().runtime;
  return upstream.rules.limits && tried_.size() == 0 && upstream.config->queue.max != 0 &&
         upstream.queue->waiting() != 0;
}

/// What `balance: hash` of `upstream` hashes; 0 under other policies.
std::uint64_t Exchange::key_for(const UpstreamRuntime& upstream) const {
  if (upstream.rules.policy != config::Balance::hash) return 0;
  return upstream.hash_key.key_of(head.fields, forwarded_.client_ip, path_);
}

bool Exchange::pick_endpoint() {
  if (wait_ == nullptr && must_wait()) {
    pick_.full = true;
    return false;
  }
  const UpstreamRuntime& upstream = *upstream_view().runtime;
  balance::PickRequest request;
  request.now = worker_.reactor().now();
  request.tried = tried_;
  if (avoided_ != balance::none) request.tried.add(avoided_);
  request.random = worker_.rng()();
  request.key = key_for(upstream);
  pick_ = balance::acquire(upstream.rules, *upstream.shared, upstream.candidates, request);
  return pick_.index != balance::none;
}

Error Exchange::no_endpoint() const {
  if (upstream_view().runtime->candidates.empty()) {
    return upstream_error(ErrorKind::name_unresolved, "no address of the upstream is known", false);
  }
  const char* const why = upstream::all_taken_out(upstream_view().runtime->candidates)
                              ? "operators took every endpoint out of use"
                              : "no endpoint is left to try";
  return upstream_error(ErrorKind::no_endpoint, why, false);
}

/// Nothing was picked. Where that is for lack of room, and the request is not a retry, it waits its turn.
Task<Result<void>> Exchange::wait_for_endpoint() {
  if (!pick_.full) co_return no_endpoint();
  auto& counters = *upstream_view().counters;
  const config::Queue& settings = upstream_config().queue;
  if (settings.max == 0 || tried_.size() != 0) {
    ++counters.refused_endpoint_busy;
    co_return self_error(ErrorKind::endpoint_busy,
                         "every endpoint has as many requests as it may have at once");
  }
  avoided_ = balance::none;  // better than nobody
  const TimePoint started_waiting = Clock::now();
  const TimePoint deadline = std::min(worker_.reactor().now() + settings.timeout, total_deadline_);
  io::Channel& client = session_->stream().channel();
  Wait wait(
      upstream_view().line, [](void* self) { return static_cast<Exchange*>(self)->pick_endpoint(); }, this);
  wait_ = &wait;
  if (!wait.enter(settings.max, deadline)) {
    wait_ = nullptr;
    ++counters.queue.full;
    co_return self_error(ErrorKind::queue_full, "as many requests wait for an endpoint as may");
  }
  client.observe(this);
  on_unread_event(client);
  const WaitEnd end = co_await wait;
  wait_ = nullptr;
  client.observe(nullptr);
  queue_ms_ = std::chrono::duration<double, std::milli>(Clock::now() - started_waiting).count();
  switch (end) {
    case WaitEnd::served:
      ++counters.queue.served;
      co_return Result<void>{};
    case WaitEnd::timeout:
      ++counters.queue.timeout;
      if (worker_.reactor().now() >= total_deadline_) {
        co_return upstream_error(ErrorKind::total_timeout, "timeouts.total is over", false);
      }
      co_return self_error(ErrorKind::queue_timeout, "no endpoint became free in queue.timeout");
    case WaitEnd::client_left:
      ++counters.queue.left;
      co_return client_error(ErrorKind::client_gone, "the client left");
    case WaitEnd::shutdown:
      ++counters.queue.left;
      break;
  }
  co_return self_error(ErrorKind::draining, "shutting down");
}

/// An endpoint is chosen: a retry takes another one, and what the operator wants to know is said.
void Exchange::note_pick() {
  const UpstreamRuntime& upstream = *upstream_view().runtime;
  tried_.add(pick_.index);
  avoided_ = balance::none;
  if (!upstream.rules.backups && !upstream.rules.zones) return;
  const upstream::Candidate& candidate = upstream.candidates[pick_.index];
  upstream_view().counters->to_backups += candidate.backup;
  upstream_view().counters->to_other_zones += !candidate.local;
  if (!pick_.panic && !pick_.ticket.probe) tell_backups(upstream, pick_.primaries_out);
}

void Exchange::note_latency(const Error* error) {
  report_latency(*upstream_view().runtime, pick_.index, attempt_started_, worker_.reactor().now(), error,
                 response_);
}

}  // namespace weir::server
