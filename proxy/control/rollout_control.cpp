#include "control/rollout_control.hpp"

#include <algorithm>
#include <utility>

#include "control/rollout_reports.hpp"
#include "observe/log.hpp"
#include "rollout/wording.hpp"

namespace weir::control {
namespace {

std::vector<rollout::EndpointSight> endpoint_sights(const server::Snapshot& snapshot,
                                                    std::string_view upstream) {
  std::vector<rollout::EndpointSight> sights;
  for (const server::UpstreamRuntime& runtime : snapshot.upstreams) {
    if (runtime.config->name != upstream) continue;
    for (const upstream::Candidate& candidate : runtime.candidates)
      sights.push_back({candidate.state->address.to_string(), candidate.state->usable()});
  }
  return sights;
}

std::string refusal_of_weights(const RouteRollout& running) {
  return "a rollout runs on that route, " + running.record().names.canary + " has " +
         rollout::percent(running.machine().state().share) +
         ": `weir rollout hold`, `promote` or `rollback` steer it; with abort_rollout (--abort-rollout) it "
         "ends "
         "and these weights are in force";
}

}  // namespace

RolloutControl::RolloutControl(boost::asio::io_context& context, Serving& serving, Publisher& publisher,
                               AuditLog& audit, SplitControl& splits, const std::string& folder)
    : serving_(serving),
      all_({audit, splits.store(), RolloutStore(folder),
            [&serving](std::string_view upstream) { return endpoint_sights(*serving.snapshot(), upstream); },
            [] { return Clock::now(); }, [] { return std::chrono::system_clock::now(); }},
           [this, &publisher] {
             ticker_.start();  // first: it publishes where that throws
             publisher.publish_generation();
           }),
      ticker_(context, all_, serving),
      commands_(all_, serving) {
  splits.set_rollouts(for_splits());
}

Result<void> RolloutControl::open() {
  const auto phrases = all_.open();
  if (!phrases) return phrases.error();
  for (const std::string& phrase : *phrases) observe::log(config::LogLevel::warn, "{}", phrase);
  return {};
}

void RolloutControl::adopt(std::shared_ptr<const config::Config> config) {
  all_.adopt(std::move(config));
  ticker_.start();
}

std::vector<RolloutReport> RolloutControl::reports() const {
  return rollout_reports(all_, *serving_.snapshot()->config, serving_.tag());
}

SplitControl::Rollouts RolloutControl::for_splits() {
  SplitControl::Rollouts rollouts;
  rollouts.refusal = [this](const std::string& route) {
    return all_.is_running(route) ? refusal_of_weights(*all_.find(route)) : std::string();
  };
  rollouts.end = [this](const std::string& route, const std::string& who, const std::string& reason) {
    all_.end_for_weights(route, who, reason);
  };
  rollouts.in_force = [this](const config::Route& route) -> std::optional<SplitControl::ByRollout> {
    SplitControl::ByRollout found;
    found.weights = all_.in_force(route).weights;
    if (found.weights.empty()) return std::nullopt;
    const rollout::Done& last = all_.find(route.name)->record().done.back();
    found.shown = {std::string(rollout_who), last.sentence, SystemTime(Milliseconds(last.at_ms)),
                   std::nullopt};
    return found;
  };
  return rollouts;
}

RolloutBackend RolloutControl::backend() {
  RolloutBackend backend;
  backend.reports = [this] { return reports(); };
  backend.start = [this](const RolloutCall& call, const RolloutCommands::Reply& reply) {
    commands_.start(call, reply);
  };
  backend.change = [this](const RolloutCall& call, const RolloutCommands::Reply& reply) {
    commands_.change(call, reply);
  };
  return backend;
}

}  // namespace weir::control
