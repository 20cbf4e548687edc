// Over random shares: of any number of turns the share is copied, to the request, wherever one begins to count; and
// workers that draw turns from one counter copy exactly that many together.
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "core/rng.hpp"
#include "route/mirror.hpp"

namespace weir::route {
namespace {

constexpr std::uint64_t whole = config::mirror_share_whole;

std::uint32_t random_share(Rng& rng) {
  const std::uint64_t most = rng() % 2 == 0 ? whole : 20'000;
  return static_cast<std::uint32_t>(rng() % (most + 1));
}

TEST(MirrorProperty, TheFirstTurnsHoldExactlyTheirShare) {
  Rng rng(31);
  for (int round = 0; round < 200; ++round) {
    const std::uint32_t share = random_share(rng);
    std::uint64_t copied = 0;
    for (std::uint64_t turn = 0; turn < 3000; ++turn) {
      copied += is_copied(share, turn) ? 1 : 0;
      ASSERT_EQ(copied, (turn + 1) * share / whole) << share << " at " << turn;
    }
  }
}

TEST(MirrorProperty, AnyTurnsInARowHoldTheirShareOrOneMore) {
  Rng rng(32);
  for (int round = 0; round < 300; ++round) {
    const std::uint32_t share = random_share(rng);
    const std::uint64_t from = rng() >> (rng() % 40), count = 1 + rng() % 5000;
    if (from % whole + count > whole) continue;  // a count that wraps around is met once in a million turns
    std::uint64_t copied = 0;
    for (std::uint64_t i = 0; i < count; ++i) copied += is_copied(share, from + i) ? 1 : 0;
    EXPECT_GE(copied, count * share / whole) << share << " from " << from;
    EXPECT_LE(copied, count * share / whole + 1) << share << " from " << from;
  }
}

TEST(MirrorProperty, AWholeCycleIsExact) {
  Rng rng(33);
  for (int round = 0; round < 5; ++round) {
    const std::uint32_t share = random_share(rng);
    const std::uint64_t from = rng() % (1ULL << 62);
    std::uint64_t copied = 0, gap = 0, longest = 0;
    for (std::uint64_t i = 0; i < whole; ++i) {
      const bool copy = is_copied(share, from + i);
      copied += copy ? 1 : 0;
      gap = copy ? 0 : gap + 1;
      longest = std::max(longest, gap);
    }
    EXPECT_EQ(copied, share);
    if (share > 0) {
      EXPECT_LE(longest, whole / share + 1);
    }
  }
}

TEST(MirrorProperty, WorkersShareTheTurns) {
  constexpr std::uint32_t share = 33'333;
  constexpr std::uint64_t each = 50'000;
  MirrorShared shared;
  std::vector<std::uint64_t> copied(4);
  std::vector<std::thread> workers;
  for (std::uint64_t& count : copied) {
    workers.emplace_back([&shared, &count] {
      for (std::uint64_t i = 0; i < each; ++i) {
        count += is_copied(share, shared.turn.fetch_add(1, std::memory_order_relaxed)) ? 1 : 0;
      }
    });
  }
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < workers.size(); ++i) {
    workers[i].join();
    total += copied[i];
  }
  EXPECT_EQ(total, each * workers.size() * share / whole);
}

}  // namespace
}  // namespace weir::route
