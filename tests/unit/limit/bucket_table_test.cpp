#include "limit/bucket_table.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "unit/limit/limits.hpp"

namespace weir::limit {
namespace {

TEST(BucketTable, TakesAtMostSixtyFourBytesAKey) {
  for (const std::size_t keys : {4u, 7u, 1'000u, 1'000'000u}) {
    EXPECT_LE(table_of(keys, per_second(1, 1))->bytes(), 64 * keys);
  }
}

TEST(BucketTable, KeysDoNotDisturbEachOther) {
  const auto table = table_of(10'000, per_second(1, 2));
  for (std::uint64_t key = 0; key < 5'000; ++key) {
    EXPECT_TRUE(ask(*table, key, start).has_token);
    EXPECT_TRUE(ask(*table, key, start).has_token);
  }
  for (std::uint64_t key = 0; key < 5'000; ++key) EXPECT_FALSE(ask(*table, key, start).has_token) << key;
  EXPECT_EQ(table->keys(), 5'000u);
  EXPECT_EQ(table->evictions(), 0u);
}

TEST(BucketTable, ALookSeesWhatARequestWouldAndChangesNothing) {
  const auto table = table_of(1'000, per_second(1, 3));
  const auto fresh = table->look(hash_of(1));
  EXPECT_FALSE(fresh.known);
  EXPECT_EQ(fresh.bucket.tokens(fresh.state, start), 3u);
  EXPECT_EQ(table->keys(), 0u) << "no bucket was made";
  ask(*table, 1, start);
  ask(*table, 1, start);
  for (int i = 0; i < 5; ++i) {
    const auto seen = table->look(hash_of(1));
    EXPECT_TRUE(seen.known);
    EXPECT_EQ(seen.bucket.tokens(seen.state, start), 1u);
  }
  EXPECT_EQ(ask(*table, 1, start).tokens(start), 0u);
  EXPECT_EQ(table->keys(), 1u);
}

TEST(BucketTable, ALookSeesTheRateThatHolds) {
  const auto table = table_of(1'000, per_second(1, 4));
  for (int i = 0; i < 2; ++i) ask(*table, 1, start);
  table->change(per_second(1, 8), start);
  const auto seen = table->look(hash_of(1));
  EXPECT_EQ(seen.bucket.burst(), 8u);
  EXPECT_EQ(seen.bucket.tokens(seen.state, start), 4u) << "as full as before";
  EXPECT_EQ(ask(*table, 1, start).tokens(start), 3u);
}

TEST(BucketTable, RemembersKeysMaxKeys) {
  const auto table = table_of(100'000, per_second(1, 1));
  for (std::uint64_t key = 0; key < 100'000; ++key) ASSERT_TRUE(ask(*table, key, start).has_token);
  std::uint64_t forgotten = 0;
  for (std::uint64_t key = 0; key < 100'000; ++key) forgotten += ask(*table, key, start).has_token ? 1 : 0;
  EXPECT_LE(forgotten, 100u);  // groups that were full: one key in ten thousand
  EXPECT_LE(table->keys(), 100'000u);
}

TEST(BucketTable, FullBucketsAreForgottenFirst) {
  const auto table = table_of(1'000, per_second(10, 10));
  for (std::uint64_t key = 0; key < 1'000; ++key) ask(*table, key, start);
  // A tenth of a second later these are full again; the next thousand need their place.
  const Nanoseconds later = start + second / 10;
  for (std::uint64_t key = 1'000; key < 1'900; ++key) {
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(ask(*table, key, later).has_token);
  }
  EXPECT_LE(table->keys(), 1'000u);
  for (std::uint64_t key = 1'000; key < 1'900; ++key) EXPECT_FALSE(ask(*table, key, later).has_token) << key;
  EXPECT_EQ(table->evictions(), 0u);
}

TEST(BucketTable, NeverRefusesForLackOfRoomAndCountsWhatItForgot) {
  const auto table = table_of(400, per_second(1, 1));
  for (std::uint64_t key = 0; key < 10'000; ++key) {
    ASSERT_TRUE(ask(*table, key, start).has_token) << key;
    ASSERT_LE(table->keys(), 400u);
  }
  EXPECT_EQ(table->evictions() + table->keys(), 10'000u);
}

TEST(BucketTable, TheOneNearestToFullGoes) {
  const auto table = table_of(BucketTable::keys_min, per_second(1, 10));  // one group
  for (std::uint64_t key = 0; key < 4; ++key) {
    for (std::uint64_t i = 0; i <= (key + 1) % 4; ++i) ask(*table, key, start);
  }
  ask(*table, 100, start);
  EXPECT_EQ(table->keys(), 4u);
  EXPECT_EQ(table->evictions(), 1u);
  // Key 3 had given one token only, as the new one.
  EXPECT_EQ(ask(*table, 0, start).tokens(start), 7u);
  EXPECT_EQ(ask(*table, 1, start).tokens(start), 6u);
  EXPECT_EQ(ask(*table, 2, start).tokens(start), 5u);
}

TEST(BucketTable, AChangeKeepsEveryFillLevel) {
  const auto table = table_of(1'000, per_second(10, 20));
  for (std::uint64_t key = 0; key < 21; ++key) {
    for (std::uint64_t i = 0; i < key; ++i) ask(*table, key, start);
  }
  table->change(per_second(100, 200), start);
  for (std::uint64_t key = 0; key < 20; ++key) {
    EXPECT_EQ(ask(*table, key, start).tokens(start), (20 - key) * 10 - 1) << key;
  }
  EXPECT_FALSE(ask(*table, 20, start).has_token);
  EXPECT_EQ(ask(*table, 20, start).until_next(start), second / 100);
}

TEST(BucketTable, AChangeCountsFromItsOwnMoment) {
  const auto table = table_of(1'000, per_second(1, 10));
  for (int i = 0; i < 10; ++i) ask(*table, 1, start);
  table->change(per_second(5, 10), start + 2 * second);  // two are back by then, five a second from there
  EXPECT_EQ(ask(*table, 1, start + 3 * second).tokens(start + 3 * second), 6u);
}

TEST(BucketTable, ManyChangesInARow) {
  const auto table = table_of(1'000, per_second(10, 20));
  for (int i = 0; i < 10; ++i) ask(*table, 1, start);
  for (int i = 0; i < 1'000; ++i) {
    table->change(per_second(10, 20 + 20 * static_cast<std::uint64_t>(i % 2)), start);
    ask(*table, 1'000 + static_cast<std::uint64_t>(i), start);  // groups of every age
  }
  table->change(per_second(10, 20), start);
  EXPECT_EQ(ask(*table, 1, start).tokens(start), 9u);
  EXPECT_EQ(ask(*table, 2, start).tokens(start), 19u);
}

TEST(BucketTable, TheSameRateIsNoChange) {
  const auto table = table_of(1'000, per_second(10, 20));
  ask(*table, 1, start);
  table->change(per_second(10, 20), start + second);
  EXPECT_EQ(ask(*table, 1, start).tokens(start), 18u);
}

/// Runs `work(i)` in `count` threads at once.
template <class Work>
void in_threads(unsigned count, Work work) {
  std::atomic<bool> go = false;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      while (!go) std::this_thread::yield();
      work(i);
    });
  }
  go = true;
  for (std::thread& thread : threads) thread.join();
}

TEST(BucketTable, ThreadsShareABucketExactly) {
  const auto table = table_of(1'000, per_second(1, 5'000));
  std::atomic<std::uint64_t> admitted = 0;
  in_threads(4, [&](unsigned) {
    for (int i = 0; i < 2'500; ++i) admitted += ask(*table, 7, start).has_token ? 1 : 0;
  });
  EXPECT_EQ(admitted, 5'000u);
}

TEST(BucketTable, ThreadsShareManyBucketsExactly) {
  const auto table = table_of(1'000, per_second(1, 10));
  std::atomic<std::uint64_t> admitted = 0;
  in_threads(3, [&](unsigned) {
    for (int round = 0; round < 10; ++round) {
      for (std::uint64_t key = 0; key < 500; ++key) admitted += ask(*table, key, start).has_token ? 1 : 0;
    }
  });
  EXPECT_EQ(admitted, 5'000u);
  EXPECT_EQ(table->keys(), 500u);
}

TEST(BucketTable, AChangeUnderLoadLosesAndGivesNothing) {
  const auto table = table_of(1'000, per_second(1, 1'000));
  std::atomic<std::uint64_t> admitted = 0;
  in_threads(3, [&](unsigned index) {
    if (index == 0) {
      for (std::uint64_t i = 1; i <= 200; ++i) table->change(per_second(1 + i % 2, 1'000), start);
      return;
    }
    for (std::uint64_t i = 0; i < 20'000; ++i) admitted += ask(*table, i % 20, start).has_token ? 1 : 0;
  });
  // Each change rounds towards empty by less than a token.
  EXPECT_LE(admitted, 20'000u);
  EXPECT_GE(admitted, 20'000u - 20 * 200);
}

TEST(BucketTable, ThreadsThatOverfillItStayWithinTheBound) {
  const auto table = table_of(400, per_second(1, 1));
  in_threads(4, [&](unsigned index) {
    for (std::uint64_t i = 0; i < 5'000; ++i) ask(*table, 1'000'000ULL * index + i, start);
  });
  EXPECT_LE(table->keys(), 400u + 4);
  EXPECT_EQ(table->evictions() + table->keys(), 20'000u);
}

}  // namespace
}  // namespace weir::limit
