// Which endpoint an attempt goes to: the pick, and the wait for a place
// where every endpoint has as many requests as it may have.
#include <algorithm>

#include "limit/overload.hpp"
#include "server/exchange.hpp"
#include "server/health_events.hpp"
#include "server/latency_report.hpp"
#include "server/session.hpp"
#include "server/worker.hpp"
#include "upstream/operator_state.hpp"

namespace weir::server {

/// How many may wait at most for this request to join them: of the queue's last places retries only.
std::uint32_t Exchange::queue_places() const {
  const std::uint32_t most = upstream_config().queue.max;
  if (!tries_.records.empty()) return most;
  return limit::queue_for_new(most, generation_->snapshot->config->server.overload.start_percent);
}

/// Others wait for the same places: who comes later goes behind them.
bool Exchange::must_wait() const {
  const UpstreamRuntime& upstream = *upstream_view().runtime;
  return upstream.rules.limits && upstream.config->queue.max != 0 && upstream.queue->waiting() != 0 &&
         upstream.queue->goes_behind(reach(), queue_places());
}

/// The endpoint that comes after all others that are usable: its kept connection was stale, or it fails at once
/// (upstream::should_deprioritise). balance::none: there is no such one.
std::size_t Exchange::last_choice() const {
  if (tries_.avoided != balance::none) return tries_.avoided;
  const UpstreamRuntime& upstream = *upstream_view().runtime;
  const upstream::EndpointState* deprioritised =
      upstream.shared->deprioritised.load(std::memory_order_relaxed);
  if (deprioritised == nullptr) return balance::none;
  const auto found = std::ranges::find(upstream.candidates, deprioritised, &upstream::Candidate::state);
  return found == upstream.candidates.end() ? balance::none
                                            : static_cast<std::size_t>(found - upstream.candidates.begin());
}

/// Looks at the endpoints once. The last choice is taken before those that are out.
balance::Pick Exchange::pick_one() {
  const UpstreamRuntime& upstream = *upstream_view().runtime;
  balance::PickRequest request;
  request.now = worker_.reactor().now();
  request.tried = tries_.tried;
  request.random = worker_.rng()();
  request.key = context_.hash_key_for(upstream);
  request.may_probe = can_be_sent_again(context_, request_);
  const std::size_t last = last_choice();
  if (last == balance::none || tries_.tried.contains(last)) return upstream.acquire(request);
  request.tried.add(last);
  if (balance::usable_left(upstream.candidates, request.tried)) {
    const balance::Pick pick = upstream.acquire(request);
    if (pick.index != balance::none) return pick;
  }
  request.tried = tries_.tried;
  return upstream.acquire(request);
}

Place Exchange::pick_endpoint() {
  if (wait_ == nullptr && must_wait()) return Place::full;
  attempt_.pick = pick_one();
  if (attempt_.pick.index != balance::none) return Place::got;
  return attempt_.pick.full ? Place::full : Place::no_endpoint;
}

/// A response is at hand that may be passed on: it is given up only for a place at another endpoint, which is taken
/// here, or for one in the queue.
bool Exchange::reserve_next() {
  bool full = must_wait();
  if (!full) {
    tries_.next = pick_one();
    if (tries_.next.index != balance::none) return true;
    full = tries_.next.full;
  }
  return full && upstream_view().runtime->queue->waiting() < queue_places();
}

Error Exchange::no_endpoint() const {
  if (upstream_view().runtime->candidates.empty()) {
    return upstream_error(ErrorKind::name_unresolved, "no address of the upstream is known");
  }
  const char* const why = upstream::all_taken_out(upstream_view().runtime->candidates)
                              ? "operators took every endpoint out of use"
                              : "no endpoint is left to try";
  return upstream_error(ErrorKind::no_endpoint, why);
}

/// No place was found. Where that is for lack of room, the request waits its turn, a retry as any other.
Task<Result<void>> Exchange::wait_for_endpoint(Place found) {
  if (found == Place::no_endpoint) co_return no_endpoint();
  auto& counters = *upstream_view().counters;
  const config::Queue& settings = upstream_config().queue;
  if (settings.max == 0) {
    ++counters.refused_endpoint_busy;
    co_return self_error(ErrorKind::endpoint_busy,
                         "every endpoint has as many requests as it may have at once");
  }
  const TimePoint started_waiting = Clock::now();
  const TimePoint deadline = std::min(worker_.reactor().now() + settings.timeout, total_deadline_);
  const std::uint32_t most = queue_places();
  Wait wait(
      upstream_view().line, reach(), [](void* self) { return static_cast<Exchange*>(self)->pick_endpoint(); },
      this);
  wait_ = &wait;
  if (!wait.enter(most, deadline)) {
    wait_ = nullptr;
    ++(most < settings.max ? counters.queue.shed : counters.queue.full);
    co_return self_error(ErrorKind::queue_full, "as many requests wait for an endpoint as may");
  }
  client_->watch(this);
  if (const io::IoStatus why = client_->has_left(); why != io::IoStatus::ok) on_client_left(why);
  const WaitEnd end = co_await wait;
  wait_ = nullptr;
  client_->watch(nullptr);
  tries_.queue_ms = std::max(tries_.queue_ms, 0.0) +
                    std::chrono::duration<double, std::milli>(Clock::now() - started_waiting).count();
  co_return end_of_wait(end);
}

Result<void> Exchange::end_of_wait(WaitEnd end) {
  auto& counters = upstream_view().counters->queue;
  switch (end) {
    case WaitEnd::served:
      ++counters.served;
      return {};
    case WaitEnd::timeout:
      ++counters.timeout;
      if (worker_.reactor().now() >= total_deadline_) {
        return upstream_error(ErrorKind::total_timeout, "timeouts.total is over");
      }
      return self_error(ErrorKind::queue_timeout, "no endpoint became free in queue.timeout");
    case WaitEnd::client_left:
      ++counters.left;
      return client_error(ErrorKind::client_gone, "the client left");
    case WaitEnd::no_endpoint:
      ++counters.no_endpoint;
      return no_endpoint();
    case WaitEnd::shutdown:
      ++counters.left;
      break;
  }
  return self_error(ErrorKind::draining, "shutting down");
}

/// An endpoint is chosen: a retry takes another one, and what the operator wants to know is said.
void Exchange::note_pick() {
  const UpstreamRuntime& upstream = *upstream_view().runtime;
  tries_.tried.add(attempt_.pick.index);
  if (tries_.avoided == attempt_.pick.index) tries_.avoided = balance::none;
  if (!upstream.rules.backups && !upstream.rules.zones) return;
  const upstream::Candidate& candidate = upstream.candidates[attempt_.pick.index];
  upstream_view().counters->to_backups += candidate.backup;
  upstream_view().counters->to_other_zones += !candidate.local;
  if (!attempt_.pick.panic && !attempt_.pick.ticket.probe)
    report_backups(upstream, attempt_.pick.primaries_out);
}

void Exchange::note_latency(const Error* error) {
  report_latency(*upstream_view().runtime, attempt_.pick.index, call_.started(), worker_.reactor().now(),
                 error, response(), attempt_.grpc_status);
}

}  // namespace weir::server
