// Times to first byte in buckets that grow by a tenth: 0.1 ms to 91 s. Workers count a request by its bucket, so what
// is slow, and the quantiles, follow from counters. Pure values; any thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

namespace weir::rollout {

inline constexpr std::size_t bucket_count = 146;  // the last one: everything above
using Bucket = std::uint8_t;
using Microseconds = std::chrono::microseconds;

/// The upper bound of a bucket, which is in it. The last has none; its lower bound stands for it.
Microseconds bucket_bound(Bucket bucket);
/// Where a time belongs: `time` without the time to connect.
Bucket bucket_of(Microseconds time);

struct Histogram {
  std::array<std::uint64_t, bucket_count> counts{};

  void add(Bucket bucket, std::uint64_t times = 1) { counts[bucket] += times; }
  Histogram& operator+=(const Histogram& other);
  std::uint64_t total() const;
  /// How many are above that bucket.
  std::uint64_t above(Bucket bucket) const;
  /// The bucket that holds the quantile `percent` (1 .. 99); nothing when there is nothing.
  std::optional<Bucket> quantile(unsigned percent) const;
  bool operator==(const Histogram&) const = default;
};

}  // namespace weir::rollout
