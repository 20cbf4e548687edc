#include "server/paused_requests.hpp"

#include <algorithm>
#include <utility>

namespace weir::server {

void PauseWait::enter(TimePoint deadline) {
  paused_.waits_.push_back(*this);
  paused_.reactor_.arm(timer_, deadline);
}

void PauseWait::finish(PauseEnd end) {
  unlink();
  timer_.disarm();
  ended_ = true;
  end_ = end;
  if (waiting_) paused_.reactor_.schedule(std::exchange(waiting_, nullptr));
}

void PauseWait::deadline_passed(void* wait) {
  static_cast<PauseWait*>(wait)->finish(PauseEnd::timeout);
}

void PausedRequests::look_again() {
  for (auto at = waits_.begin(); at != waits_.end();) {
    PauseWait& wait = *at++;
    if (wait.gate_.closed()) continue;
    wait.unlink();
    leaving_.push_back(wait);
  }
  if (leaving_.empty()) return;
  lot_ = std::max(lot_min, (leaving_.size() + release_ticks - 1) / release_ticks);
  if (!timer_.armed()) release_lot();
}

std::size_t PausedRequests::waiting_at(const route::PauseGate& gate) const {
  const auto there = [&gate](const PauseWait& wait) { return &wait.gate_ == &gate; };
  return static_cast<std::size_t>(std::ranges::count_if(waits_, there) +
                                  std::ranges::count_if(leaving_, there));
}

void PausedRequests::release_lot() {
  for (std::size_t i = 0; i < lot_ && !leaving_.empty(); ++i) {
    if (leaving_.front().gate_.closed()) take_back();
    if (!leaving_.empty()) leaving_.front().finish(PauseEnd::let_go);
  }
  if (!leaving_.empty()) reactor_.arm(timer_, reactor_.now() + tick);
}

/// Those whose gates were closed again wait on, before those that came since: they are older.
void PausedRequests::take_back() {
  Waits back;
  for (auto at = leaving_.begin(); at != leaving_.end();) {
    PauseWait& wait = *at++;
    if (!wait.gate_.closed()) continue;
    wait.unlink();
    back.push_back(wait);
  }
  waits_.splice(waits_.begin(), back);
}

void PausedRequests::lot_due(void* paused) {
  static_cast<PausedRequests*>(paused)->release_lot();
}

}  // namespace weir::server
