// Guessing a token is slow: after a few wrong ones in a second, an address has to wait for the next second. A bounded
// table of addresses; those that find no place share one. Pure: the time is passed in. One thread.
#pragma once

#include <cstddef>
#include <map>

#include "core/clock.hpp"
#include "core/ip.hpp"

namespace weir::control {

class TokenGuard {
 public:
  static constexpr unsigned wrong_max = 5;  // a second and address; of IPv6 a network of 64 bits is one
  static constexpr std::size_t addresses_max = 1024;
  static constexpr Milliseconds window_length{1'000};

  /// No token of that address is looked at now.
  bool is_blocked(const IpAddress& address, TimePoint now) const;
  /// It sent a wrong one. True: that was the last one of this second.
  bool count_wrong(const IpAddress& address, TimePoint now);
  std::size_t size() const { return windows_.size(); }

 private:
  struct Window {
    TimePoint begin{};
    unsigned wrong = 0;
  };
  static IpAddress place_of(const IpAddress& address);
  Window& window_of(const IpAddress& place, TimePoint now);

  std::map<IpAddress, Window> windows_;
  Window others_;  // of all that found no place
};

}  // namespace weir::control
