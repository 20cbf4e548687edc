// The wait of a request whose route an operator paused: after all that may refuse it, before its side and endpoint are
// chosen. Worker thread.
#pragma once

#include "core/error.hpp"
#include "core/task.hpp"
#include "server/exchange_context.hpp"
#include "server/exchange_decide.hpp"
#include "server/paused_requests.hpp"

namespace weir::server {

class PauseStep final : private ClientObserver {
 public:
  PauseStep(ExchangeContext& context, Decider& decider) : context_(context), decider_(decider) {}

  /// Of a route that is paused: waits until it is not. Then the request goes by the newest configuration, as far as
  /// that has the route: what restarted may have other addresses. The time counts for timeouts.total and for a call's
  /// deadline. Errors: pause_queue_full, total_timeout, client_gone, draining.
  Task<Result<void>> wait();

 private:
  TimePoint last_moment() const;
  Result<void> end_of_wait(PauseEnd end, route::PauseGate::Counts& counts) const;
  void go_by_newest();
  void on_client_left(io::IoStatus why) override;

  ExchangeContext& context_;
  Decider& decider_;
  PauseWait* wait_ = nullptr;  // given up when the client leaves
};

}  // namespace weir::server
