// Time that moves only when a test says so. Policy code takes a TimePoint argument; this is where tests get
// it.
#pragma once

#include "core/clock.hpp"

namespace weir::testing {

class ManualClock {
 public:
  TimePoint now() const { return now_; }
  TimePoint advance(Duration by) { return now_ += by; }

 private:
  TimePoint now_ =
      TimePoint{} + std::chrono::hours(1);  // not the epoch: a zero TimePoint must not look like now
};

}  // namespace weir::testing
