// Active health checks of all endpoints that have any: one thread with an event loop of its own, so that neither
// workers nor control work ever wait for a check or delay one. The thread starts with the first check. What the checks
// find goes to EndpointState::out, to events, and to reports for the admin address.
//
// Control thread, except report() and waiting() (any thread) and what is private (the checker's own).
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "core/buffer.hpp"
#include "core/rng.hpp"
#include "core/task.hpp"
#include "health/active.hpp"
#include "io/reactor.hpp"
#include "server/prober.hpp"
#include "server/snapshot.hpp"

namespace weir::server {

/// What is known of one endpoint's checks.
struct CheckReport {
  health::CheckState state = health::CheckState::pending;
  bool ever = false;  // one has ended; otherwise only `state` means something
  CheckResult last = CheckResult::skipped;
  std::string detail;  // of the last one
  std::chrono::system_clock::time_point at;
  Duration took{};
  std::uint32_t in_a_row = 0;  // that ended like the last one
  std::uint64_t passed = 0, failed = 0, skipped = 0;
};

class Checker {
 public:
  static constexpr std::size_t checks_at_once_max = 64;        // further ones wait for their turn
  static constexpr Milliseconds disabled_look_interval{1000};  // at an endpoint that an operator disabled
  static constexpr int end_turns_max = 64;                     // of the loop, for cancelled checks to unwind

  explicit Checker(std::uint64_t seed);
  ~Checker();
  Checker(const Checker&) = delete;
  Checker& operator=(const Checker&) = delete;

  /// From now on the endpoints of `snapshot` are checked, as it says. An endpoint that was checked before keeps its
  /// state; with other settings its thresholds start again. One that has no check any more is no longer held back.
  void install(const Snapshot& snapshot);
  /// Ends all checks and the thread. Nothing is installed afterwards.
  void stop();

  /// Nothing for an endpoint without checks.
  std::optional<CheckReport> report(const upstream::EndpointState& endpoint) const;
  /// Checks that are due and wait because checks_at_once_max run.
  std::size_t waiting() const { return waiting_.load(std::memory_order_relaxed); }

 private:
  struct Entry;
  using EntryPtr = std::shared_ptr<Entry>;
  using Endpoints = std::vector<std::shared_ptr<upstream::EndpointState>>;

  void run();
  void take_over(std::vector<CheckTarget> targets, const Endpoints& unchecked);
  EntryPtr entry_for(CheckTarget target);
  void retire(Entry& entry);
  static void due(void* entry);
  void start_waiting();
  void check(const EntryPtr& entry);
  static Task<> run_check(EntryPtr entry);
  void check_ended(Entry& entry, bool well);
  void finish(Entry& entry);
  void look_at_disabled(Entry& entry);
  void schedule(Entry& entry);
  void apply(Entry& entry, health::CheckChange change, const CheckOutcome& outcome);
  void publish(const Entry& entry, const CheckOutcome* outcome);

  io::Reactor reactor_;
  BufferPool buffers_;
  Rng rng_;
  std::unordered_map<const upstream::EndpointState*, EntryPtr> entries_;
  std::deque<EntryPtr> queue_;  // due, not started
  std::size_t running_ = 0;
  bool starting_ = false;
  std::atomic<std::size_t> waiting_{0};
  std::thread thread_;
  bool stopped_ = false;

  mutable std::mutex mutex_;  // guards reports_
  std::unordered_map<const upstream::EndpointState*, CheckReport> reports_;
};

/// What `snapshot` says is to be checked.
std::vector<CheckTarget> check_targets(const Snapshot& snapshot);

}  // namespace weir::server
