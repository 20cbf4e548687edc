// Failure reports of an upstream's endpoints, with the rule that one endpoint always stays in use. The rule
// looks at several endpoints at once, so ejections (rare) of one upstream are made one at a time; everything
// else stays a single atomic step on one endpoint. Pure; any thread; never waits.
#pragma once

#include <atomic>
#include <cstddef>
#include <span>

#include "config/model.hpp"
#include "core/clock.hpp"
#include "health/passive.hpp"
#include "upstream/endpoint.hpp"

namespace weir::upstream {

/// Whose turn it is to eject. One per upstream, shared by all workers and kept over reloads.
class EjectionGuard {
 public:
  bool try_enter() { return !busy_.exchange(true, std::memory_order_acquire); }
  void leave() { busy_.store(false, std::memory_order_release); }

 private:
  std::atomic<bool> busy_{false};
};

/// How many candidates are in use: healthy, and nothing else speaks against them.
std::size_t usable_count(std::span<const Candidate> candidates);

/// Another candidate than `which` is in use. An answer for now only: while the caller holds the upstream's
/// EjectionGuard nobody else ejects, and recoveries never take an endpoint away; only an operator still may.
bool may_eject(std::span<const Candidate> candidates, const EndpointState& which);

/// Reports a failed request to `which` and ejects it where that is due. At the moment of an ejection another
/// of `candidates` is healthy, also when workers report about several endpoints at the same time. When the
/// guard is held longer than a few microseconds (its holder lost the CPU) the failure is only counted and the
/// next one ejects.
health::Change report_failure(EjectionGuard& guard, std::span<const Candidate> candidates,
                              EndpointState& which, const config::PassiveHealth& settings, TimePoint now,
                              health::Ticket ticket);

}  // namespace weir::upstream
