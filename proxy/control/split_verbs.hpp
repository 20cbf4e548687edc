// Promotion and rollback of a split: the two changes of weights that need no numbers. They take the same path as
// weights that are set: audit, state file, publication. The control thread.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "admin/backend.hpp"
#include "admin/verb_request.hpp"
#include "config/model.hpp"
#include "control/split_store.hpp"

namespace weir::control {

/// What they need of the process. All must be set.
struct SplitVerbHost {
  std::function<std::shared_ptr<const config::Config>()> config;  // the one in force
  std::function<SplitReport(const config::Route&)> report;
  /// Puts weights in force, and answers when all workers have them.
  std::function<void(const config::Route&, const WeightChange&, const Reply<SplitOutcome>&)> put;
  /// Whether that text names the generation in use.
  std::function<bool(std::string_view)> is_generation;
  std::function<bool()> draining;
  /// Whether a rollout changes the weights of that route.
  std::function<bool(std::string_view route)> rollout_runs;
};

class SplitVerbs {
 public:
  /// `splits` outlives this.
  SplitVerbs(const SplitStore& splits, SplitVerbHost host) : splits_(splits), host_(std::move(host)) {}

  /// POST of a route's promotion or rollback; answers with the split as it is then.
  void call(const RouteVerbCall& call, const Reply<RouteVerbOutcome>& reply) const;

 private:
  void promote(const config::Config& config, const config::Route& route, WeightsRequest request,
               const std::string& who, const Reply<RouteVerbOutcome>& reply) const;
  void roll_back(const config::Config& config, const config::Route& route, const WeightsRequest& request,
                 const std::string& who, const Reply<RouteVerbOutcome>& reply) const;
  void put(const config::Route& route, const WeightChange& change,
           const Reply<RouteVerbOutcome>& reply) const;

  const SplitStore& splits_;
  const SplitVerbHost host_;
};

}  // namespace weir::control
