#include "limit/bucket.hpp"

#include <algorithm>
#include <numeric>

namespace weir::limit {
namespace {

constexpr unsigned share_bits = 32;  // of a fill level that is carried over

}  // namespace

std::optional<TokenBucket> TokenBucket::make(std::uint64_t count, std::chrono::nanoseconds period,
                                             std::uint64_t burst) {
  if (count == 0 || count > count_max || burst == 0 || burst > burst_max || period.count() <= 0)
    return std::nullopt;
  const auto whole_period = static_cast<std::uint64_t>(period.count());
  const auto fill_time_most = static_cast<std::uint64_t>(fill_time_max.count());
  if (Wide{burst} * whole_period > Wide{fill_time_most} * count) return std::nullopt;
  const std::uint64_t shared = std::gcd(count, whole_period);
  TokenBucket bucket;
  bucket.burst_ = burst;
  bucket.parts_ = static_cast<std::uint32_t>(count / shared);
  bucket.token_parts_ = whole_period / shared;
  const auto split = [&](Wide time) {
    return FullAt{static_cast<Nanoseconds>(time / bucket.parts_),
                  static_cast<std::uint32_t>(time % bucket.parts_)};
  };
  bucket.token_ = split(bucket.token_parts_);
  bucket.latest_ = split(Wide{bucket.token_parts_} * (burst - 1));
  return bucket;
}

FullAt TokenBucket::take(FullAt state, Nanoseconds now) const {
  const FullAt from = std::max(state, FullAt{now, 0});
  FullAt after{from.ns + token_.ns, 0};
  std::uint64_t part = std::uint64_t{from.part} + token_.part;
  if (part >= parts_) {
    part -= parts_;
    ++after.ns;
  }
  after.part = static_cast<std::uint32_t>(part);
  return after;
}

TokenBucket::Wide TokenBucket::missing(FullAt state, Nanoseconds now) const {
  if (is_full(state, now)) return 0;
  return Wide{state.ns - now} * parts_ + state.part;
}

std::uint64_t TokenBucket::tokens(FullAt state, Nanoseconds now) const {
  const Wide gone = missing(state, now);
  const Wide all = Wide{token_parts_} * burst_;
  if (gone >= all) return 0;
  return static_cast<std::uint64_t>((all - gone) / token_parts_);
}

Nanoseconds TokenBucket::until_next(FullAt state, Nanoseconds now) const {
  const std::uint64_t held = tokens(state, now);
  if (held == burst_) return 0;
  const Wide target = Wide{token_parts_} * (burst_ - held - 1);  // missing by then
  return static_cast<Nanoseconds>((missing(state, now) - target + parts_ - 1) / parts_);
}

Nanoseconds TokenBucket::fill_time() const {
  return static_cast<Nanoseconds>((Wide{token_parts_} * burst_ + parts_ - 1) / parts_);
}

FullAt TokenBucket::carry_over(FullAt state, Nanoseconds now, const TokenBucket& next) const {
  const Wide gone = missing(state, now);
  if (gone == 0) return {};
  const Wide all = Wide{token_parts_} * burst_;
  const Wide next_all = Wide{next.token_parts_} * next.burst_;
  Wide time = next_all;
  if (gone < all && gone <= (~Wide{0} >> 1) / next_all) {
    time = (gone * next_all + all - 1) / all;
  } else if (gone < all) {
    // Of the largest numbers 32 bits are kept. Nothing overflows: `all` is below 2^59 nanoseconds of 2^30 parts.
    const Wide share = ((gone << share_bits) + all - 1) / all;
    time = (next_all * share + (Wide{1} << share_bits) - 1) >> share_bits;
  }
  return {now + static_cast<Nanoseconds>(time / next.parts_), static_cast<std::uint32_t>(time % next.parts_)};
}

}  // namespace weir::limit
