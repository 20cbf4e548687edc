// Samples how much of its bounds the process uses, sets what the workers give up, and emits events. Control thread;
// what workers read lies in server::ProcessShared.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <string>

#include "config/model.hpp"
#include "limit/overload.hpp"
#include "server/worker.hpp"

namespace weir::control {

class OverloadGuard {
 public:
  static constexpr Milliseconds sample_interval{500};
  static constexpr Milliseconds rising_interval{50};    // after pressure rose: what was given up is seen
  static constexpr Milliseconds trim_interval{5000};    // of free memory, while it is short
  static constexpr unsigned memory_share_percent = 90;  // of the cgroup's limit, where max_memory is auto

  OverloadGuard(boost::asio::io_context& context, server::ProcessShared& shared);

  /// Before there are workers: keeps some of the process's descriptors for this thread. `relieve` is called when the
  /// others become short: holders of idle ones should give them up.
  void reserve_descriptors(std::size_t workers, std::function<void()> relieve);
  /// The bounds from now on; warns once a value where max_connections does not fit the descriptors.
  void configure(const config::Server& settings);
  /// Samples every now and then, from now on.
  void start();
  /// Samples now.
  void sample();

  const limit::Overload& state() const { return overload_; }

 private:
  void publish();
  void return_memory();

  boost::asio::steady_timer timer_;
  server::ProcessShared& shared_;
  limit::Overload overload_;
  std::uint64_t descriptors_ = 0;  // of the process; 0: unknown
  std::uint64_t descriptors_max_ = 0, memory_max_ = 0;
  std::uint32_t connections_max_ = 0;
  std::uint32_t warned_of_ = 0;  // a max_connections that does not fit; 0: it fits
  unsigned start_percent_ = 90;
  bool rising_ = false;
  std::function<void()> relieve_;
  TimePoint next_trim_{};
};

/// What an event says: `overload: connections 190 of 192: ...`.
std::string describe(const limit::Overload::Change& change);

}  // namespace weir::control
