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
  void set(const SplitCall& call, const Reply<SplitOutcome>& reply);

 private:
  SplitReport report(const config::Route& route) const;
  void watch_expiry();

  Serving& serving_;
  Publisher& publisher_;
  SplitStore store_;
  boost::asio::steady_timer timer_;
};

}  // namespace weir::control
