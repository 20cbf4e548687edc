// When a connection is too old for further requests: the rule of limits.connection_max_age, limits.tunnel_max_age and
// keepalive.max_age. Connections that were made together, after a start of either side, must not all end together.
// Pure; any thread.
#pragma once

#include <cstdint>

#include "core/clock.hpp"

namespace weir {

/// `max_age` after `opened`, and up to a tenth sooner or later; never where `max_age` is 0. `turn` says where in that
/// fifth: turns that follow each other are spread over it evenly, whatever their number and wherever they begin, and
/// random ones at random.
inline TimePoint ages_at(TimePoint opened, Milliseconds max_age, std::uint32_t turn) {
  if (max_age.count() == 0) return TimePoint::max();
  constexpr std::uint32_t golden_ratio = 0x9E37'79B9;  // of 2^32: multiples fill the circle without clusters
  const std::int64_t share = (turn * golden_ratio) >> 16;
  const Milliseconds width = max_age / 5;
  return opened + max_age - width / 2 + Milliseconds(width.count() * share >> 16);
}

}  // namespace weir
