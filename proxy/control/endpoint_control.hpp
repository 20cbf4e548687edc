// Endpoints that operators take out of use and put back. Control thread.
#pragma once

#include <optional>
#include <variant>

#include "admin/backend.hpp"
#include "control/audit_log.hpp"
#include "control/compiler.hpp"
#include "control/operator_overrides.hpp"
#include "control/serving.hpp"

namespace weir::control {

class EndpointControl {
 public:
  /// All references outlive this.
  EndpointControl(Serving& serving, const Compiler& compiler, AuditLog& audit)
      : serving_(serving), compiler_(compiler), audit_(audit) {}

  EndpointOutcome show(const EndpointCall& call) const;
  void set(const EndpointCall& call, const Reply<EndpointOutcome>& reply);
  /// Nothing: no operator took it out.
  std::optional<TakenOut> taken_out(const OperatorOverrides::Place& place) const;

  /// For a snapshot that no worker has yet: states in it may be new, or have come back after an override was removed.
  void apply(const server::Snapshot& snapshot) const;
  /// For a configuration that is in force from now on: overrides of endpoints that left it are removed.
  void reconcile(const config::Config& config);

 private:
  std::variant<OperatorOverrides::Place, EndpointOutcome> find(const EndpointCall& call) const;
  EndpointControlReport report(const OperatorOverrides::Place& place) const;
  bool readmit(const OperatorOverrides::Place& place, const OperatorOverride& entry);
  void put_in_force(const OperatorOverrides::Place& place);

  Serving& serving_;
  const Compiler& compiler_;
  AuditLog& audit_;
  OperatorOverrides overrides_;
};

}  // namespace weir::control
