// How long requests took in the last seconds, from histograms that only ever grow: one packed histogram a second, and
// quantiles over all that are held. Pure; one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "observe/packed.hpp"
#include "observe/worker_metrics.hpp"

namespace weir::observe {

/// Requests by duration: those of Histogram::buckets.
using Buckets = std::array<std::uint64_t, duration_bounds.size() + 1>;

/// The duration in seconds that `share` (0..1) of the requests stay below, interpolated inside its bucket; past the
/// last bound it is that bound. Nothing where there is no request.
std::optional<double> quantile(const Buckets& buckets, double share);

class RecentLatency {
 public:
  static constexpr std::size_t seconds = 10;
  /// Those of one more second, which take the place of the oldest.
  void add(const Buckets& buckets);
  /// Of all that is held.
  Buckets sum() const;

 private:
  std::array<std::array<PackedCount, duration_bounds.size() + 1>, seconds> ring_{};
  std::uint8_t next_ = 0;
};

}  // namespace weir::observe
