// Watches what a reload does to requests, and has it taken back where they fail more often than before
// (rollout/reload_verdict.hpp). Counts come from the workers' metrics: each few seconds for the past, each second while
// a reload is watched. The control thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/backend.hpp"
#include "config/diff.hpp"
#include "control/audit_log.hpp"
#include "control/request_history.hpp"
#include "core/clock.hpp"
#include "core/error.hpp"
#include "rollout/reload_verdict.hpp"

namespace weir::control {

/// What the guard needs of the process. All must be set.
struct GuardHost {
  std::function<void(std::function<void(const RouteCounts&)>)> count;  // over all workers
  std::function<observe::NameId(const std::string&)> name_id;          // of a route
  /// Whether another reload is under way: the verdict waits for it.
  std::function<bool()> reloading;
  /// Puts the configuration before the watched reload in force again, which is why; the generation that has it then.
  std::function<void(const std::string& why, std::function<void(const Result<std::uint64_t>&)>)> take_back;
  /// The watched reload has its verdict: what it could return to is needed no more.
  std::function<void()> ended;
};

/// A reload that was taken over and is to be watched.
struct WatchedReload {
  std::uint64_t generation = 0;
  Milliseconds time{};
  config::TouchedRoutes touched;  // since the configuration that would return
};

class ReloadGuard {
 public:
  static constexpr Milliseconds look_interval_min{1'000};
  static constexpr std::uint32_t looks_max = 60;

  ReloadGuard(boost::asio::io_context& io, AuditLog& audit, GuardHost host);

  /// Begins to keep the past.
  void start();
  void stop();
  /// Before a reload that is to be watched: its past ends here, and `done` may begin it. Where one is watched already,
  /// the past ended with that one's beginning.
  void end_past(const std::function<void()>& done);
  /// The verdict comes later, in report(). One that is watched already is not judged any more.
  GuardReport watch(WatchedReload reload);
  /// A reload came that is not to be watched. `why`: what follows on `another reload came, which`.
  void supersede(std::string_view why);
  bool watching() const { return report_.state == GuardReport::State::watching; }

  const GuardReport& report() const { return report_; }
  /// How many ended in each state.
  struct Verdicts {
    std::uint64_t kept = 0, taken_back = 0, superseded = 0, failed = 0;
  };
  const Verdicts& verdicts() const { return verdicts_; }

 private:
  void keep_past();
  void begin(const RouteCounts& totals);
  std::vector<rollout::JudgedRoutes> past_of(const config::TouchedRoutes& touched) const;
  rollout::BeforeAfter past(const std::vector<rollout::RequestCount>& stretches) const;
  void arm();
  void look();
  void judge(const RouteCounts& totals);
  void fill_in(const RouteCounts& came);
  void take_back(const rollout::ReloadVerdict& verdict);
  void end(GuardReport::State state, std::string text);

  AuditLog& audit_;
  const GuardHost host_;
  boost::asio::steady_timer past_timer_, look_timer_;
  RequestHistory history_;

  GuardReport report_;
  Verdicts verdicts_;
  WatchedReload reload_;
  std::uint64_t turn_ = 0;  // of watch(): an answer to an earlier one is none
  RouteCounts totals_;      // when the reload was in force
  std::vector<rollout::JudgedRoutes> judged_;
  rollout::BeforeAfter control_;
  TimePoint began_;
  std::uint32_t looks_ = 0, looked_ = 0;
  bool shared_said_ = false;
};

}  // namespace weir::control
