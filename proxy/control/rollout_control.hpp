// All that runs rollouts in the process, put together: their state, their clock, their commands. The control thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <vector>

#include "control/rollout_commands.hpp"
#include "control/rollout_ticker.hpp"
#include "control/rollouts.hpp"

namespace weir::control {

class RolloutControl {
 public:
  /// `publish`: sends what is in force to the workers. Everything referred to outlives this.
  RolloutControl(boost::asio::io_context& io, const std::vector<std::unique_ptr<server::Worker>>& workers,
                 RolloutDesk desk, RolloutSurroundings surroundings, std::function<void()> publish);
  RolloutControl(const RolloutControl&) = delete;
  RolloutControl& operator=(const RolloutControl&) = delete;

  /// Reads what is there. Error (internal): server.state_dir cannot be used.
  Result<void> open();
  /// `config` is in force from now on; its owner publishes afterwards.
  void adopt(std::shared_ptr<const config::Config> config);
  /// The process drains: saved, and nothing is decided any more.
  void stop() { ticker_.stop(); }

  /// Why an operator's weights are not taken while a rollout of that route runs; empty: they are.
  std::string refusal_of_weights(const std::string& route) const;
  /// After they were taken all the same.
  void end_for_weights(const std::string& route, const std::string& who, const std::string& reason) {
    all_.end_for_weights(route, who, reason);
  }

  const Rollouts& all() const { return all_; }
  /// What the admin address asks.
  RolloutBackend backend();

 private:
  Rollouts all_;
  RolloutTicker ticker_;
  RolloutSurroundings in_;
  RolloutCommands commands_;
};

/// The endpoints of that upstream in a snapshot.
std::vector<rollout::EndpointSight> endpoint_sights(const server::Snapshot& snapshot,
                                                    std::string_view upstream);

}  // namespace weir::control
