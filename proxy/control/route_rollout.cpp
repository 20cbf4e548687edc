#include "control/route_rollout.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "control/rollout_events.hpp"
#include "control/secret.hpp"
#include "core/cut_text.hpp"
#include "observe/log.hpp"
#include "rollout/wording.hpp"

namespace weir::control {
namespace {

using rollout::Decision;
using rollout::Done;
using rollout::End;

Done done_of(const Decision& decision) {
  Done done;
  done.kind = to_string(decision.kind);
  done.cause = to_string(decision.cause);
  done.from = decision.from;
  done.to = decision.to;
  done.sentence = decision.sentence;
  return done;
}

/// A word for why the split has the weights that it has, within what the split's state takes.
std::string split_reason(const std::string& sentence) {
  return std::string(cut_text(sentence, split::reason_bytes_max));
}

}  // namespace

const config::ProxyAction* rollout_of(const config::Route& route) {
  const auto* const action = std::get_if<config::ProxyAction>(&route.action);
  return action != nullptr && action->split && action->rollout ? action : nullptr;
}

std::vector<std::uint32_t> weights_by_target(const config::ProxyAction& action,
                                             const rollout::Weights& weights) {
  std::vector<std::uint32_t> by_target(action.split->targets.size());
  by_target[action.rollout->stable] = weights.stable;
  by_target[action.rollout->canary] = weights.canary;
  if (action.rollout->baseline) by_target[*action.rollout->baseline] = weights.baseline;
  const auto is_percent = [](std::uint32_t weight) { return weight % 100 == 0; };
  if (std::ranges::all_of(by_target, is_percent)) {
    for (std::uint32_t& weight : by_target) weight /= 100;
  }
  return by_target;
}

RouteRollout::RouteRollout(RolloutDesk& desk, rollout::Record record, rollout::Rollout machine,
                           std::uint64_t count_id)
    : desk_(desk),
      journal_(desk, std::move(record)),
      machine_(std::move(machine)),
      watch_(journal_.record().known),
      count_id_(count_id),
      turn_key_(make_secret()),
      may_raise_at_(desk.now()),
      may_settle_at_(may_raise_at_) {}

Result<std::unique_ptr<RouteRollout>> RouteRollout::restore(RolloutDesk& desk, rollout::Saved saved,
                                                            std::uint64_t count_id) {
  auto machine = rollout::Rollout::restore(saved.record.settings, saved.record.names, std::move(saved.state),
                                           desk.now());
  if (!machine) return machine.error();
  return std::make_unique<RouteRollout>(desk, std::move(saved.record), std::move(*machine), count_id);
}

Result<bool> RouteRollout::start() {
  (void)look();
  const Decision decision = machine_.started();
  const auto written = journal_.write(done_of(decision), machine_.state(), record().who, record().reason);
  if (!written) return written.error();
  counters_.add(std::string(to_string(decision.kind)), "none");
  emit_decision(decision, record().names);
  return true;
}

/// What the endpoints say now.
rollout::Tick RouteRollout::look() {
  const auto is_usable = [](const rollout::EndpointSight& endpoint) { return endpoint.is_usable; };
  const std::size_t known = watch_.known().size();
  const auto seen = watch_.look(desk_.endpoints(record().names.canary));
  if (seen.is_new_deployment && !record().keep) new_address_ = watch_.known().back();
  if (watch_.known().size() != known) journal_.change().known = watch_.known();
  rollout::Tick tick;
  tick.now = desk_.now();
  tick.canary_usable = seen.is_usable;
  tick.canary_restarted = seen.has_restarted;
  tick.stable_usable = std::ranges::any_of(desk_.endpoints(record().stable), is_usable);
  tick.may_raise = tick.now >= may_raise_at_;
  return tick;
}

bool RouteRollout::tick(const config::Config& config, std::span<server::RolloutCounts> counts) {
  if (!is_running()) {
    if (needs_settling() && desk_.now() >= may_settle_at_) settle(config);
    return false;
  }
  std::vector<rollout::Counts> mine;
  for (server::RolloutCounts& each : counts) {
    if (each.id != count_id_) continue;
    counters_.add(each.counts, machine_.state());
    counters_.dropped += each.dropped;
    mine.push_back(std::move(each.counts));
  }
  rollout::Tick tick = look();
  tick.counts = mine;
  const auto decision = machine_.tick(tick);
  if (!decision) return false;
  const auto done = carry_out(config, *decision, rollout_who, {});
  return done && *done;
}

Result<bool> RouteRollout::carry_out(const config::Config& config, const Decision& decision,
                                     std::string_view who, std::string_view reason) {
  const bool is_raise = decision.to > decision.from || decision.kind == rollout::Kind::finished;
  const bool is_lower = decision.to < decision.from;
  if (is_lower) {
    unwritten_.push_back({done_of(decision), std::string(who), std::string(reason)});
  } else if (is_raise) {
    const auto written = write(decision, who, reason);
    if (!written) {
      machine_.undo();
      may_raise_at_ = desk_.now() + rollout_retry_interval;
      return written.error();
    }
  } else {
    journal_.write_anyway(done_of(decision), machine_.state(), who, reason);
  }
  counters_.add(std::string(to_string(decision.kind)), std::string(to_string(decision.cause)));
  emit_decision(decision, record().names);
  if (machine_.is_over() && !is_lower) settle(config);
  return decision.from != decision.to || machine_.is_over();
}

/// What throws is an error, too: the share that it would raise may be published all the same.
Result<void> RouteRollout::write(const Decision& decision, std::string_view who, std::string_view reason) {
  try {
    write_all();
    return journal_.write(done_of(decision), machine_.state(), who, reason);
  } catch (const std::exception& failure) {
    return self_error(ErrorKind::internal, failure.what());
  }
}

void RouteRollout::write_all() {
  for (Unwritten& each : std::exchange(unwritten_, {}))
    journal_.write_anyway(std::move(each.done), machine_.state(), each.who, each.reason);
}

void RouteRollout::write_down(const config::Config& config) {
  if (unwritten_.empty()) return;
  write_all();
  if (needs_settling()) settle(config);
}

void RouteRollout::give_up_weights() {
  if (!needs_settling()) return;
  journal_.change().is_settled = true;
  save();
}

/// What it ended with becomes the split's own weights: `split get` shows them, and `split set` changes them.
void RouteRollout::settle(const config::Config& config) {
  const auto route = std::ranges::find(config.routes, record().names.route, &config::Route::name);
  if (route == config.routes.end() || rollout_of(*route) == nullptr) return;
  WeightChange change;
  const auto weights = weights_by_target(*rollout_of(*route), machine_.weights());
  change.weights = configured_weights(config, *route);
  for (std::size_t i = 0; i < weights.size(); ++i) change.weights[i].second = weights[i];
  change.who = rollout_who;
  change.reason = split_reason(record().done.empty() ? std::string() : record().done.back().sentence);
  // No weights are left that `weir rollback` could give a bad canary back.
  if (machine_.state().phase == rollout::Phase::rolled_back) change.action = "split_rollback";
  const auto set = desk_.splits.set(config, *route, change, desk_.wall());
  if (!set) {
    may_settle_at_ = desk_.now() + rollout_retry_interval;
    observe::log(config::LogLevel::error,
                 "rollout of route {}: its weights are in force and not yet saved: {}", route->name,
                 set.error().detail);
    return;
  }
  journal_.change().is_settled = true;
  (void)journal_.save(machine_.state());
}

Result<bool> RouteRollout::obey(const config::Config& config, const RolloutWish& wish) {
  if (!is_running()) return self_error(ErrorKind::internal, "no rollout runs");
  using Action = RolloutWish::Action;
  const auto asked = [&]() -> Result<Decision> {
    switch (wish.action) {
      case Action::hold:
        return machine_.hold(wish.reason);
      case Action::resume:
        return machine_.resume(wish.reason);
      case Action::promote:
        return machine_.promote(wish.to, wish.reason);
      case Action::roll_back:
        return machine_.roll_back(wish.reason);
    }
    return self_error(ErrorKind::internal, "no such action");
  };
  auto decision = asked();
  if (!decision) return decision.error();
  return carry_out(config, *decision, wish.who, wish.reason);
}

bool RouteRollout::restart(std::string cause, std::string sentence, std::uint64_t count_id) {
  Done done;
  done.kind = "restarted";
  done.cause = cause;
  done.from = machine_.state().share;
  const bool is_operator_hold = machine_.state().is_operator_hold;
  machine_ = rollout::Rollout(record().settings, record().names, desk_.now());
  if (is_operator_hold) {
    (void)machine_.hold({});
    sentence += " An operator holds it.";
  }
  done.to = machine_.state().share;
  done.sentence = sentence;
  ++journal_.change().restarts;
  count_id_ = count_id;
  unwritten_.push_back({std::move(done), std::string(rollout_who), {}});
  counters_.add("restarted", cause);
  emit_restarted(record().names, std::move(cause), std::move(sentence));
  return true;
}

void RouteRollout::divide_anew(const rollout::Settings& now, std::uint64_t sides_mark) {
  journal_.change().settings.by_client = now.by_client;
  journal_.change().sides_mark = sides_mark;
}

bool RouteRollout::abort(std::string cause, std::string sentence, std::string_view who,
                         std::string_view reason) {
  Done done;
  done.kind = "aborted";
  done.cause = cause;
  done.from = done.to = machine_.state().share;
  done.sentence = sentence;
  write_all();
  journal_.change().end = End::aborted;
  journal_.write_anyway(std::move(done), machine_.state(), who, reason);
  counters_.add("aborted", cause);
  emit_aborted(record().names, std::move(cause), std::move(sentence));
  return true;
}

server::RolloutInForce RouteRollout::in_force(const config::Route& route) const {
  server::RolloutInForce answer;
  const config::ProxyAction* const action = rollout_of(route);
  if (action == nullptr || record().end != End::none) return answer;
  const config::Rollout& targets = *action->rollout;
  if (!record().is_settled) answer.weights = weights_by_target(*action, machine_.weights());
  const bool is_back = machine_.state().phase == rollout::Phase::rolled_back;
  // As long as these are the weights in force: an operator's may keep clients there.
  const split::RuntimeWeights* const set = desk_.splits.find(route.name);
  if (is_back && (set == nullptr || set->who == rollout_who || !record().is_settled))
    answer.taken_back = split::Mask{1} << targets.canary;
  if (!is_running()) return answer;
  const server::RolloutRuntime runtime{count_id_,
                                       machine_.publication(),
                                       targets.canary,
                                       targets.baseline.value_or(targets.stable),
                                       record().settings.by_client,
                                       server::RolloutFailures(targets.failures),
                                       turn_key_,
                                       record().client_key};
  answer.runtime = std::make_shared<const server::RolloutRuntime>(runtime);
  return answer;
}

}  // namespace weir::control
