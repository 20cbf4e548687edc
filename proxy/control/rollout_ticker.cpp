#include "control/rollout_ticker.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <exception>
#include <iterator>
#include <utility>

namespace weir::control {

void RolloutTicker::start() {
  if (is_ticking_ || is_stopped_ || !rollouts_.is_active()) return;
  wait();
  is_ticking_ = true;
}

void RolloutTicker::stop() {
  if (is_stopped_) return;
  is_stopped_ = true;
  timer_.cancel();
  rollouts_.save_all();
}

void RolloutTicker::wait() {
  timer_.expires_after(rollout::tick_interval);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || is_stopped_) return;
    is_ticking_ = false;
    start();
    if (question_ == answered_ || Clock::now() - asked_ > answer_max) ask();
  });
}

void RolloutTicker::ask() {
  struct Taken {
    std::vector<server::RolloutCounts> counts;
    std::size_t missing = 0;  // workers
  };
  const auto taken = std::make_shared<Taken>();
  taken->missing = serving_.workers().size();
  asked_ = Clock::now();
  ++question_;
  serving_.post([this, taken, question = question_](server::Worker& worker) {
    const auto hand_over = [&](std::vector<server::RolloutCounts> own) {
      boost::asio::post(io_, [this, taken, question, counts = std::move(own)]() mutable {
        const bool is_last = --taken->missing == 0;
        std::ranges::move(counts, std::back_inserter(taken->counts));
        if (is_last) answered(question, std::move(taken->counts));
      });
    };
    // Where a worker has no memory its own counts are lost; those of the others are not.
    try {
      hand_over(worker.take_rollout_counts());
    } catch (const std::exception&) {
      hand_over({});
    }
  });
}

void RolloutTicker::answered(std::uint64_t question, std::vector<server::RolloutCounts> counts) {
  answered_ = std::max(answered_, question);
  if (!is_stopped_) rollouts_.tick(std::move(counts));
}

}  // namespace weir::control
