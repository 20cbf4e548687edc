// State of one endpoint that all workers share: in-flight count and passive health, as atomics on cache lines
// of their own. Identity survives reloads: the control thread's registry hands out the same object for the
// same upstream and address; which connections may be shared is ConnectionScope's. Any thread; no locks, but for
// the note of what happened last, which changes with the endpoint's state only.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "balance/latency.hpp"
#include "core/clock.hpp"
#include "core/ip.hpp"
#include "core/stable_hash.hpp"
#include "health/cause.hpp"
#include "health/passive.hpp"
#include "health/window.hpp"
#include "upstream/due_mark.hpp"

namespace weir::upstream {

/// Why no new request goes to an endpoint, apart from passive health: bits of EndpointState::out.
enum Out : std::uint8_t {
  out_drain = 1 << 0,          // an operator lets it finish what runs; checks go on
  out_disabled = 1 << 1,       // an operator took it out; it is not checked either
  out_check_failed = 1 << 2,   // active checks failed
  out_check_pending = 1 << 3,  // no active check has succeeded yet
};
/// What an operator said holds even where nothing else is left; the others give way then.
inline constexpr std::uint8_t out_by_operator = out_drain | out_disabled;

/// What happened to an endpoint last, for people.
class LastChange {
 public:
  struct Entry {
    std::string why;    // empty: nothing yet
    TimePoint since{};  // TimePoint{}: for ever
  };

  /// An older entry never replaces a newer one.
  void set(std::string why, TimePoint since) {
    const std::scoped_lock lock(mutex_);
    if (since >= entry_.since) entry_ = {std::move(why), since};
  }
  Entry get() const {
    const std::scoped_lock lock(mutex_);
    return entry_;
  }

 private:
  mutable std::mutex mutex_;
  Entry entry_;
};

struct EndpointState {
  EndpointState(std::string upstream_name, std::string shown_label, SocketAddress where,
                std::size_t slot_index)
      : upstream(std::move(upstream_name)),
        label(std::move(shown_label)),
        address(where),
        slot(slot_index),
        point(stable_hash({}, label)) {}

  const std::string upstream;  // name of its upstream
  const std::string label;     // "127.0.0.1:9001", as logs and metrics show it
  const SocketAddress address;
  const std::size_t slot;     // small number, unique among living endpoints; index of per-worker tables
  const std::uint64_t point;  // of its label, for `balance: hash`: the same on every machine

  alignas(64) std::atomic<std::uint32_t> in_flight{0};
  alignas(64) health::PassiveHealth health;
  std::atomic<std::uint8_t> out{0};  // bits of Out; 0: in use, as far as these go
  /// When it returned to service last: milliseconds of a TimePoint since its epoch; 0: long ago.
  std::atomic<std::int64_t> serving_since{0};
  std::atomic<std::int64_t> failing_since{0};  // first failure of those in a row: milliseconds as above
  DueMark due;                                 // when an ejection was due last, and what for
  std::atomic<std::uint8_t> held{0};           // a Held (ejection.hpp): why that was not made
  std::atomic<std::uint32_t> discounted{
      0};  // failures in a row whose cause was the request (pending_failures.hpp)
  std::atomic<std::uint32_t> pending{
      0};  // failures of requests that have not ended yet (pending_failures.hpp)
  alignas(64) health::OutcomeWindow outcomes;  // counted where failure_rate is on
  health::CauseHistory causes;
  LastChange last_change;
  alignas(64) balance::Latency latency;  // only `balance: least_latency` writes and reads it

  /// May take a new request, as far as it is concerned itself.
  bool usable() const { return out.load(std::memory_order_relaxed) == 0 && health.usable(); }
  /// An operator took it out: no new request may go there, whatever else is left.
  bool taken_out() const { return (out.load(std::memory_order_relaxed) & out_by_operator) != 0; }
};

/// Requests of one scope may use each other's kept connections: they go to one endpoint under the same TLS
/// settings. Settings that change make another scope; the endpoint and its health stay.
struct ConnectionScope {
  explicit ConnectionScope(std::shared_ptr<EndpointState> where) : endpoint(std::move(where)) {}

  const std::shared_ptr<EndpointState> endpoint;
};

/// An endpoint inside one snapshot's upstream: shared state plus what the configuration says of it.
struct Candidate {
  EndpointState* state = nullptr;
  std::uint32_t weight = 1;
  std::uint32_t max_connections = 0;  // requests at once over all workers; 0: no limit
  bool backup = false;                // only where no other one can be used
  bool local = true;                  // in this Weir's zone, or zones do not count
};

}  // namespace weir::upstream
