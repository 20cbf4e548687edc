#include "cli/rollout_wait.hpp"

namespace weir::control {

RolloutWait::Step RolloutWait::saw(const RolloutSeen& seen, Milliseconds elapsed) {
  Step step;
  seen_at_ = elapsed;
  if (seen.id != id_) {
    step.next = Next::ended;
    step.progress = "another rollout was started";
    return step;
  }
  for (const RolloutSeen::Done& done : seen.done) {
    if (done.number <= said_) continue;
    said_ = done.number;
    step.sentences.push_back(done.at + " " + done.sentence);
  }
  if (seen.state == "finished") {
    step.next = Next::finished;
  } else if (seen.state == "rolled_back") {
    step.next = Next::rolled_back;
  } else if (seen.state == "aborted") {
    step.next = Next::ended;
  } else if (is_over(elapsed)) {
    step.next = Next::timed_out;
    step.progress = seen.progress;
  } else if (seen.state + seen.held != last_state_ || elapsed >= next_progress_) {
    last_state_ = seen.state + seen.held;
    next_progress_ = elapsed + progress_every;
    step.progress = seen.progress;
  }
  return step;
}

RolloutWait::Step RolloutWait::saw_nothing(Milliseconds elapsed) {
  Step step;
  if (is_over(elapsed)) {
    step.next = Next::timed_out;
  } else if (elapsed - seen_at_ >= unreachable_max) {
    step.next = Next::lost;
  } else if (elapsed >= next_progress_) {
    next_progress_ = elapsed + progress_every;
    step.progress = "nothing answers; looking again";
  }
  return step;
}

}  // namespace weir::control
