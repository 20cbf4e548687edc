// The token bucket as exact arithmetic. A bucket holds `burst` tokens, a request takes one, and `count` come back each
// `period`. All that is stored of it is the moment at which it will be full again; the tokens follow from that and the
// time, so nothing needs to run to refill it. Rates that do not divide a nanosecond are exact too: moments carry
// a fraction. Pure: time is passed in; any thread.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>

#include "core/clock.hpp"

namespace weir::limit {

/// On the steady clock, or between two of its moments.
using Nanoseconds = std::uint64_t;
inline Nanoseconds nanoseconds_of(TimePoint time) {
  return static_cast<Nanoseconds>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count());
}

/// When a bucket is full again. The default is long past: a bucket that was never used.
struct FullAt {
  Nanoseconds ns = 0;
  std::uint32_t part = 0;  // of a nanosecond, in 1 / TokenBucket::parts()
  auto operator<=>(const FullAt&) const = default;
};

/// The constants of one rate and burst. Any state that was made by one of them belongs to it: see `carry_over`.
class TokenBucket {
 public:
  static constexpr std::uint64_t count_max = 1'000'000'000;
  static constexpr std::uint64_t burst_max = 1'000'000'000;
  static constexpr std::chrono::nanoseconds fill_time_max = std::chrono::hours(24 * 365 * 10);

  /// One token a second, one at a time.
  TokenBucket() = default;
  /// Nothing when a number is 0 or above its bound, or an empty bucket would take more than fill_time_max.
  static std::optional<TokenBucket> make(std::uint64_t count, std::chrono::nanoseconds period,
                                         std::uint64_t burst);

  bool operator==(const TokenBucket&) const = default;
  std::uint64_t burst() const { return burst_; }
  std::uint32_t parts() const { return parts_; }

  bool is_full(FullAt state, Nanoseconds now) const { return state <= FullAt{now, 0}; }
  /// Whether there is a token.
  bool admits(FullAt state, Nanoseconds now) const { return state <= FullAt{now + latest_.ns, latest_.part}; }
  /// One token less. Only where `admits`.
  FullAt take(FullAt state, Nanoseconds now) const;
  /// Whole tokens that are there.
  std::uint64_t tokens(FullAt state, Nanoseconds now) const;
  /// Until there is one token more than now, rounded up; 0 when the bucket is full.
  Nanoseconds until_next(FullAt state, Nanoseconds now) const;
  /// From empty to full, rounded up.
  Nanoseconds fill_time() const;
  /// The state that is, at `now`, as full in `next` as `state` is in this one; rounded towards empty,
  /// by less than 2^-32 of the burst.
  FullAt carry_over(FullAt state, Nanoseconds now, const TokenBucket& next) const;

 private:
  __extension__ using Wide = unsigned __int128;
  /// What is missing, in parts.
  Wide missing(FullAt state, Nanoseconds now) const;

  std::uint64_t burst_ = 1;
  std::uint64_t token_parts_ = 1'000'000'000;  // time a token takes to come back, in parts
  std::uint32_t parts_ = 1;                    // parts of a nanosecond
  FullAt token_{1'000'000'000, 0};             // the same time as nanoseconds and parts
  FullAt latest_{0, 0};                        // how far ahead a bucket with one token left is from full
};

/// Whole seconds, rounded up.
constexpr std::uint64_t seconds_of(Nanoseconds time) {
  constexpr Nanoseconds second = 1'000'000'000;
  return time / second + (time % second != 0);
}

}  // namespace weir::limit
