#include "limit/limiter.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "unit/limit/limits.hpp"

namespace weir::limit {
namespace {

class LimiterTest : public ::testing::Test {
 protected:
  std::vector<Demand> both(bool shadow_small = false) {
    return {Demand(*large, hash_of(1), false), Demand(*small, hash_of(2), shadow_small)};
  }
  std::shared_ptr<BucketTable> large = table_of(1'000, per_second(1, 10));
  std::shared_ptr<BucketTable> small = table_of(1'000, per_second(1, 3));
};

TEST_F(LimiterTest, NoDemandsAdmit) {
  EXPECT_TRUE(take_all({}, start));
}

TEST_F(LimiterTest, AllMustAdmit) {
  auto demands = both();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(take_all(demands, start));
  EXPECT_FALSE(take_all(demands, start));
  EXPECT_TRUE(demands[0].has_token);
  EXPECT_FALSE(demands[1].has_token);
}

TEST_F(LimiterTest, ARefusalTakesNothingFromTheOthers) {
  auto demands = both();
  for (int i = 0; i < 100; ++i) take_all(demands, start);
  EXPECT_EQ(demands[0].tokens(start), 7u);
  EXPECT_EQ(demands[1].tokens(start), 0u);
  EXPECT_EQ(ask(*large, 1, start).tokens(start), 6u);
}

TEST_F(LimiterTest, ARefusalLeavesNoKeyBehind) {
  for (int i = 0; i < 3; ++i) ask(*small, 2, start);
  auto demands = both();
  EXPECT_FALSE(take_all(demands, start));
  EXPECT_EQ(large->keys(), 0u);
}

TEST_F(LimiterTest, ShadowHasNoSay) {
  auto demands = both(true);
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(take_all(demands, start));
    EXPECT_EQ(demands[1].has_token, i < 3);
  }
  EXPECT_FALSE(take_all(demands, start));
}

TEST_F(LimiterTest, ARefusalTakesNothingFromAShadow) {
  std::vector<Demand> demands{Demand(*large, hash_of(1), true), Demand(*small, hash_of(2), false)};
  for (int i = 0; i < 10; ++i) take_all(demands, start);
  EXPECT_EQ(demands[0].tokens(start), 7u);
}

TEST_F(LimiterTest, ThreadsWithOpposedOrdersNeitherBlockNorMiscount) {
  const auto other = table_of(1'000, per_second(1, 20'000));
  const auto both_tables = table_of(1'000, per_second(1, 20'000));
  std::atomic<std::uint64_t> admitted = 0;
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      std::vector<Demand> demands{Demand(*other, hash_of(1), false), Demand(*both_tables, hash_of(1), false)};
      if (i % 2 == 1) std::swap(demands[0], demands[1]);
      for (int n = 0; n < 10'000; ++n) admitted += take_all(demands, start) ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(admitted, 20'000u);
  EXPECT_EQ(ask(*other, 1, start).tokens(start), 0u);
  EXPECT_EQ(ask(*both_tables, 1, start).tokens(start), 0u);
}

/// Two limits over two threads: what one admits and the other refuses is given to none.
TEST_F(LimiterTest, TheOthersAreExactUnderLoad) {
  const auto wide = table_of(1'000, per_second(1, 1'000'000));
  const auto narrow = table_of(1'000, per_second(1, 700));
  std::vector<std::thread> threads;
  threads.reserve(2);
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 20'000; ++n) {
        std::vector<Demand> demands{Demand(*wide, hash_of(1), false), Demand(*narrow, hash_of(1), false)};
        take_all(demands, start);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ask(*wide, 1, start).tokens(start), 1'000'000u - 701);
}

}  // namespace
}  // namespace weir::limit
