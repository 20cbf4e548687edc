#include "control/rollout_commands.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "admin/request_body.hpp"
#include "admin/rollout_request.hpp"
#include "control/rollout_reports.hpp"

namespace weir::control {
namespace {

RolloutOutcome refused(int status, std::string detail, std::vector<std::string> errors = {}) {
  RolloutOutcome outcome;
  outcome.status = status;
  outcome.detail = std::move(detail);
  outcome.errors = std::move(errors);
  return outcome;
}

RolloutWish::Action action_of(std::string_view text) {
  if (text == "hold") return RolloutWish::Action::hold;
  if (text == "resume") return RolloutWish::Action::resume;
  if (text == "promote") return RolloutWish::Action::promote;
  return RolloutWish::Action::roll_back;
}

}  // namespace

const config::Route* RolloutCommands::find(const std::string& route, RolloutOutcome& refusal) const {
  const config::Config& config = *serving_.snapshot()->config;
  const auto found = std::ranges::find(config.routes, route, &config::Route::name);
  if (found == config.routes.end()) {
    refusal = refused(404, "no route has that name");
  } else if (rollout_of(*found) == nullptr) {
    refusal = refused(404, "that route has no `rollout` in the configuration");
  } else if (serving_.state() == RunState::draining) {
    refusal = refused(503, "shutting down");
  } else {
    return &*found;
  }
  return nullptr;
}

namespace {

std::optional<RolloutOutcome> other_generation(const Serving& serving,
                                               const std::optional<std::string>& asked) {
  if (!asked || serving.is_generation(*asked)) return std::nullopt;
  return refused(
      409, "generation " + serving.tag() + " is in use, not " + *asked + "; look again and decide anew");
}

}  // namespace

void RolloutCommands::start(const RolloutCall& call, const Reply& reply) {
  RolloutOutcome refusal;
  const config::Route* const route = find(call.route, refusal);
  if (route == nullptr) return reply(refusal);
  auto parsed = parse_rollout_start(call.body);
  if (auto* problems = std::get_if<Problems>(&parsed))
    return reply(refused(422, "no rollout is started", std::move(*problems)));
  const auto& request = std::get<RolloutStartRequest>(parsed);
  rollout::Settings settings = rollout::settings_of(*rollout_of(*route));
  if (!request.steps.empty()) settings.steps = request.steps;
  if (auto faults = rollout::faults(settings); !faults.empty())
    return reply(refused(422, "no rollout is started", std::move(faults)));
  if (const auto other = other_generation(serving_, request.generation)) return reply(*other);
  const auto started = rollouts_.start(
      {call.route, request.steps, request.keep, asked_by(request.who, call.peer), request.reason});
  if (!started) return reply(refused(409, "no rollout is started: " + started.error().detail));
  answer(202, call.route, reply);
}

void RolloutCommands::change(const RolloutCall& call, const Reply& reply) {
  RolloutOutcome refusal;
  if (find(call.route, refusal) == nullptr) return reply(refusal);
  auto parsed = parse_rollout_change(call.body);
  if (auto* problems = std::get_if<Problems>(&parsed))
    return reply(refused(422, "nothing has changed", std::move(*problems)));
  const auto& request = std::get<RolloutChangeRequest>(parsed);
  if (const auto other = other_generation(serving_, request.generation)) return reply(*other);
  const auto done = rollouts_.obey(
      call.route, {action_of(request.action), request.to, asked_by(request.who, call.peer), request.reason});
  if (!done) return reply(refused(409, "nothing has changed: " + done.error().detail));
  answer(200, call.route, reply);
}

/// Once it is in force on all workers.
void RolloutCommands::answer(int status, const std::string& route, const Reply& reply) {
  serving_.when_installed([this, status, route, reply] {
    RolloutOutcome outcome;
    const config::Route* const now_there = find(route, outcome);
    if (now_there == nullptr) return reply(outcome);
    outcome.status = status;
    outcome.report = rollout_report(rollouts_, *serving_.snapshot()->config, *now_there, serving_.tag());
    reply(outcome);
  });
}

}  // namespace weir::control
