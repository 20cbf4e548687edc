// State of one endpoint that all workers share: in-flight count and passive health, as atomics on cache lines
// of their own. Identity survives reloads: the control thread's registry hands out the same object for the
// same upstream, address and connection settings. Any thread; no locks.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "balance/latency.hpp"
#include "core/ip.hpp"
#include "health/passive.hpp"
#include "split/hash.hpp"

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

struct EndpointState {
  EndpointState(std::string upstream_name, std::string shown_label, SocketAddress where,
                std::size_t slot_index)
      : upstream(std::move(upstream_name)),
        label(std::move(shown_label)),
        address(where),
        slot(slot_index),
        point(split::hash({}, label)) {}

  const std::string upstream;  // name of its upstream
  const std::string label;     // "127.0.0.1:9001", as logs and metrics show it
  const SocketAddress address;
  const std::size_t slot;     // small number, unique among living endpoints; index of per-worker tables
  const std::uint64_t point;  // of its label, for `balance: hash`: the same on every machine

  alignas(64) std::atomic<std::uint32_t> in_flight{0};
  alignas(64) health::PassiveHealth health;
  std::atomic<std::uint8_t> out{0};  // bits of Out; 0: nothing speaks against it
  std::atomic<std::int64_t> serving_since{
      0};                                // milliseconds of TimePoint's epoch, for slow_start; 0: long ago
  alignas(64) balance::Latency latency;  // only `balance: least_latency` writes and reads it

  /// May take a new request, as far as it is concerned itself.
  bool usable() const { return out.load(std::memory_order_relaxed) == 0 && health.usable(); }
  /// An operator took it out: no new request may go there, whatever else is left.
  bool taken_out() const { return (out.load(std::memory_order_relaxed) & out_by_operator) != 0; }
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
