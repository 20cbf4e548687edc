#include "server/exchange_forward.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "server/exchange_request.hpp"
#include "server/worker.hpp"

namespace weir::server {
namespace {

// Why a retry that was wanted did not come about, as the access log says it.
constexpr std::string_view over_budget = "budget_exhausted";
constexpr std::string_view nowhere_else = "no_other_endpoint";
constexpr std::string_view no_room = "endpoint_busy";

}  // namespace

void Tries::reset() {
  retry_ = {};
  tries_seen_ = 0;
  is_retry_ = new_connection_only_ = false;
}

Task<Result<void>> Tries::forward() {
  compose_request(context_, grpc_steps_, request_);
  mirror_.plan();
  // A wait at a paused route has begun to count already.
  context_.deadline = std::min(context_.deadline, context_.now() + decided_.timeouts->total);
  grpc_steps_.limit_to_timeout();
  retry_.method = context_.head.method;
  for (;;) {
    const bool kept_too = !std::exchange(new_connection_only_, false);
    auto tried = co_await attempt_.run(kept_too);
    std::optional<Error> failure;
    if (!tried) failure = tried.error();
    const upstream::TryOutcome outcome = attempt_.report().outcome_of(failure ? &*failure : nullptr);
    const bool succeeded = tried && outcome.status == 0;
    count_try(succeeded);
    if (succeeded) co_return tried;
    const upstream::RetryDecision decision = next_try(outcome);
    if (decision != upstream::RetryDecision::give_up) {
      if (tried) {
        co_await attempt_.upload().finish();
        attempt_.end(nullptr);
      }
      prepare_next_attempt(decision, outcome);
      continue;
    }
    attempt_.report().settle_pending(false);
    if (tried || outcome_.retry_refusal.empty()) co_return tried;
    failure->detail += outcome_.retry_refusal == over_budget
                           ? "; not tried again: the retry budget is used up"
                           : "; not tried again: no other endpoint is left";
    co_return *failure;
  }
}

/// What follows a try that did not succeed. A retry that is wanted but cannot be leaves its reason.
upstream::RetryDecision Tries::next_try(const upstream::TryOutcome& outcome) {
  using enum upstream::RetryDecision;
  const Upload& upload = attempt_.upload();
  retry_.response_started = response_.interim_passed();
  retry_.body_replayable =
      !request_.progress.replay_overflow && (upload.replays_body() || request_.progress.body_bytes == 0);
  const auto decision = upstream::decide_retry(context_.upstream().retry, outcome, retry_);
  if (outcome.status != 0 && !outcome.grpc_status && upload.running()) return give_up;
  const bool stays = decision == other_endpoint && choice_.another_left(outcome.status != 0);
  if (stays) return next_on_this_side(outcome);
  if (decision == new_connection || decision == unprocessed) return decision;
  if (const auto elsewhere = next_on_another_side(outcome)) return *elsewhere;
  if (decision == give_up) return give_up;
  return refuse_retry(nowhere_else, context_.view().counters->retries_without_endpoint);
}

upstream::RetryDecision Tries::next_on_this_side(const upstream::TryOutcome& outcome) {
  auto& counters = *context_.view().counters;
  // A response at hand is given up only for an endpoint that is usable.
  if (outcome.status != 0 && !choice_.reserve_next())
    return refuse_retry(no_room, counters.retries_without_room);
  if (upstream::needs_budget(outcome) && !withdraw_retry(*context_.view().runtime)) {
    choice_.give_up_next();
    return refuse_retry(over_budget, counters.retries_over_budget);
  }
  return upstream::RetryDecision::other_endpoint;
}

/// Nothing: it may not leave its side, or has no other.
std::optional<upstream::RetryDecision> Tries::next_on_another_side(const upstream::TryOutcome& outcome) {
  if (!decided_.proxy->split || !upstream::may_leave_side(context_.upstream().retry, outcome, retry_))
    return std::nullopt;
  const std::optional<std::size_t> target = decider_.other_side();
  if (!target) return std::nullopt;
  route::InFlightPlace place;
  if (!decider_.take_place(*target, place)) return std::nullopt;
  // Of that side, which has more to do by it.
  if (upstream::needs_budget(outcome) && !withdraw_retry(decider_.upstream_of(*target)))
    return refuse_retry(over_budget, context_.view().counters->retries_over_budget);
  // What refers to endpoints of this side ends here.
  attempt_.report().settle_pending(false);
  choice_.reset();
  decider_.leave_for(*target, std::move(place));
  return upstream::RetryDecision::other_side;
}

upstream::RetryDecision Tries::refuse_retry(std::string_view why, std::uint64_t& counter) {
  outcome_.retry_refusal = why;
  ++counter;
  return upstream::RetryDecision::give_up;
}

bool Tries::withdraw_retry(const UpstreamRuntime& upstream) {
  return upstream.shared->retries.withdraw(upstream.config->retry.budget, context_.now());
}

void Tries::prepare_next_attempt(upstream::RetryDecision decision, const upstream::TryOutcome& outcome) {
  const bool leaves_side = decision == upstream::RetryDecision::other_side;
  if (leaves_side || decision == upstream::RetryDecision::other_endpoint) {
    retry_.retries_done = leaves_side ? 0 : retry_.retries_done + 1;
    retry_.side_left |= leaves_side;
    is_retry_ = true;
    if (outcome.endpoint_reached && outcome.request_bytes_sent) ++tries_seen_;
    grpc_steps_.write_attempts(tries_seen_);
  } else {
    // Elsewhere where that is possible: a dead endpoint's kept connections look as one that was closed for idleness. It
    // was not really tried, though, and a try may go there when all others were.
    choice_.avoid_last();
    auto& counters = *context_.view().counters;
    if (decision == upstream::RetryDecision::new_connection) {
      retry_.stale_retry_done = true;
      ++counters.stale_retries;
      new_connection_only_ = true;
    } else {
      ++retry_.unprocessed_retries;
      ++counters.unprocessed_retries;
    }
  }
  attempt_.begin_next();
}

/// Of tries that are retries, how they ended; the free one of a stale connection is counted as such.
void Tries::count_try(bool succeeded) {
  if (!is_retry_) return;
  is_retry_ = false;
  auto& counters = *context_.view().counters;
  ++(succeeded ? counters.retries_succeeded : counters.retries_failed);
}

}  // namespace weir::server
