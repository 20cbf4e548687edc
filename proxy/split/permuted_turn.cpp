#include "split/permuted_turn.hpp"

#include <algorithm>
#include <bit>
#include <numeric>

#include "core/stable_hash.hpp"

namespace weir::split {
namespace {

constexpr int rounds = 8;

/// A keyed permutation of 0 .. 2^bits - 1: a Feistel network, whose halves change in turn.
std::uint64_t permute(std::uint64_t key, int bits, std::uint64_t value) {
  const int low_bits = bits / 2;
  const std::uint64_t low_mask = (std::uint64_t{1} << low_bits) - 1;
  const std::uint64_t high_mask = (std::uint64_t{1} << (bits - low_bits)) - 1;
  std::uint64_t high = value >> low_bits, low = value & low_mask;
  for (int round = 0; round < rounds; round += 2) {
    const std::uint64_t salt = static_cast<std::uint64_t>(round) << 56;
    high ^= mix(key + salt + low) & high_mask;
    low ^= mix(key + salt + (std::uint64_t{1} << 56) + high) & low_mask;
  }
  return high << low_bits | low;
}

}  // namespace

std::uint64_t permuted_turn(const SipKey& key, std::uint64_t cycle, std::uint64_t turn) {
  if (cycle <= 1) return turn;
  const std::uint64_t block = turn / cycle, first = block * cycle;
  TableHash hash(key);
  hash.add(block);
  const std::uint64_t block_key = hash.finish();
  const auto bits = static_cast<int>(std::bit_width(cycle - 1));
  // The permutation is of the next power of two; who lands outside walks on until inside, which permutes the inside.
  std::uint64_t place = turn - first;
  do {
    place = permute(block_key, bits, place);
  } while (place >= cycle);
  // The network is no uniform permutation, if nearly. A turn of the whole wheel makes every place exactly as likely.
  const std::uint64_t shift = mix(block_key ^ 0x9e3779b97f4a7c15u) % cycle;
  return first + (place + shift) % cycle;
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

std::size_t pick_by_permuted_turn(const SipKey& key, std::span<const std::uint32_t> weights, Mask allowed,
                                  std::uint64_t turn) {
  const std::uint64_t cycle = cycle_length(weights, allowed);
  return cycle == 0 ? none : pick_by_turn(weights, allowed, permuted_turn(key, cycle, turn));
}

}  // namespace weir::split
