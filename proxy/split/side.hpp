// Whether a side of a split can be used at all. It is out when none of its endpoints is: each is ejected, taken out by
// an operator, or failed as often as ejects and stays only because an upstream never ejects its last one, or because
// the failures were discounted. Then other sides take its requests, but one from time to time, so that its recovery is
// seen (not where an operator took all of them out). Pure; any thread; no locks.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include "config/model.hpp"
#include "core/clock.hpp"
#include "upstream/endpoint.hpp"

namespace weir::split {

/// No candidates at all (no name resolves) is out, too.
bool is_out(std::span<const upstream::Candidate> candidates, const config::PassiveHealth& settings);

/// When a side that is out is tried again. Shared by the workers.
class Trial {
 public:
  /// For a request to a side that is out: true for one caller each `interval`, the first time one interval after
  /// the first call.
  bool claim(TimePoint now, Milliseconds interval);
  /// The side is not out (any more).
  void rest() {
    if (next_.load(std::memory_order_relaxed) != resting) next_.store(resting, std::memory_order_relaxed);
  }

 private:
  static constexpr TimePoint::rep resting = TimePoint::min().time_since_epoch().count();
  std::atomic<TimePoint::rep> next_{resting};
};

}  // namespace weir::split
