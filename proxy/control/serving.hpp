// The workers of this process, their threads, and the snapshot that they serve. Workers are only ever sent messages.
// Control thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "admin/backend.hpp"
#include "admin/generation_tag.hpp"
#include "observe/worker_metrics.hpp"
#include "server/snapshot.hpp"
#include "server/worker.hpp"

namespace weir::control {

/// Listening sockets that are new, by listener name, one per worker.
using NewSockets = std::map<std::string, std::vector<io::FileDescriptor>>;

class Serving {
 public:
  explicit Serving(boost::asio::io_context& context) : context_(context) {}
  ~Serving() { stop(); }
  Serving(const Serving&) = delete;
  Serving& operator=(const Serving&) = delete;

  /// What all workers share; some of it is set before they are made.
  server::ProcessShared& shared() { return shared_; }
  void make_workers(std::size_t count);
  /// Each worker gets its thread. Not before the first snapshot.
  void start();
  /// Ends the threads with whatever still runs.
  void stop();

  const std::vector<std::unique_ptr<server::Worker>>& workers() const { return workers_; }
  /// Calls `work` on each worker's thread.
  void post(const std::function<void(server::Worker&)>& work) const;
  /// Calls `done` on the control thread once every worker has done what was posted to it before: uses the snapshot that
  /// was installed last, for one.
  void when_installed(std::function<void()> done) const;
  /// Copies the counters of all workers, merges them and hands the sum to `done` on the control thread.
  void collect(std::function<void(observe::WorkerMetrics&)> done) const;

  /// Sends the snapshot to every worker, which uses it for new requests from then on.
  void install(std::shared_ptr<server::Snapshot> snapshot, NewSockets sockets);
  /// Installed last; null before the first one.
  const std::shared_ptr<const server::Snapshot>& snapshot() const { return snapshot_; }
  /// Those that some worker may still use.
  std::vector<std::shared_ptr<const server::Snapshot>> snapshots_in_use();

  std::uint64_t generation() const { return generation_; }
  void begin_generation() { ++generation_; }
  /// Of the present generation, in this process (generation_tag.hpp).
  std::string tag() const { return generation_tag(boot_mark_, generation_); }
  /// A request that was made for another generation names it in `text`.
  bool is_generation(std::string_view text) const { return names_generation(text, boot_mark_, generation_); }

  RunState state() const { return state_; }
  void set_state(RunState state) { state_ = state; }
  bool is_ending() const { return state_ == RunState::leaving || state_ == RunState::draining; }

 private:
  std::shared_ptr<const server::Snapshot> freed_here(std::shared_ptr<const server::Snapshot> snapshot) const;

  boost::asio::io_context& context_;
  server::ProcessShared shared_;
  std::vector<std::unique_ptr<server::Worker>> workers_;
  std::vector<std::thread> threads_;
  std::shared_ptr<const server::Snapshot> snapshot_;
  std::vector<std::weak_ptr<const server::Snapshot>> in_use_;
  const std::string boot_mark_ = make_boot_mark();
  std::uint64_t generation_ = 0;
  RunState state_ = RunState::starting;
};

}  // namespace weir::control
