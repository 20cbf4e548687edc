// The clock of rollouts: while one runs, it asks all workers for what they counted, each rollout::tick_interval, and
// hands all of it to Rollouts together. The control thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <vector>

#include "control/rollouts.hpp"
#include "control/serving.hpp"

namespace weir::control {

class RolloutTicker {
 public:
  /// An answer of all workers that takes longer is not waited for: they are asked anew.
  static constexpr Milliseconds answer_max{5'000};

  /// All of them outlive this.
  RolloutTicker(boost::asio::io_context& io, Rollouts& rollouts, const Serving& serving)
      : io_(io), rollouts_(rollouts), serving_(serving), timer_(io) {}

  /// After something may have begun. Ends by itself when nothing runs any more.
  void start();
  /// For good: the process drains. Saves all.
  void stop();

 private:
  void wait();
  void ask();
  void answered(std::uint64_t question, std::vector<server::RolloutCounts> counts);

  boost::asio::io_context& io_;
  Rollouts& rollouts_;
  const Serving& serving_;
  boost::asio::steady_timer timer_;
  bool is_ticking_ = false, is_stopped_ = false;
  std::uint64_t question_ = 0, answered_ = 0;
  TimePoint asked_;
};

}  // namespace weir::control
