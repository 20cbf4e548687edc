// Weights that are set while Weir runs: what is in force, what changes it, and when it ends by itself. Control thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <string>
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
  /// Weights in force, by target.
  std::vector<std::uint32_t> weights_of(const config::Route& route) const { return store_.weights_of(route); }

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
  boost::asio::steady_timer timer_;
};

}  // namespace weir::control
