// Routes that operators paused: until when, by whom and why. Opens and closes the gates at which requests wait
// (route/pause_gate.hpp), and says what became of them. In memory: a pause ends with the process, as the requests do
// that wait. The control thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/backend.hpp"
#include "admin/verb_request.hpp"
#include "control/audit_log.hpp"
#include "control/serving.hpp"
#include "core/clock.hpp"
#include "observe/collector.hpp"
#include "route/pause_gate.hpp"

namespace weir::control {

class RoutePauses {
 public:
  /// A drain ends pauses that long before its own end, or half-way where that is later: requests get their answers.
  static constexpr Milliseconds drain_margin{2'000};

  /// All references outlive this.
  RoutePauses(boost::asio::io_context& io, Serving& serving, AuditLog& audit);

  /// GET and PUT of a route's pause. The answer to a PUT comes when it is in force on all workers.
  void call(const RouteVerbCall& call, const Reply<RouteVerbOutcome>& reply);
  /// After a reload: a pause of a route that is gone, or that proxies no more, ends.
  void reconcile();
  /// The process ends in `left`: no pause goes on up to there.
  void drain(Milliseconds left);
  /// Ends pauses whose time is over at `now`.
  void expire(TimePoint now);

  /// Of routes that are paused, or that requests still leave.
  std::vector<PauseReport> reports() const;
  /// Nothing where that route is not paused.
  std::optional<PauseReport> paused(const std::string& route) const;
  /// Of routes that were paused at least once.
  std::vector<observe::PauseFacts> facts() const;

 private:
  struct Pause {
    std::shared_ptr<route::PauseGate> gate;
    std::string who, reason;
    TimePoint since, until;
    std::uint64_t gone = 0, refused = 0;  // of the gate's counts, when it was closed
  };
  using Place = std::map<std::string, Pause>::iterator;

  void set(const std::string& route, const std::shared_ptr<route::PauseGate>& gate,
           const PauseRequest& request, const std::string& who, const Reply<RouteVerbOutcome>& reply);
  Result<void> begin(const std::string& route, const std::shared_ptr<route::PauseGate>& gate,
                     const PauseRequest& request, const std::string& who);
  /// `why`: `by root: restarted`. The audit comes first where an operator does it.
  void end(Place pause, std::string_view kind, const std::string& why);
  void end_by_itself(Place pause, const std::string& why);
  void answer(const std::string& route, const std::shared_ptr<route::PauseGate>& gate,
              const Reply<RouteVerbOutcome>& reply) const;
  PauseReport report(const std::string& route, const route::PauseGate& gate) const;
  void arm();

  Serving& serving_;
  AuditLog& audit_;
  std::map<std::string, Pause> pauses_;  // by route name
  boost::asio::steady_timer timer_;
};

}  // namespace weir::control
