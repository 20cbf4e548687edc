// Which endpoint a try goes to, and the place that the request holds there: the pick, the wait where every endpoint
// has as many requests as it may have, and which endpoints a retry leaves out. Whatever place it holds it gives back.
//
// While the request waits, this is who hears that its client left: the wait ends. Worker thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "balance/balance.hpp"
#include "core/error.hpp"
#include "core/task.hpp"
#include "server/exchange_context.hpp"
#include "server/wait_queue.hpp"

namespace weir::server {

class EndpointChoice final : private ClientObserver {
 public:
  EndpointChoice(ExchangeContext& context, const OutgoingRequest& request)
      : context_(context), outcome_(context.outcome), request_(request) {}
  /// Gives back what it holds.
  void reset();

  // For the try that begins.

  /// Takes the place that reserve_next() found, or another one.
  Place take();
  /// No place was `found`. Where that is for lack of room, the request waits its turn, a retry as any other.
  Task<Result<void>> wait(Place found);
  /// An endpoint is chosen: a retry takes another one, and what the operator wants to know is said.
  void note_pick();

  /// The place at an endpoint; its index is balance::none where there is none.
  balance::Pick& pick() { return pick_; }
  const balance::Pick& pick() const { return pick_; }
  void release() { give_back(pick_); }

  // For the one after it.

  /// Whether there is an endpoint that was not tried, and that no operator took out; `usable`: one that is not out.
  bool another_left(bool usable) const;
  /// A response is at hand that may be passed on: it is given up only for a place at another endpoint, which is taken
  /// here, or for one in the queue.
  bool reserve_next();
  void give_up_next() { give_back(next_); }
  /// The last one was not really tried: it may be tried again, after all others.
  void avoid_last();

 private:
  /// While it lives, the client's leaving ends that wait.
  class CurrentWait {
   public:
    CurrentWait(EndpointChoice& choice, Wait& wait) : choice_(choice) { choice_.wait_ = &wait; }
    CurrentWait(const CurrentWait&) = delete;
    CurrentWait& operator=(const CurrentWait&) = delete;
    ~CurrentWait() {
      choice_.wait_ = nullptr;
      choice_.context_.unwatch_client();
    }

   private:
    EndpointChoice& choice_;
  };

  std::size_t last_choice() const;
  balance::Pick pick_one();
  Place pick_endpoint();
  std::uint32_t queue_places() const;
  bool must_wait() const;
  Reach reach() const { return {context_.view().runtime, tried_}; }
  Result<void> end_of_wait(WaitEnd end);
  Error no_endpoint() const;
  void give_back(balance::Pick& pick);
  void on_client_left(io::IoStatus why) override;

  ExchangeContext& context_;
  Outcome& outcome_;
  const OutgoingRequest& request_;

  balance::Pick pick_;    // of the try that runs
  balance::Pick next_;    // of the next one, taken while the response of this one is still at hand
  balance::Tried tried_;  // endpoints
  std::size_t avoided_ = balance::none;  // its kept connection was stale: after those that were not tried
  Wait* wait_ = nullptr;                 // given up when the client leaves
};

}  // namespace weir::server
