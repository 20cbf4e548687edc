// The rollout of one route while it runs, and as the last one when it is over: its machine, what is seen of its
// endpoints, and how a decision comes into force. What raises the canary's share is recorded, saved, then published,
// and does not happen where it cannot be saved; what lowers it is published first and waits for no disk. The control
// thread.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/model.hpp"
#include "control/rollout_counters.hpp"
#include "control/rollout_journal.hpp"
#include "rollout/canary_watch.hpp"
#include "rollout/rollout.hpp"
#include "server/rollout_counter.hpp"
#include "server/rollout_runtime.hpp"

namespace weir::control {

/// What an operator asks for.
struct RolloutWish {
  enum class Action : std::uint8_t { hold, resume, promote, roll_back };
  Action action = Action::hold;
  std::optional<rollout::Share> to;  // of promote
  std::string who, reason;
};

class RouteRollout {
 public:
  /// `count_id`: what its counts carry, unique in the process. A new one is not in force before start().
  RouteRollout(RolloutDesk& desk, rollout::Record record, rollout::Rollout machine, std::uint64_t count_id);
  /// From a file. Error (internal): its state does not fit its settings.
  static Result<std::unique_ptr<RouteRollout>> restore(RolloutDesk& desk, rollout::Saved saved,
                                                       std::uint64_t count_id);

  // Where one of these is true, the weights in force have changed and have to be published; write_down() is due then.
  // `config`: in force now, with the route.

  /// Error (internal): it is not recorded or saved, so it does not begin.
  Result<bool> start();
  /// What is its own of `counts` is moved from. What it counted is not saved: save_when_due().
  bool tick(const config::Config& config, std::span<server::RolloutCounts> counts);
  /// Error (internal): it makes no sense now, or cannot be recorded; nothing changed.
  Result<bool> obey(const config::Config& config, const RolloutWish& wish);
  /// At its first step again, under another `count_id`. An operator's hold stays.
  bool restart(std::string cause, std::string sentence, std::uint64_t count_id);
  /// Ends it without a verdict: the split's own weights are in force.
  bool abort(std::string cause, std::string sentence, std::string_view who, std::string_view reason = {});

  /// What is published and not yet on the disk. The split gets the weights of a rollout that is over.
  void write_down(const config::Config& config);
  void save() { (void)journal_.save(machine_.state()); }
  void save_when_due() { journal_.save_when_due(machine_.state()); }
  TimePoint save_due() const { return journal_.save_due(); }

  bool is_running() const { return record().end == rollout::End::none && !machine_.is_over(); }
  /// It runs, or something of it is yet to be saved or handed over to the split.
  bool needs_ticks() const {
    return is_running() || !journal_.is_saved() || needs_settling() || !unwritten_.empty();
  }
  /// For the next snapshot.
  server::RolloutInForce in_force(const config::Route& route) const;
  /// The address that the canary has and did not have, which restart() is due for; once.
  std::optional<std::string> take_new_address() { return std::exchange(new_address_, std::nullopt); }
  /// The configuration's own weights, in the order that the targets have now.
  void adopt(split::NamedWeights base) { journal_.change().base = std::move(base); }
  /// Clients are divided otherwise from now on; restart() is due.
  void divide_anew(const rollout::Settings& now, std::uint64_t sides_mark);
  /// It is over, and other weights are in force than those that it ended with.
  void give_up_weights();

  const rollout::Record& record() const { return journal_.record(); }
  const rollout::Rollout& machine() const { return machine_; }
  const RolloutCounters& counters() const { return counters_; }
  void go_on_counting(RolloutCounters earlier) { counters_ = std::move(earlier); }

 private:
  /// What happened, until it is on the disk.
  struct Unwritten {
    rollout::Done done;
    std::string who, reason;
  };

  bool needs_settling() const {
    return record().end == rollout::End::none && machine_.is_over() && !record().is_settled;
  }
  rollout::Tick look();
  Result<bool> carry_out(const config::Config& config, const rollout::Decision& decision,
                         std::string_view who, std::string_view reason);
  Result<void> write(const rollout::Decision& decision, std::string_view who, std::string_view reason);
  void write_all();
  void settle(const config::Config& config);

  RolloutDesk& desk_;
  RolloutJournal journal_;
  rollout::Rollout machine_;
  rollout::CanaryWatch watch_;
  std::optional<std::string> new_address_;
  RolloutCounters counters_;
  std::uint64_t count_id_;
  SipKey turn_key_;
  TimePoint may_raise_at_, may_settle_at_;
  std::vector<Unwritten> unwritten_;  // oldest first
};

/// The rollout of a route that has one, or nullptr.
const config::ProxyAction* rollout_of(const config::Route& route);
/// In the order of the split's targets: percent where they are whole, else basis points.
std::vector<std::uint32_t> weights_by_target(const config::ProxyAction& action,
                                             const rollout::Weights& weights);

}  // namespace weir::control
