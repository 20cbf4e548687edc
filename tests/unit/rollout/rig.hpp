// A rollout with a manual time and exact traffic, for the tests of the state machine.
#pragma once

#include <vector>

#include "rollout/rollout.hpp"

namespace weir::rollout {

struct Rig {
  explicit Rig(Settings with = {}) : settings(std::move(with)), rollout(settings, names, now) {}

  /// One tick of `ms`, with that much on each side: `canary` of them failed `canary_failed` times, and so on.
  std::optional<Decision> tick(std::uint64_t canary = 0, std::uint64_t canary_failed = 0,
                               std::uint64_t other = 0, std::uint64_t other_failed = 0) {
    Counts counts;
    counts.publication = rollout.publication();
    fill(counts.sides[index(Side::canary)], canary, canary_failed, canary_latency);
    fill(counts.sides[index(Side::comparison)], other, other_failed, latency);
    return tick(counts);
  }
  std::optional<Decision> tick(const Counts& counts) {
    now += interval;
    Tick tick;
    tick.now = now;
    tick.canary_usable = canary_usable;
    tick.stable_usable = stable_usable;
    tick.canary_restarted = canary_restarted;
    tick.may_raise = may_raise;
    tick.counts = {&counts, 1};
    return rollout.tick(tick);
  }
  /// Ticks of the same traffic until a decision, for at most that long. The decision, if any.
  std::optional<Decision> run(Milliseconds time, std::uint64_t canary, std::uint64_t canary_failed,
                              std::uint64_t other, std::uint64_t other_failed) {
    for (Milliseconds passed{0}; passed < time; passed += interval) {
      if (auto decision = tick(canary, canary_failed, other, other_failed)) return decision;
    }
    return std::nullopt;
  }
  static void fill(SideCounts& side, std::uint64_t requests, std::uint64_t failed, Bucket bucket) {
    side.requests = requests;
    side.failed = failed;
    side.latency.add(bucket, requests);
  }

  Settings settings;
  Names names{"api", "green", "blue"};
  TimePoint now{std::chrono::hours{5}};
  Milliseconds interval{250};
  Bucket latency = 40, canary_latency = 40;
  bool canary_usable = true, stable_usable = true, canary_restarted = false, may_raise = true;
  Rollout rollout;
};

}  // namespace weir::rollout
