#include "split/affinity.hpp"

#include <bit>

namespace weir::split {
namespace {

// Chosen once, for good: changing one of them would move every client of every split.
constexpr SipKey salt_low{0x7765697220737063u, 0x6974207369646573u};
constexpr SipKey salt_high{0x6974207369646573u, 0x7765697220737063u};
constexpr SipKey names{0x6974206e616d6573u, 0x7765697220737063u};

constexpr int fraction_bits = 32;

}  // namespace

std::uint64_t exponential(std::uint64_t bits) {
  // log2 of `bits`: its whole part is the position of the highest bit; each squaring of what is left gives one
  // binary digit more.
  bits |= 1;
  const int whole = 63 - std::countl_zero(bits);
  std::uint64_t rest = (bits << (63 - whole)) >> 32;  // in [1, 2) as 2^31 .. 2^32 - 1
  std::uint64_t log = static_cast<std::uint64_t>(whole);
  for (int i = 0; i < fraction_bits; ++i) {
    rest = (rest * rest) >> 31;
    const std::uint64_t digit = rest >> 32;
    rest >>= digit;
    log = log << 1 | digit;
  }
  return (std::uint64_t{64} << fraction_bits) - log;
}

Affinity::Affinity(std::string_view salt, std::span<const std::string_view> targets)
    : salt_{stable_hash(salt_low, salt), stable_hash(salt_high, salt)} {
  targets_.reserve(targets.size());
  for (const std::string_view name : targets) targets_.push_back(stable_hash(names, name));
}

std::size_t Affinity::pick(std::string_view key, std::span<const std::uint32_t> weights, Mask allowed) const {
  const std::uint64_t point = stable_hash(salt_, key);
  std::size_t best = none;
  std::uint64_t best_draw = 0;
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    if (!contains(allowed, i) || weights[i] == 0) continue;
    const std::uint64_t draw = exponential(mix(point ^ targets_[i]));
    // draw / weight < best_draw / best_weight without division; a product is below 2^38 * 2^20.
    const std::uint64_t mine = best == none ? 0 : draw * weights[best];
    const std::uint64_t theirs = best == none ? 1 : best_draw * weights[i];
    if (mine > theirs || (mine == theirs && targets_[i] > targets_[best])) continue;
    best = i;
    best_draw = draw;
  }
  return best;
}

}  // namespace weir::split
