// State of one endpoint that all workers share: in-flight count and passive health, as atomics on cache lines
// of their own. Identity survives reloads: the control thread's registry hands out the same object for the
// same upstream, address and connection settings. Any thread; no locks.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "core/ip.hpp"
#include "health/passive.hpp"

namespace weir::upstream {

struct EndpointState {
  EndpointState(std::string upstream_name, std::string shown_label, SocketAddress where,
                std::size_t slot_index)
      : upstream(std::move(upstream_name)), label(std::move(shown_label)), address(where), slot(slot_index) {}

  const std::string upstream;  // name of its upstream
  const std::string label;     // "127.0.0.1:9001", as logs and metrics show it
  const SocketAddress address;
  const std::size_t slot;  // small number, unique among living endpoints; index of per-worker tables

  alignas(64) std::atomic<std::uint32_t> in_flight{0};
  alignas(64) health::PassiveHealth health;
};

/// An endpoint inside one snapshot's upstream: shared state plus what the configuration says of it.
struct Candidate {
  EndpointState* state = nullptr;
  std::uint32_t weight = 1;
};

}  // namespace weir::upstream
