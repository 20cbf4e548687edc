// Weights that are set while Weir runs: what is in force, what changes it, and when it ends by itself. Control thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/backend.hpp"
#include "control/audit_log.hpp"
#include "control/publisher.hpp"
#include "control/serving.hpp"
#include "control/split_store.hpp"

namespace weir::control {

class SplitControl {
 public:
  /// `folder`: server.state_dir, empty where weights are kept in memory. All references outlive this.
  SplitControl(boost::asio::io_context& context, Serving& serving, Publisher& publisher, AuditLog& audit,
               const std::string& folder);

  /// Reads what was set before this process. Error (internal): the folder cannot be used.
  Result<void> open();
  /// For a configuration that is in force from now on: what the file changed itself wins.
  void reconcile(const config::Config& config);
  /// Weights in force where no rollout has its own, by target.
  std::vector<std::uint32_t> weights_of(const config::Route& route) const { return store_.weights_of(route); }

  /// What rollouts say of a split.
  struct ByRollout {
    std::vector<std::uint32_t> weights;  // by target
    SplitReport::Runtime shown;
  };
  struct Rollouts {
    /// Why an operator's weights are not taken while a rollout of that route runs; empty: they are.
    std::function<std::string(const std::string& route)> refusal;
    /// An operator's weights are in force: ends one that runs.
    std::function<void(const std::string& route, const std::string& who, const std::string& reason)> end;
    /// Weights that win over those here; nothing: there are none.
    std::function<std::optional<ByRollout>(const config::Route&)> in_force;
  };
  /// Before the first configuration.
  void set_rollouts(Rollouts rollouts) { rollouts_ = std::move(rollouts); }
  SplitStore& store() { return store_; }
  /// What was set for that route while Weir ran, or nullptr.
  const split::RuntimeWeights* find(std::string_view route) const { return store_.find(route); }

  /// Of all routes that have a split.
  std::vector<SplitReport> reports() const;
  /// Of one that has a split.
  SplitReport report(const config::Route& route) const;
  void set(const SplitCall& call, const Reply<SplitOutcome>& reply);
  /// `change` of a route of the configuration in force; answers when all workers have it.
  void put(const config::Route& route, const WeightChange& change, const Reply<SplitOutcome>& reply);

  const SplitStore& store() const { return store_; }
  /// SplitStore::put_back, before `config` is taken over in place of `other`.
  void put_back(const split::State& entries, const config::Config& config, const config::Config& other);

 private:
  void watch_expiry();

  Serving& serving_;
  Publisher& publisher_;
  SplitStore store_;
  Rollouts rollouts_;
  boost::asio::steady_timer timer_;
};

}  // namespace weir::control
