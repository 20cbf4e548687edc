// Which side of its route's split a request goes to, before anything is sent anywhere; and which one when that side did
// not answer.
#include "server/exchange_decide.hpp"

#include <utility>

#include "server/session.hpp"
#include "server/worker.hpp"
#include "upstream/operator_state.hpp"

namespace weir::server {

void Decider::choose_side() {
  const config::Split& config = *decided_.proxy->split;
  const SplitRuntime& split = context_.generation->snapshot->splits[decided_.route->split];
  split::Request request;
  request.fields = context_.head.fields;
  request.client_ip = decided_.forwarded.client_ip;
  request.taken_back = split.taken_back;
  const RolloutRuntime* const rollout = split.rollout.get();
  if (rollout != nullptr) {
    request.turns = split.turns.get();
    request.client_key = &rollout->client_key;
  }
  const bool may_lack_key = rollout != nullptr && config.affinity.by != config::AffinityBy::none;
  if (config.affinity.by == config::AffinityBy::cookie || may_lack_key)
    request.random = context_.worker.rng()();
  const auto side = [&](std::size_t i) -> const UpstreamRuntime& {
    return *context_.generation->upstreams[config.targets[i].upstream].runtime;
  };
  split::Choice choice = split.rules->choose(request, split.weights, *split.shared, decided_.split_key);
  if (rollout != nullptr) context_.rollout = note_of(*rollout, choice);
  if (side_is_out(split, choice.target)) {
    split::Mask alive = 0;
    for (std::size_t i = 0; i < split.weights.size(); ++i) {
      if (i != choice.target && !split::is_out(side(i).candidates, side(i).config->passive_health))
        alive |= split::Mask{1} << i;
    }
    const std::size_t first = choice.target;
    // What an operator takes out says nothing of the version.
    if (upstream::all_taken_out(side(first).candidates)) context_.rollout.runtime = nullptr;
    choice = split.rules->fall_over(choice, request, split.weights, alive, *split.shared);
    context_.rollout.failed_over = choice.target != first;
  }
  go_to(config.targets[choice.target].upstream);
  decided_.timeouts = &(*split.timeouts)[choice.target];
  decided_.split_why = choice.why;
  if (choice.set_cookie) {
    split::write_set_cookie(decided_.set_cookie, choice.cookie, decided_.route->config->name,
                            split.rules->name(choice.target), config.affinity.ttl,
                            decided_.forwarded.proto == "https");
  }
  context_.worker.metrics().split_chosen(decided_.route->name, context_.view().runtime->name,
                                         static_cast<std::size_t>(choice.why));
}

/// Out, and it is not this request that tries it again.
bool Decider::side_is_out(const SplitRuntime& split, std::size_t target) const {
  const UpstreamRuntime& upstream =
      *context_.generation->upstreams[decided_.proxy->split->targets[target].upstream].runtime;
  const config::PassiveHealth& health = upstream.config->passive_health;
  split::Trial& trial = split.shared->trials[target];
  if (!split::is_out(upstream.candidates, health)) {
    trial.rest();
    return false;
  }
  // Where nobody may get a request there is nothing to try.
  return upstream::all_taken_out(upstream.candidates) || !trial.claim(context_.now(), health.ejection_time);
}

const UpstreamRuntime& Decider::upstream_of(std::size_t target) const {
  return *context_.generation->upstreams[decided_.proxy->split->targets[target].upstream].runtime;
}

std::optional<std::size_t> Decider::other_side() const {
  const config::Split& config = *decided_.proxy->split;
  const SplitRuntime& split = context_.generation->snapshot->splits[decided_.route->split];
  split::Choice first;
  split::Mask alive = 0;
  for (std::size_t i = 0; i < config.targets.size(); ++i) {
    const UpstreamRuntime& side = upstream_of(i);
    if (config.targets[i].upstream == decided_.upstream) {
      first.target = i;
    } else if (split.weights[i] != 0 && !split::is_out(side.candidates, side.config->passive_health)) {
      alive |= split::Mask{1} << i;
    }
  }
  if (alive == 0) return std::nullopt;
  split::Request request;
  request.fields = context_.head.fields;
  request.client_ip = decided_.forwarded.client_ip;
  const auto cookie = split::find_cookie(context_.head.fields);
  if (cookie) {
    first.cookie = *cookie;
  } else {
    first.cookie.key = {decided_.split_key, sizeof decided_.split_key};
  }
  return split.rules->fall_over(first, request, split.weights, alive, *split.shared).target;
}

bool Decider::take_place(std::size_t target, route::InFlightPlace& place) const {
  const UpstreamRuntime& upstream = upstream_of(target);
  return !upstream.in_flight || place.take(*upstream.in_flight, upstream.config->max_requests);
}

void Decider::leave_for(std::size_t target, route::InFlightPlace place) {
  decided_.upstream_place = std::move(place);
  go_to(decided_.proxy->split->targets[target].upstream);
  decided_.timeouts = &(*context_.generation->snapshot->splits[decided_.route->split].timeouts)[target];
  decided_.split_why = split::Why::failover;
  context_.rollout.failed_over = true;
}

}  // namespace weir::server
