#include "upstream/retry_budget.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace weir::upstream {
namespace {

using std::chrono::seconds;

constexpr TimePoint start{seconds(1000)};

config::RetryBudget budget(unsigned percent, std::uint32_t min_per_second) {
  config::RetryBudget made;
  made.percent = percent;
  made.min_per_second = min_per_second;
  return made;
}

class RetryBudgetTest : public testing::Test {
 protected:
  void request(TimePoint now, std::size_t count = 1, std::size_t worker = 0) {
    for (std::size_t i = 0; i < count; ++i) budget_.requests_of(worker).add(now);
  }
  /// So many retries as are allowed at once.
  std::size_t retries(const config::RetryBudget& settings, TimePoint now) {
    std::size_t count = 0;
    while (budget_.withdraw(settings, now)) ++count;
    return count;
  }

  RetryBudget budget_;
};

TEST_F(RetryBudgetTest, IsAShareOfTheRequestsAndAFloor) {
  EXPECT_EQ(retries(budget(20, 0), start), 0u);
  request(start, 4);
  EXPECT_EQ(retries(budget(20, 0), start), 0u);
  request(start, 60);
  EXPECT_EQ(retries(budget(20, 0), start), 12u);
  EXPECT_EQ(retries(budget(20, 3), start), 30u) << "added to the share";
  EXPECT_EQ(retries(budget(100, 3), start), 64u - 12u);
}

TEST_F(RetryBudgetTest, NothingMeansNothing) {
  request(start, 1000);
  EXPECT_EQ(retries(budget(0, 0), start), 0u);
}

TEST_F(RetryBudgetTest, RequestsOfTenSecondsPayForABurst) {
  for (int second = 0; second < 10; ++second) request(start + seconds(second), 10);
  EXPECT_EQ(retries(budget(20, 0), start + seconds(9)), 20u);
}

TEST_F(RetryBudgetTest, WhatIsOlderPaysForNothing) {
  request(start, 100);
  EXPECT_EQ(budget_.use(budget(20, 0), start + seconds(9)).allowed, 20u);
  EXPECT_EQ(budget_.use(budget(20, 0), start + seconds(10)).allowed, 0u);
  EXPECT_EQ(retries(budget(20, 0), start + seconds(10)), 0u);
}

TEST_F(RetryBudgetTest, ARequestPaysOnce) {
  request(start, 100);
  EXPECT_EQ(retries(budget(20, 0), start + seconds(5)), 20u);
  request(start + seconds(10), 100);
  EXPECT_EQ(retries(budget(20, 0), start + seconds(10)), 0u) << "the retries of five seconds ago still count";
  EXPECT_EQ(retries(budget(20, 0), start + seconds(15)), 20u);
}

TEST_F(RetryBudgetTest, TheFloorComesAgainAfterTenSeconds) {
  EXPECT_EQ(retries(budget(20, 1), start), 10u);
  EXPECT_EQ(retries(budget(20, 1), start + seconds(9)), 0u);
  EXPECT_EQ(retries(budget(20, 1), start + seconds(10)), 10u);
}

TEST_F(RetryBudgetTest, AllWorkersPayForOne) {
  request(start, 50, 0);
  request(start, 50, 3);
  EXPECT_EQ(retries(budget(20, 0), start), 20u);
}

TEST_F(RetryBudgetTest, AClockThatIsAheadCounts) {
  request(start + seconds(1), 10);
  EXPECT_EQ(budget_.use(budget(100, 0), start).allowed, 10u);
}

TEST_F(RetryBudgetTest, AWorkerKeepsItsCount) {
  RecentCount& first = budget_.requests_of(0);
  for (std::size_t worker = 1; worker < 100; ++worker) budget_.requests_of(worker);
  EXPECT_EQ(&budget_.requests_of(0), &first);
}

TEST_F(RetryBudgetTest, ALoweredBudgetHoldsAtOnce) {
  EXPECT_EQ(retries(budget(0, 4), start), 40u);
  EXPECT_EQ(retries(budget(0, 2), start), 0u);
  EXPECT_EQ(retries(budget(0, 5), start), 10u);
}

TEST_F(RetryBudgetTest, SaysWhatIsUsed) {
  request(start, 100);
  EXPECT_TRUE(budget_.withdraw(budget(20, 1), start));
  const RetryBudget::Use use = budget_.use(budget(20, 1), start);
  EXPECT_EQ(use.retries, 1u);
  EXPECT_EQ(use.allowed, 30u);
}

TEST(RetryBudget, LargeNumbersDoNotOverflow) {
  EXPECT_EQ(retries_allowed(budget(100, 0), 0xffff'ffffu), 0xffff'ffffu);
  EXPECT_EQ(retries_allowed(budget(0, 1'000'000), 0xffff'ffffu), 10'000'000u);
}

TEST(RetryBudget, IsExactOverThreads) {
  RetryBudget shared;
  std::atomic<std::uint32_t> granted{0};
  const auto worker = [&](std::size_t index) {
    RecentCount& requests = shared.requests_of(index);
    for (int i = 0; i < 10'000; ++i) {
      requests.add(start);
      if (shared.withdraw(budget(20, 3), start)) ++granted;
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 4; ++i) threads.emplace_back(worker, i);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(shared.use(budget(20, 3), start).retries, granted);
  EXPECT_LE(granted, 40'000u / 5 + 30);
  EXPECT_FALSE(granted < 1000);
}

}  // namespace
}  // namespace weir::upstream
