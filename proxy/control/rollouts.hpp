// The rollouts of all routes: those that run, and the last one of each route whose configuration still has `rollout:`.
// Starts nothing by itself: its owner ticks it while is_active(), gives it each configuration that comes into force,
// and publishes where it says so. The control thread.
//
// What a configuration does to a rollout that runs:
//   the route, its `rollout:`, or one of its targets is gone       ends it: the split's own weights are in force
//   the split's own weights are others than when it began          ends it: the file wins, as it does over `split set`
//   clients are divided otherwise (affinity, salt)                 it begins at its first step again
//   the canary has an address that it did not have (by DNS, too)   the same, unless it was started with `keep`
//   other keys of `rollout:` changed                               it goes on with those that it began with, `failures`
//                                                                  aside; the next one has the new ones
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "control/route_rollout.hpp"

namespace weir::control {

struct RolloutStart {
  std::string route;
  std::vector<rollout::Share> steps;  // empty: those of the configuration
  bool keep = false;
  std::string who, reason;
};

class Rollouts {
 public:
  /// `publish`: sends what is in force to the workers. `desk.audit` is open before open().
  Rollouts(RolloutDesk desk, std::function<void()> publish)
      : desk_(std::move(desk)), publish_(std::move(publish)) {}

  /// Reads what is there; the phrases are for the log. Error (internal): the folder cannot be used.
  Result<std::vector<std::string>> open();
  /// `config` is in force from now on; its owner publishes afterwards.
  void adopt(std::shared_ptr<const config::Config> config);
  /// For a snapshot that is being made.
  server::RolloutInForce in_force(const config::Route& route) const;

  bool is_active() const;
  /// Each rollout::tick_interval: what all workers counted since the last one.
  void tick(std::vector<server::RolloutCounts> counts);
  void save_all();

  /// Begins one on a route that has `rollout:`. Error (internal): it makes no sense now, or cannot be saved.
  Result<void> start(const RolloutStart& start);
  /// Error (internal): it makes no sense now, and why, or cannot be saved.
  Result<void> obey(const std::string& route, const RolloutWish& wish);
  /// An operator set weights of its own: ends one that runs; one that is over leaves the split alone. Its caller
  /// publishes.
  void end_for_weights(const std::string& route, const std::string& who, const std::string& reason);

  bool is_running(std::string_view route) const;
  /// The one that runs, or the last one; nullptr: none since the route has `rollout:`.
  const RouteRollout* find(std::string_view route) const;

 private:
  Result<rollout::Record> new_record(const config::Route& route, const RolloutStart& start) const;
  std::string refusal(const config::Route& route, const rollout::Settings& settings) const;
  /// Empty: it goes on.
  std::string end_cause(const RouteRollout& rollout, const config::Route* route, std::string& sentence) const;
  void compare(RouteRollout& rollout, const config::Route& route);
  const config::Route* route_named(std::string_view name) const;
  void publish();
  void save_one();

  RolloutDesk desk_;
  std::function<void()> publish_;
  /// Set before anything that workers go by may change, until they have it: what throws in between loses nothing.
  bool is_publish_due_ = false;
  std::shared_ptr<const config::Config> config_;
  std::map<std::string, std::unique_ptr<RouteRollout>, std::less<>> by_route_;
  std::uint64_t last_count_id_ = 0;
};

}  // namespace weir::control
