// Two rules that are in use, on the same traffic. Seeded by nothing; one thread.
#pragma once

#include "simulate/trial.hpp"

namespace weir::sim {

/// As Flagger's builtin check: of the canary alone, each 60 s, at least 99 % of its requests in them succeed; no
/// requests pass. The fifth failed check takes it back.
class FlaggerLike {
 public:
  /// True: it takes the canary back now. `seen`: of the whole rollout.
  bool look(double seconds, const Seen& seen);

 private:
  double next_ = 60;
  int failed_checks_ = 0;
  Seen before_;
};

/// The usual test of two shares, each 10 s, on all that the step had so far: one-sided p below 1 %.
class RepeatedZ {
 public:
  /// `seen`: of the step.
  bool look(double seconds, const Seen& seen);

 private:
  double next_ = 10;
};

}  // namespace weir::sim
