#include "control/rollout_control.hpp"

#include <algorithm>
#include <utility>

#include "control/rollout_reports.hpp"
#include "observe/log.hpp"
#include "rollout/wording.hpp"

namespace weir::control {

RolloutControl::RolloutControl(boost::asio::io_context& io,
                               const std::vector<std::unique_ptr<server::Worker>>& workers, RolloutDesk desk,
                               RolloutSurroundings surroundings, std::function<void()> publish)
    : all_(std::move(desk),
           [this, publish = std::move(publish)] {
             publish();
             ticker_.start();
           }),
      ticker_(io, all_, workers),
      in_(std::move(surroundings)),
      commands_(all_, in_) {}

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

std::string RolloutControl::refusal_of_weights(const std::string& route) const {
  if (!all_.is_running(route)) return {};
  const RouteRollout& running = *all_.find(route);
  return "a rollout runs on that route, " + running.record().names.canary + " has " +
         rollout::percent(running.machine().state().share) +
         ": `weir rollout hold`, `promote` or `rollback` steer it; with abort_rollout (--abort-rollout) it "
         "ends and "
         "these weights are in force";
}

RolloutBackend RolloutControl::backend() {
  RolloutBackend backend;
  backend.reports = [this] { return rollout_reports(all_, in_.config(), in_.tag()); };
  backend.start = [this](const RolloutCall& call, const RolloutCommands::Reply& reply) {
    commands_.start(call, reply);
  };
  backend.change = [this](const RolloutCall& call, const RolloutCommands::Reply& reply) {
    commands_.change(call, reply);
  };
  return backend;
}

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

}  // namespace weir::control
