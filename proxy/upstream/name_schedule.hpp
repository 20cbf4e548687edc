// When a name is looked up again: by the time to live of its answer, within a floor and a cap; after a failure with
// growing pauses. Both with jitter, so that many names, and many replicas, do not ask at once. Pure: randomness is
// passed in.
#pragma once

#include <cstdint>
#include <optional>

#include "core/clock.hpp"

namespace weir::upstream {

inline constexpr Milliseconds file_refresh{10'000};      // of what /etc/hosts says, which has no time to live
inline constexpr Milliseconds first_retry_pause{1'000};  // after the first failure; doubles each time ...
inline constexpr Milliseconds retry_pause_max{30'000};   // ... up to this

/// After an answer: its `ttl` (absent: file_refresh) brought into min..max, and up to a tenth more.
Milliseconds refresh_pause(std::optional<Milliseconds> ttl, Milliseconds min, Milliseconds max,
                           std::uint64_t random);

/// After the `failures`th failure in a row (from 1 on): the pause of its turn, or up to a half less.
Milliseconds retry_pause(std::uint32_t failures, std::uint64_t random);

}  // namespace weir::upstream
