#include "control/rollout_journal.hpp"

#include <boost/json.hpp>
#include <utility>

#include "admin/json_number.hpp"
#include "observe/log.hpp"

namespace weir::control {

Result<void> RolloutJournal::record_in_audit(const rollout::Done& done, std::string_view who,
                                             std::string_view reason) {
  boost::json::object facts{{"route", record_.names.route},
                            {"canary", record_.names.canary},
                            {"from_percent", json_number(done.from / 100.0)},
                            {"to_percent", json_number(done.to / 100.0)}};
  if (done.cause != "none") facts["cause"] = done.cause;
  facts["reason"] = reason.empty() ? std::string_view(done.sentence) : reason;
  if (!reason.empty()) facts["sentence"] = done.sentence;
  return desk_.audit.record(desk_.wall(), who, "rollout_" + done.kind, facts);
}

/// First what is going to happen, then the change itself: no change goes unrecorded.
Result<void> RolloutJournal::write(rollout::Done done, const rollout::State& state, std::string_view who,
                                   std::string_view reason) {
  done.at_ms = unix_ms(desk_.wall());
  const auto before = record_.done;
  auto written = record_in_audit(done, who, reason);
  if (written) {
    add_done(record_, std::move(done));
    written = save(state);
    if (!written) {
      const boost::json::object facts{{"route", record_.names.route}, {"reason", written.error().detail}};
      (void)desk_.audit.record(desk_.wall(), "weir", "rollout_not_saved", facts);
      record_.done = before;
    }
  }
  note(written);
  return written;
}

void RolloutJournal::write_anyway(rollout::Done done, const rollout::State& state, std::string_view who,
                                  std::string_view reason) {
  is_saved_ = false;  // until it is, whatever throws
  done.at_ms = unix_ms(desk_.wall());
  note(record_in_audit(done, who, reason));
  add_done(record_, std::move(done));
  note(save(state));
}

Result<void> RolloutJournal::save(const rollout::State& state) {
  saved_at_ = desk_.now();
  auto saved = desk_.store.save(record_, state);
  is_saved_ = saved.has_value();
  return saved;
}

void RolloutJournal::save_when_due(const rollout::State& state) {
  if (desk_.now() >= save_due()) note(save(state));
}

void RolloutJournal::note(const Result<void>& result) {
  const std::string problem = result ? std::string() : result.error().detail;
  if (problem == problem_) return;
  problem_ = problem;
  if (problem.empty()) {
    observe::log(config::LogLevel::info, "rollout of route {}: saved again", record_.names.route);
  } else {
    observe::log(config::LogLevel::error, "rollout of route {}: not saved: {}", record_.names.route, problem);
  }
}

}  // namespace weir::control
