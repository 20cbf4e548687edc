// How what a rollout does comes onto the disk: the audit line first, then its file. Says in the log when that fails,
// and when it works again. The control thread.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "control/audit_log.hpp"
#include "control/rollout_store.hpp"
#include "control/split_store.hpp"
#include "core/clock.hpp"
#include "rollout/canary_watch.hpp"
#include "rollout/record.hpp"

namespace weir::control {

/// Between decisions what was counted is saved this often: a process that is killed has lost no more than that. One
/// rollout is saved at a tick: where more than 20 run, each is saved as much later as it takes to save all.
inline constexpr Milliseconds rollout_save_interval{5'000};
/// After a write that failed, nothing that raises a canary's share is tried for this long.
inline constexpr Milliseconds rollout_retry_interval{5'000};
/// In the audit and in `weir split get`, for what a rollout does by itself.
inline constexpr std::string_view rollout_who = "rollout";

/// What rollouts need of the rest of the process.
struct RolloutDesk {
  AuditLog& audit;
  SplitStore& splits;
  RolloutStore store;
  std::function<std::vector<rollout::EndpointSight>(std::string_view upstream)> endpoints;
  std::function<TimePoint()> now;
  std::function<std::chrono::system_clock::time_point()> wall;
};

class RolloutJournal {
 public:
  RolloutJournal(RolloutDesk& desk, rollout::Record record)
      : record_(std::move(record)), desk_(desk), saved_at_(desk.now()) {}

  /// Records it in the audit, adds it to `Record::done` and saves all. `reason`: an operator's; may be empty. Error
  /// (internal): it is not on the disk; `Record::done` is as before.
  Result<void> write(rollout::Done done, const rollout::State& state, std::string_view who,
                     std::string_view reason);
  /// The same, but it holds whatever becomes of the disk: what could not be saved is tried again by save_when_due.
  void write_anyway(rollout::Done done, const rollout::State& state, std::string_view who,
                    std::string_view reason);
  Result<void> save(const rollout::State& state);
  /// What was counted, each rollout_save_interval; what could not be saved, each rollout_retry_interval.
  void save_when_due(const rollout::State& state);
  TimePoint save_due() const {
    return saved_at_ + (is_saved_ ? rollout_save_interval : rollout_retry_interval);
  }
  bool is_saved() const { return is_saved_; }

  const rollout::Record& record() const { return record_; }
  /// Saved with what is written next.
  rollout::Record& change() { return record_; }

 private:
  Result<void> record_in_audit(const rollout::Done& done, std::string_view who, std::string_view reason);
  void note(const Result<void>& result);

  rollout::Record record_;
  RolloutDesk& desk_;
  bool is_saved_ = true;
  TimePoint saved_at_;   // or when that was tried
  std::string problem_;  // empty: the last write went well
};

}  // namespace weir::control
