#include "server/exchange_balance.hpp"

#include <algorithm>
#include <utility>

#include "limit/overload.hpp"
#include "server/exchange_request.hpp"
#include "server/health_events.hpp"
#include "server/worker.hpp"
#include "upstream/operator_state.hpp"

namespace weir::server {

void EndpointChoice::reset() {
  give_back(pick_);
  give_back(next_);
  tried_.clear();
  avoided_ = balance::none;
}

Place EndpointChoice::take() {
  if (next_.index == balance::none) return pick_endpoint();
  pick_ = std::exchange(next_, {});
  return Place::got;
}

/// How many may wait at most for this request to join them: of the queue's last places retries only.
std::uint32_t EndpointChoice::queue_places() const {
  const std::uint32_t most = context_.upstream().queue.max;
  if (!outcome_.attempts.empty()) return most;
  return limit::queue_for_new(most, context_.generation->snapshot->config->server.overload.start_percent);
}

/// Others wait for the same places: who comes later goes behind them.
bool EndpointChoice::must_wait() const {
  const UpstreamRuntime& upstream = *context_.view().runtime;
  return upstream.rules.limits && upstream.config->queue.max != 0 && upstream.queue->waiting() != 0 &&
         upstream.queue->goes_behind(reach(), queue_places());
}

/// The endpoint that comes after all others that are usable: its kept connection was stale, or it fails at once
/// (upstream::should_deprioritise). balance::none: there is no such one.
std::size_t EndpointChoice::last_choice() const {
  if (avoided_ != balance::none) return avoided_;
  const UpstreamRuntime& upstream = *context_.view().runtime;
  const upstream::EndpointState* deprioritised =
      upstream.shared->deprioritised.load(std::memory_order_relaxed);
  if (deprioritised == nullptr) return balance::none;
  const auto found = std::ranges::find(upstream.candidates, deprioritised, &upstream::Candidate::state);
  return found == upstream.candidates.end() ? balance::none
                                            : static_cast<std::size_t>(found - upstream.candidates.begin());
}

/// Looks at the endpoints once. The last choice is taken before those that are out.
balance::Pick EndpointChoice::pick_one() {
  const UpstreamRuntime& upstream = *context_.view().runtime;
  balance::PickRequest request;
  request.now = context_.now();
  request.tried = tried_;
  request.random = context_.worker.rng()();
  request.key = context_.hash_key_for(upstream);
  request.may_probe = can_be_sent_again(context_, request_);
  const std::size_t last = last_choice();
  if (last == balance::none || tried_.contains(last)) return upstream.acquire(request);
  request.tried.add(last);
  if (balance::usable_left(upstream.candidates, request.tried)) {
    const balance::Pick pick = upstream.acquire(request);
    if (pick.index != balance::none) return pick;
  }
  request.tried = tried_;
  return upstream.acquire(request);
}

Place EndpointChoice::pick_endpoint() {
  if (wait_ == nullptr && must_wait()) return Place::full;
  pick_ = pick_one();
  if (pick_.index != balance::none) return Place::got;
  return pick_.full ? Place::full : Place::no_endpoint;
}

bool EndpointChoice::reserve_next() {
  bool full = must_wait();
  if (!full) {
    next_ = pick_one();
    if (next_.index != balance::none) return true;
    full = next_.full;
  }
  return full && context_.view().runtime->queue->waiting() < queue_places();
}

Error EndpointChoice::no_endpoint() const {
  if (context_.view().runtime->candidates.empty()) {
    return upstream_error(ErrorKind::name_unresolved, "no address of the upstream is known");
  }
  const char* const why = upstream::all_taken_out(context_.view().runtime->candidates)
                              ? "operators took every endpoint out of use"
                              : "no endpoint is left to try";
  return upstream_error(ErrorKind::no_endpoint, why);
}

Task<Result<void>> EndpointChoice::wait(Place found) {
  if (found == Place::no_endpoint) co_return no_endpoint();
  auto& counters = *context_.view().counters;
  const config::Queue& settings = context_.upstream().queue;
  if (settings.max == 0) {
    ++counters.refused_endpoint_busy;
    co_return self_error(ErrorKind::endpoint_busy,
                         "every endpoint has as many requests as it may have at once");
  }
  const TimePoint started_waiting = Clock::now();
  const TimePoint deadline = std::min(context_.now() + settings.timeout, context_.deadline);
  const std::uint32_t most = queue_places();
  Wait turn(
      context_.view().line, reach(),
      [](void* self) { return static_cast<EndpointChoice*>(self)->pick_endpoint(); }, this);
  const CurrentWait current(*this, turn);
  if (!turn.enter(most, deadline)) {
    ++(most < settings.max ? counters.queue.shed : counters.queue.full);
    co_return self_error(ErrorKind::queue_full, "as many requests wait for an endpoint as may");
  }
  context_.watch_client(*this);
  const WaitEnd end = co_await turn;
  outcome_.queue_ms = std::max(outcome_.queue_ms, 0.0) +
                      std::chrono::duration<double, std::milli>(Clock::now() - started_waiting).count();
  co_return end_of_wait(end);
}

Result<void> EndpointChoice::end_of_wait(WaitEnd end) {
  auto& counters = context_.view().counters->queue;
  switch (end) {
    case WaitEnd::served:
      ++counters.served;
      return {};
    case WaitEnd::timeout:
      ++counters.timeout;
      if (context_.now() >= context_.deadline) {
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

void EndpointChoice::note_pick() {
  const UpstreamRuntime& upstream = *context_.view().runtime;
  tried_.add(pick_.index);
  if (avoided_ == pick_.index) avoided_ = balance::none;
  if (!upstream.rules.backups && !upstream.rules.zones) return;
  const upstream::Candidate& candidate = upstream.candidates[pick_.index];
  context_.view().counters->to_backups += candidate.backup;
  context_.view().counters->to_other_zones += !candidate.local;
  if (!pick_.panic && !pick_.ticket.probe) report_backups(upstream, pick_.primaries_out);
}

bool EndpointChoice::another_left(bool usable) const {
  const auto& candidates = context_.view().runtime->candidates;
  return usable ? balance::usable_left(candidates, tried_) : balance::another_left(candidates, tried_);
}

void EndpointChoice::avoid_last() {
  avoided_ = tried_.last();
  tried_.forget_last();
}

void EndpointChoice::give_back(balance::Pick& pick) {
  if (pick.index == balance::none) return;
  const UpstreamRuntime& upstream = *context_.view().runtime;
  // Nothing happens where a report has ended the probe already, or this was none.
  upstream.endpoints[pick.index].state->health.abandon_probe(context_.now(), pick.ticket);
  upstream.release(pick.index);
  pick = {};
}

void EndpointChoice::on_client_left(io::IoStatus why) {
  if (wait_ != nullptr) {
    wait_->give_up(why == io::IoStatus::shutdown ? WaitEnd::shutdown : WaitEnd::client_left);
  }
}

}  // namespace weir::server
