#include "upstream/name_schedule.hpp"

#include <algorithm>

namespace weir::upstream {
namespace {

/// A part of `whole`, from nothing to all of it.
Milliseconds part_of(Milliseconds whole, std::uint64_t random) {
  return Milliseconds(static_cast<std::int64_t>(random % (static_cast<std::uint64_t>(whole.count()) + 1)));
}

}  // namespace

Milliseconds refresh_pause(std::optional<Milliseconds> ttl, Milliseconds min, Milliseconds max,
                           std::uint64_t random) {
  const Milliseconds pause = ttl ? std::clamp(*ttl, min, max) : file_refresh;
  return pause + part_of(pause / 10, random);
}

Milliseconds retry_pause(std::uint32_t failures, std::uint64_t random) {
  Milliseconds pause = first_retry_pause;
  for (std::uint32_t i = 1; i < failures && pause < retry_pause_max; ++i) pause *= 2;
  pause = std::min(pause, retry_pause_max);
  return pause - part_of(pause / 2, random);
}

}  // namespace weir::upstream
