// The last seconds and minutes of the comparison side: what a shared cause is seen by, and what is slow. A second
// enters the ten minutes when it leaves the ten seconds, so that an outage is compared with what was before it. Not
// kept over a restart: a shared cause is seen again once there is a past to compare with. Pure; one thread.
#pragma once

#include <array>
#include <cstdint>

#include "core/clock.hpp"
#include "rollout/counts.hpp"

namespace weir::rollout {

struct Outcomes {
  std::uint64_t requests = 0, failed = 0;
  Outcomes& operator+=(const Outcomes& other) {
    requests += other.requests;
    failed += other.failed;
    return *this;
  }
  bool operator==(const Outcomes&) const = default;
};

class Recent {
 public:
  static constexpr std::size_t seconds = 10, minutes = 10;

  /// Time passes, in milliseconds since the rollout began. `is_usual` false: what leaves the ten seconds is no past to
  /// compare with (an outage), and is forgotten.
  void advance(std::int64_t now_ms, bool is_usual);
  void add(const SideCounts& counts, bool is_usual);

  Outcomes last_seconds() const;
  /// Of the ten minutes before the ten seconds.
  Outcomes past() const;
  /// Of the last ten minutes.
  Histogram latency() const;
  /// The present becomes the past: what was unusual is usual from now on.
  void accept_present();

 private:
  std::array<Outcomes, seconds> by_second_{};
  std::array<Outcomes, minutes> by_minute_{};
  std::array<Histogram, minutes> latency_{};
  std::int64_t second_ = 0;  // the present one
};

}  // namespace weir::rollout
