// When a connection to an endpoint is too old for further requests: the rule of keepalive.max_age. Connections that
// were made together, after a start or a restart of the endpoint, must not all end together. Pure; any thread.
#pragma once

#include <cstdint>

#include "core/clock.hpp"

namespace weir::upstream {

/// `max_age` after `opened`, and up to a tenth sooner or later; never where `max_age` is 0. `turn` is the connection's
/// number among those of its pool: those that follow each other are spread evenly over that fifth, whatever their
/// number.
inline TimePoint ages_at(TimePoint opened, Milliseconds max_age, std::uint32_t turn) {
  if (max_age.count() == 0) return TimePoint::max();
  constexpr std::uint32_t golden_ratio = 0x9E37'79B9;  // of 2^32: multiples fill the circle without clusters
  const std::int64_t share = (turn * golden_ratio) >> 16;
  const Milliseconds width = max_age / 5;
  return opened + max_age - width / 2 + Milliseconds(width.count() * share >> 16);
}

}  // namespace weir::upstream
