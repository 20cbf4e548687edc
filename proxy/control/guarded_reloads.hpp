// Reloads that are watched: when they are, what they return to where they are taken back, and how. What decides is
// ReloadGuard. Control thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <optional>
#include <string>

#include "admin/backend.hpp"
#include "control/audit_log.hpp"
#include "control/endpoint_control.hpp"
#include "control/reload_guard.hpp"
#include "control/reloader.hpp"
#include "control/return_point.hpp"
#include "control/serving.hpp"
#include "control/split_control.hpp"
#include "observe/name_table.hpp"

namespace weir::control {

class GuardedReloads {
 public:
  /// What it works on; all of it outlives this.
  struct Parts {
    boost::asio::io_context& context;
    const Serving& serving;
    Reloader& reloader;
    SplitControl& splits;
    EndpointControl& endpoints;
    AuditLog& audit;
    const observe::NameTable& names;
  };
  explicit GuardedReloads(const Parts& parts);

  /// POST /api/v1/reload.
  void reload(const ReloadCall& call, const Reply<ReloadOutcome>& reply);
  /// Begins to keep the past that reloads are judged by.
  void start() { guard_.start(); }
  const ReloadGuard& guard() const { return guard_; }

 private:
  GuardHost host();
  void before_reload(const ReloadWish& wish, const Reloader::Go& go);
  Result<void> audit(const ReloadWish& wish, Milliseconds time) const;
  void watch(Milliseconds time, bool asked, ReloadOutcome& outcome, std::uint64_t generation);
  void take_back(const std::string& why, const std::function<void(const Result<std::uint64_t>&)>& done);
  void count(const std::function<void(const RouteCounts&)>& done) const;

  const Parts parts_;
  ReloadGuard guard_;
  std::optional<ReturnPoint> return_point_;  // while a reload is watched
};

}  // namespace weir::control
