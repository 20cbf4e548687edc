// POST and PUT /api/v1/routes/NAME/rollout: what is asked for is read, checked against what is in force, and done. The
// control thread.
#pragma once

#include <functional>
#include <string>

#include "admin/rollout_report.hpp"
#include "control/rollouts.hpp"

namespace weir::control {

/// What is in force, and when a publication is.
struct RolloutSurroundings {
  std::function<const config::Config&()> config;
  std::function<std::string()> tag;                        // of the generation in force
  std::function<bool(const std::string& text)> is_in_use;  // `text` names that generation
  std::function<bool()> is_ending;                         // the process drains
  std::function<void(std::function<void()> done)> when_installed;
};

class RolloutCommands {
 public:
  using Reply = std::function<void(RolloutOutcome)>;

  RolloutCommands(Rollouts& rollouts, RolloutSurroundings surroundings)
      : rollouts_(rollouts), in_(std::move(surroundings)) {}

  void start(const RolloutCall& call, const Reply& reply);
  void change(const RolloutCall& call, const Reply& reply);

 private:
  /// The route that a call names, or why it cannot be asked of that one.
  const config::Route* find(const std::string& route, RolloutOutcome& refusal) const;
  void answer(int status, const std::string& route, const Reply& reply);

  Rollouts& rollouts_;
  RolloutSurroundings in_;
};

}  // namespace weir::control
