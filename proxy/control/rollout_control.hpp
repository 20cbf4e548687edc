// All that runs rollouts in the process, put together: their state, their clock, their commands. The control thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/publisher.hpp"
#include "control/rollout_commands.hpp"
#include "control/rollout_ticker.hpp"
#include "control/rollouts.hpp"
#include "control/serving.hpp"
#include "control/split_control.hpp"

namespace weir::control {

class RolloutControl {
 public:
  /// `folder`: server.state_dir, empty where rollouts are kept in memory. All references outlive this.
  RolloutControl(boost::asio::io_context& context, Serving& serving, Publisher& publisher, AuditLog& audit,
                 SplitControl& splits, const std::string& folder);
  RolloutControl(const RolloutControl&) = delete;
  RolloutControl& operator=(const RolloutControl&) = delete;

  /// Reads what is there. Error (internal): the folder cannot be used.
  Result<void> open();
  /// `config` is in force from now on; its owner publishes afterwards.
  void adopt(std::shared_ptr<const config::Config> config);
  /// The process drains: saved, and nothing is decided any more.
  void stop() { ticker_.stop(); }

  const Rollouts& all() const { return all_; }
  /// Of all routes that have `rollout:`.
  std::vector<RolloutReport> reports() const;
  /// What the admin address asks.
  RolloutBackend backend();

 private:
  SplitControl::Rollouts for_splits();

  Serving& serving_;
  Rollouts all_;
  RolloutTicker ticker_;
  RolloutCommands commands_;
};

}  // namespace weir::control
