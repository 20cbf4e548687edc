#include "server/exchange_pause.hpp"

#include <algorithm>
#include <chrono>
#include <variant>

#include "server/worker.hpp"

namespace weir::server {
namespace {

/// While it lives, the client's leaving ends that wait.
class Watched {
 public:
  Watched(const ExchangeContext& context, PauseWait*& slot, PauseWait& wait)
      : context_(context), slot_(slot) {
    slot_ = &wait;
  }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;
  ~Watched() {
    slot_ = nullptr;
    context_.unwatch_client();
  }

 private:
  const ExchangeContext& context_;
  PauseWait*& slot_;
};

}  // namespace

/// The side of a split is not chosen yet: the longest time that one of them gives.
TimePoint PauseStep::last_moment() const {
  const Decision& decided = context_.decided;
  Milliseconds total = decided.timeouts->total;
  if (decided.proxy->split) {
    for (const config::Timeouts& each : *context_.generation->snapshot->splits[decided.route->split].timeouts)
      total = std::max(total, each.total);
  }
  TimePoint last = context_.now() + total;
  if (context_.grpc.timeout) last = std::min(last, context_.started + *context_.grpc.timeout);
  return last;
}

Task<Result<void>> PauseStep::wait() {
  route::PauseGate& gate = *context_.decided.route->pause;
  route::InFlightPlace place;
  if (!gate.enter(place)) {
    gate.counts.refused.fetch_add(1, std::memory_order_relaxed);
    co_return self_error(ErrorKind::pause_queue_full,
                         "the route is paused, and as many of its requests wait as may");
  }
  const TimePoint began = Clock::now();
  context_.deadline = last_moment();
  PauseEnd end = PauseEnd::shutdown;
  {
    PauseWait turn(context_.worker.paused(), gate);
    const Watched watched(context_, wait_, turn);
    turn.enter(context_.deadline);
    context_.watch_client(*this);
    end = co_await turn;
  }
  context_.outcome.queue_ms = std::chrono::duration<double, std::milli>(Clock::now() - began).count();
  place.give_back();  // first: it would be counted twice
  auto let_go = end_of_wait(end, gate.counts);
  if (let_go) go_by_newest();
  co_return let_go;
}

Result<void> PauseStep::end_of_wait(PauseEnd end, route::PauseGate::Counts& counts) const {
  switch (end) {
    case PauseEnd::let_go:
      counts.let_go.fetch_add(1, std::memory_order_relaxed);
      return {};
    case PauseEnd::timeout:
      counts.timeout.fetch_add(1, std::memory_order_relaxed);
      return self_error(ErrorKind::total_timeout, "its time was over while the route was paused");
    case PauseEnd::client_left:
      counts.left.fetch_add(1, std::memory_order_relaxed);
      return client_error(ErrorKind::client_gone, "the client left");
    case PauseEnd::shutdown:
      counts.left.fetch_add(1, std::memory_order_relaxed);
      break;
  }
  return self_error(ErrorKind::draining, "shutting down");
}

/// The generation that the request began with ends here, unless its route is gone or proxies no more: then it goes on
/// as every request does that a reload overtakes.
void PauseStep::go_by_newest() {
  const GenerationPtr newest = context_.worker.generation();
  if (newest == context_.generation) return;
  Decision& decided = context_.decided;
  const auto& routes = *newest->snapshot->routes;
  const auto route = std::ranges::find(routes, decided.route->name, &RouteRuntime::name);  // of small numbers
  if (route == routes.end()) return;
  const auto* const proxy = std::get_if<config::ProxyAction>(&route->config->action);
  if (proxy == nullptr || (context_.head.tunnel && !proxy->websocket)) return;
  if (decided.place.held() && route->in_flight != decided.route->in_flight) decided.place.give_back();
  if (decided.limited_by != nullptr) {
    const auto& limits = *newest->snapshot->limits;
    const auto limit = std::ranges::find(limits, decided.limited_by->name, &LimitRuntime::name);
    decided.limited_by = limit != limits.end() ? &*limit : nullptr;
  }
  decided.route = &*route;
  decided.upstream = config::no_upstream;
  decided.view = nullptr;
  context_.generation = newest;
  decider_.go_by(*proxy);
}

void PauseStep::on_client_left(io::IoStatus why) {
  if (wait_ == nullptr) return;
  wait_->give_up(why == io::IoStatus::shutdown ? PauseEnd::shutdown : PauseEnd::client_left);
}

}  // namespace weir::server
