// The table of bench/rollout-sim: a row for each scenario, what it showed, and whether that is within its bound. One
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compared.hpp"

namespace weir::sim {

/// How often something happened that must be rare, or frequent.
struct Bound {
  std::string what;
  std::size_t hits = 0, trials = 0;
  std::optional<double> upper_at_most;                   // of the upper 99 % bound of its rate
  std::optional<double> lower_at_least, share_at_least;  // of the lower one; of the observed share
  bool holds() const;
  std::string text() const;
};

class Report {
 public:
  void heading(const std::string& text);
  void line(const std::string& text);
  void check(const Bound& bound);
  bool all_hold() const { return missed_ == 0; }

 private:
  std::size_t missed_ = 0;
};

std::size_t count_if(const std::vector<Compared>& trials, bool (*holds)(const Compared&));
/// Canary requests until the rollback, of those that had one.
std::vector<double> delays(const std::vector<Compared>& trials);

}  // namespace weir::sim
