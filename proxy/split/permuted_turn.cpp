#include "split/permuted_turn.hpp"

#include <algorithm>
#include <bit>
#include <numeric>

#include "core/stable_hash.hpp"

namespace weir::split {
namespace {

constexpr std::uint64_t odd = 0x9e3779b97f4a7c15u;

/// The upper half of the product: a number below `end`, each as likely for uniform `bits`.
std::uint64_t below(std::uint64_t end, std::uint64_t bits) {
  __extension__ using Product = unsigned __int128;
  return static_cast<std::uint64_t>(Product{bits} * end >> 64);
}

/// The most turns with the same shares that need no more bits, so that few places of the network lie outside.
std::uint64_t filled(std::uint64_t cycle, std::uint64_t total) {
  return cycle == 0 ? 1 : std::bit_ceil(cycle) / total * total;
}

/// `bits` bits (at least 1) that depend on all of `value`.
std::uint64_t scatter(std::uint64_t value, int bits) {
  value *= odd;
  value = (value ^ (value >> 32)) * 0xbf58476d1ce4e5b9u;
  return value >> (64 - bits);
}

}  // namespace

CycleOrder::CycleOrder(const SipKey& key, std::uint64_t cycle) : cycle_(cycle) {
  TableHash hash(key);
  hash.add(cycle);
  secret_ = hash.finish();
  for (std::size_t i = 0; i < rounds; ++i) {
    TableHash of_round(key);
    of_round.add(cycle);
    of_round.add(std::uint64_t{i});
    keys_[i] = of_round.finish();
  }
  const int bits = static_cast<int>(std::bit_width(cycle - 1));
  low_bits_ = bits / 2;
  high_bits_ = bits - low_bits_;
}

/// A keyed permutation of the numbers of low_bits_ + high_bits_ bits: a Feistel network, whose halves change in turn.
std::uint64_t CycleOrder::permute(std::uint64_t cycle_key, std::uint64_t value) const {
  std::uint64_t high = value >> low_bits_, low = value & ((std::uint64_t{1} << low_bits_) - 1);
  for (std::size_t round = 0; round < rounds; round += 2) {
    high ^= scatter((low ^ keys_[round]) + cycle_key, high_bits_);
    low ^= scatter((high ^ keys_[round + 1]) + cycle_key, low_bits_);
  }
  return high << low_bits_ | low;
}

std::uint64_t CycleOrder::place_of(std::uint64_t turn) const {
  const std::uint64_t number = turn / cycle_;
  const std::uint64_t cycle_key = mix(number ^ secret_);
  // The permutation is of the next power of two; who lands outside walks on until inside, which permutes the inside.
  std::uint64_t place = turn - number * cycle_;
  if (low_bits_ != 0) {  // of a cycle of two turns or one the wheel is all
    do {
      place = permute(cycle_key, place);
    } while (place >= cycle_);
  }
  // The network is no uniform permutation, if nearly. A turn of the whole wheel makes every place exactly as likely.
  place += below(cycle_, mix(cycle_key ^ odd));
  return place >= cycle_ ? place - cycle_ : place;
}

std::uint64_t cycle_length(std::span<const std::uint32_t> weights, Mask allowed) {
  std::uint64_t total = 0, lightest = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (!contains(allowed, i) || weights[i] == 0) continue;
    total += weights[i];
    lightest = lightest == 0 ? weights[i] : std::min<std::uint64_t>(lightest, weights[i]);
  }
  if (total == 0) return 0;
  const auto times = [](std::uint64_t need, std::uint64_t has) { return (need + has - 1) / has; };
  return total * std::max(times(cycle_turns_min, total), times(target_turns_min, lightest));
}

void reduce(std::span<std::uint32_t> weights) {
  std::uint32_t common = 0;
  for (const std::uint32_t weight : weights) common = std::gcd(common, weight);
  if (common <= 1) return;
  for (std::uint32_t& weight : weights) weight /= common;
}

PermutedTurns::PermutedTurns(const SipKey& key, std::span<const std::uint32_t> weights, Mask allowed)
    : key_(key), order_(key, filled(cycle_length(weights, allowed), total_weight(weights, allowed))) {
  const std::uint64_t total = total_weight(weights, allowed);
  std::uint64_t end = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (!contains(allowed, i) || weights[i] == 0) continue;
    end += weights[i] * (order_.cycle() / total);
    parts_[count_++] = {end, i};
  }
}

}  // namespace weir::split
