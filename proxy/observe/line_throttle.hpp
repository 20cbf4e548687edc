// Log lines that a client or an endpoint can cause as often as it likes: one an interval passes, and it says how many
// did not. Pure: time is passed in. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "core/clock.hpp"

namespace weir::observe {

class LineThrottle {
 public:
  static constexpr Milliseconds interval{1000};

  /// Nothing: the line is withheld. Otherwise it is due, and so many were withheld since the last one.
  std::optional<std::uint64_t> admit(TimePoint now) {
    if (now < next_) {
      ++withheld_;
      return std::nullopt;
    }
    next_ = now + interval;
    return std::exchange(withheld_, 0);
  }

 private:
  TimePoint next_{};
  std::uint64_t withheld_ = 0;
};

}  // namespace weir::observe
