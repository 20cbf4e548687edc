// Where the stream of the admin page comes from: once a second it asks for the workers' counters, puts them into the
// history and, while a stream is open, makes the view of the present. Without streams it goes on for the sake of the
// history, as long as the workers have few enough counters to copy. Control thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/object.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "admin/live_facts.hpp"
#include "admin/live_view.hpp"
#include "core/clock.hpp"
#include "observe/traffic_history.hpp"

namespace weir::control {

/// The present as it was at one moment; never changed.
struct LiveMoment {
  std::uint64_t number = 0;  // 1, 2, ...
  boost::json::object view;
};

class LiveFeed {
 public:
  static constexpr Milliseconds interval{1000};
  /// Copying one costs a worker up to 80 ns: this many are 0.06 % of its time.
  static constexpr std::size_t unwatched_entries_max = 8192;

  /// `backend` outlives it. `news`: there is another moment.
  LiveFeed(boost::asio::io_context& io, const AdminBackend& backend, std::function<void()> news);
  ~LiveFeed();
  LiveFeed(const LiveFeed&) = delete;
  LiveFeed& operator=(const LiveFeed&) = delete;

  void start();
  void stop();
  /// One more stream, or one fewer. Where there is no moment of this second, one is on its way.
  void watch();
  void unwatch();
  /// The latest one; nullptr while there is none.
  const std::shared_ptr<const LiveMoment>& moment() const { return moment_; }
  /// The history up to now.
  boost::json::object history() const { return history_object(history_); }
  bool is_resting() const { return is_resting_; }

 private:
  void wait();
  void sample();
  void sampled(const observe::WorkerMetrics& merged, const observe::NameTable& names);
  void look(const observe::WorkerMetrics& merged, const observe::NameTable& names, TimePoint now);
  void rest_or_work(std::size_t entries);

  const AdminBackend& backend_;
  const std::function<void()> news_;
  boost::asio::steady_timer timer_;
  observe::TrafficHistory history_;
  LimitRates limits_;
  WorkerRates workers_;
  std::shared_ptr<const LiveMoment> moment_;
  std::shared_ptr<LiveFeed*> self_;  // its absence: stopped
  std::uint64_t number_ = 0;
  std::size_t watchers_ = 0;
  TimePoint due_{}, last_look_{};
  bool is_sampling_ = false;  // the workers have not answered yet
  bool is_resting_ = false;   // no stream, and too many counters
};

}  // namespace weir::control
