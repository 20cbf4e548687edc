// Weights that were set while Weir runs, laid over those of the configuration: kept in a state file, recorded in the
// audit, dropped when their time is over or when the configuration's own weights change. Nothing is in force before
// it is on the disk. Depends on files only; the control thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/model.hpp"
#include "control/audit_log.hpp"
#include "core/clock.hpp"
#include "core/error.hpp"
#include "split/state.hpp"

namespace weir::control {

struct WeightChange {
  split::NamedWeights weights;  // in the order of the route's targets
  std::string who, reason;
  std::optional<Milliseconds> ttl;        // nothing: until it is changed again
  std::string_view action = "split_set";  // or split_promote, split_rollback: of the audit
};

/// What a rollback of weights returns to.
struct WeightsBefore {
  split::NamedWeights weights;
  std::optional<Milliseconds> ttl;  // what is left of it
};

class SplitStore {
 public:
  using SystemTime = std::chrono::system_clock::time_point;

  /// `folder` empty: memory only. `audit` must be open before open() and outlive this.
  explicit SplitStore(AuditLog& audit, std::string folder = {}) : audit_(audit), folder_(std::move(folder)) {}

  /// Makes the folder and reads what is there. An error (internal): the folder cannot be used. A state file that is
  /// not whole is set aside, and `problem` says so.
  Result<void> open();
  const std::string& problem() const { return problem_; }
  bool persistent() const { return !folder_.empty(); }

  /// Drops weights whose route is gone or whose configured weights are others than when they were set: the file
  /// wins. Returns a phrase for each, for the log.
  std::vector<std::string> reconcile(const config::Config& config, SystemTime now);
  /// On the disk, with its audit line, when it returns; an error (internal) has changed nothing. Weights that are
  /// the configuration's own, without a ttl, end what was set before.
  Result<void> set(const config::Config& config, const config::Route& route, const WeightChange& change,
                   SystemTime now);
  /// The weights before the last change that set() made, where that was no rollback and neither the time of those
  /// weights nor the configuration has ended it since. Kept over a restart.
  std::optional<WeightsBefore> before(const config::Config& config, const config::Route& route,
                                      SystemTime now) const;
  /// Drops what is past its time. Returns a phrase for each.
  std::vector<std::string> expire(SystemTime now);
  std::optional<SystemTime> next_expiry() const;

  /// All that was set.
  const split::State& entries() const { return state_; }
  /// `config` comes back, and with it what was set under it and dropped when `other` came; what is over since is not.
  /// Returns a phrase for each.
  std::vector<std::string> put_back(const split::State& entries, const config::Config& config,
                                    const config::Config& other, SystemTime now);

  /// What was set for that route, or nullptr.
  const split::RuntimeWeights* find(std::string_view route) const;
  /// Weights in force, by target.
  std::vector<std::uint32_t> weights_of(const config::Route& route) const;

  std::string state_file() const { return folder_ + "/split-state"; }
  /// Of the same form; its weights are those before the last change, `since` is when that was made.
  std::string before_file() const { return folder_ + "/split-before"; }

 private:
  struct Dropped {
    split::RuntimeWeights entry;
    split::NamedWeights now;  // what is in force instead; empty: nothing
    std::string action, phrase;
  };
  Result<split::State> load(const std::string& file);
  Result<void> save(const std::string& file, const split::State& state) const;
  Result<void> save_change(const split::State& next, const split::State& before);
  std::vector<std::string> drop(const std::vector<Dropped>& dropped, SystemTime now);

  AuditLog& audit_;
  const std::string folder_;
  std::string problem_;
  split::State state_;
  split::State before_;  // of routes whose weights were changed
};

/// The configuration's own weights of a route that has a split.
split::NamedWeights configured_weights(const config::Config& config, const config::Route& route);
const config::Split* split_of(const config::Route& route);
std::int64_t unix_ms(std::chrono::system_clock::time_point time);

}  // namespace weir::control
