// What is shown of rollouts: to the admin address, and as metrics. The control thread.
#pragma once

#include <string>
#include <vector>

#include "admin/rollout_report.hpp"
#include "control/rollouts.hpp"
#include "observe/collector.hpp"

namespace weir::control {

/// Of a route of `config` that has `rollout:`. `tag`: of the generation in force.
RolloutReport rollout_report(const Rollouts& rollouts, const config::Config& config,
                             const config::Route& route, const std::string& tag);
/// Of all these routes.
std::vector<RolloutReport> rollout_reports(const Rollouts& rollouts, const config::Config& config,
                                           const std::string& tag);
/// Of all where one was started.
std::vector<observe::RolloutFacts> rollout_facts(const Rollouts& rollouts, const config::Config& config);

}  // namespace weir::control
