#include "rollout/histogram.hpp"

#include <algorithm>
#include <bit>
#include <numeric>

namespace weir::rollout {
namespace {

/// By repeated multiplication, in whole microseconds: the same on every machine.
constexpr std::array<std::int64_t, bucket_count - 1> make_bounds() {
  std::array<std::int64_t, bucket_count - 1> bounds{};
  std::int64_t nanoseconds = 100'000;
  for (auto& bound : bounds) {
    bound = nanoseconds / 1'000;
    nanoseconds += nanoseconds / 10;
  }
  return bounds;
}
constexpr auto bounds = make_bounds();

/// By how many bits a time has, the first bucket that can hold it: about seven share a number of bits.
constexpr std::array<Bucket, 65> make_first() {
  std::array<Bucket, 65> first{};
  for (std::size_t bits = 1; bits < first.size(); ++bits) {
    const std::uint64_t least = std::uint64_t{1} << (bits - 1);
    while (first[bits] < bounds.size() && static_cast<std::uint64_t>(bounds[first[bits]]) < least)
      ++first[bits];
  }
  return first;
}
constexpr auto first_of_bits = make_first();

}  // namespace

Microseconds bucket_bound(Bucket bucket) {
  return Microseconds(bounds[std::min<std::size_t>(bucket, bounds.size() - 1)]);
}

Bucket bucket_of(Microseconds time) {
  const std::int64_t us = time.count();
  if (us <= 0) return 0;
  std::size_t bucket =
      first_of_bits[static_cast<std::size_t>(std::bit_width(static_cast<std::uint64_t>(us)))];
  while (bucket < bounds.size() && bounds[bucket] < us) ++bucket;
  return static_cast<Bucket>(bucket);
}

Histogram& Histogram::operator+=(const Histogram& other) {
  for (std::size_t i = 0; i < bucket_count; ++i) counts[i] += other.counts[i];
  return *this;
}

std::uint64_t Histogram::total() const {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

std::uint64_t Histogram::above(Bucket bucket) const {
  return std::accumulate(counts.begin() + bucket + 1, counts.end(), std::uint64_t{0});
}

std::optional<Bucket> Histogram::quantile(unsigned percent) const {
  const std::uint64_t all = total();
  if (all == 0) return std::nullopt;
  const std::uint64_t below = (all * percent + 99) / 100;
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < bucket_count; ++i) {
    seen += counts[i];
    if (seen >= below) return static_cast<Bucket>(i);
  }
  return static_cast<Bucket>(bucket_count - 1);
}

}  // namespace weir::rollout
