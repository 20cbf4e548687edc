#include "core/rng.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <set>

namespace weir {
namespace {

static_assert(std::uniform_random_bit_generator<Rng>);

TEST(Rng, IsReplayable) {
  Rng one(123), two(123);
  for (int i = 0; i < 1'000; ++i) ASSERT_EQ(one(), two());
}

/// The published algorithm, written out once more in its plainest form.
std::uint64_t reference_next(std::array<std::uint64_t, 4>& s) {
  const auto rotate = [](std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); };
  const std::uint64_t result = rotate(s[0] + s[3], 23) + s[0];
  const std::uint64_t t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotate(s[3], 45);
  return result;
}

TEST(Rng, IsXoshiro256PlusPlusSeededBySplitMix64) {
  // The first four outputs of SplitMix64 for seed 1234567, as published with it (Rosetta Code's test vector).
  std::array<std::uint64_t, 4> state{6457827717110365317ull, 3203168211198807973ull, 9817491932198370423ull,
                                     4593380528125082431ull};
  Rng rng(1234567);
  for (int i = 0; i < 1'000; ++i) ASSERT_EQ(rng(), reference_next(state)) << i;
}

TEST(Rng, NeighbouringSeedsShareNothing) {
  std::set<std::uint64_t> seen;
  for (std::uint64_t seed = 0; seed < 1'000; ++seed) {
    Rng rng(seed);
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(seen.insert(rng()).second);
  }
}

TEST(Rng, EveryBitIsFair) {
  Rng rng(77);
  constexpr int draws = 100'000;
  std::array<int, 64> ones{};
  for (int i = 0; i < draws; ++i) {
    const std::uint64_t value = rng();
    for (std::size_t bit = 0; bit < 64; ++bit) ones[bit] += static_cast<int>((value >> bit) & 1);
  }
  for (std::size_t bit = 0; bit < 64; ++bit) EXPECT_NEAR(ones[bit], draws / 2, 1'000) << bit;  // 6 sigma
}

}  // namespace
}  // namespace weir
