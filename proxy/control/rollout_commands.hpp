// POST and PUT /api/v1/routes/NAME/rollout: what is asked for is read, checked against what is in force, and done. The
// control thread.
#pragma once

#include <functional>
#include <string>

#include "admin/rollout_report.hpp"
#include "control/rollouts.hpp"
#include "control/serving.hpp"

namespace weir::control {

class RolloutCommands {
 public:
  using Reply = std::function<void(RolloutOutcome)>;

  RolloutCommands(Rollouts& rollouts, const Serving& serving) : rollouts_(rollouts), serving_(serving) {}

  void start(const RolloutCall& call, const Reply& reply);
  void change(const RolloutCall& call, const Reply& reply);

 private:
  /// The route that a call names, or why it cannot be asked of that one.
  const config::Route* find(const std::string& route, RolloutOutcome& refusal) const;
  void answer(int status, const std::string& route, const Reply& reply);

  Rollouts& rollouts_;
  const Serving& serving_;
};

}  // namespace weir::control
