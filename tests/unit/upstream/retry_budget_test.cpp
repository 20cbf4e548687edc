#include "upstream/retry_budget.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "unit/balance/endpoints.hpp"

namespace weir::upstream {
namespace {

config::RetryBudget budget(unsigned percent, std::uint32_t min_concurrent) {
  config::RetryBudget made;
  made.percent = percent;
  made.min_concurrent = min_concurrent;
  return made;
}

/// So many places as there are beside `first_tries` requests that are no retries.
std::size_t places(const config::RetryBudget& settings, std::uint64_t first_tries) {
  RunningRetries running;
  std::vector<RetryPlace> held;
  for (;;) {
    RetryPlace place;
    if (!place.take(running, settings, first_tries + held.size())) return held.size();
    held.push_back(std::move(place));
  }
}

TEST(RetryBudget, IsAPercentageAndAFloor) {
  EXPECT_EQ(places(budget(20, 3), 0), 3u);
  EXPECT_EQ(places(budget(20, 3), 19), 3u);
  EXPECT_EQ(places(budget(20, 3), 20), 4u);
  EXPECT_EQ(places(budget(20, 3), 64), 12u);
  EXPECT_EQ(places(budget(100, 0), 7), 7u);
  EXPECT_EQ(places(budget(0, 5), 1000), 5u);
}

TEST(RetryBudget, NothingMeansNothing) {
  EXPECT_EQ(places(budget(0, 0), 1000), 0u);
  EXPECT_EQ(places(budget(20, 0), 4), 0u);
  EXPECT_EQ(places(budget(20, 0), 5), 1u);
}

TEST(RetryBudget, RetriesMakeNoRoomForRetries) {
  RunningRetries running;
  const auto settings = budget(50, 0);
  std::vector<RetryPlace> held(3);
  EXPECT_TRUE(held[0].take(running, settings, 4));
  EXPECT_TRUE(held[1].take(running, settings, 5));
  EXPECT_FALSE(held[2].take(running, settings, 6)) << "6 in flight, but 2 of them are retries";
  EXPECT_TRUE(held[2].take(running, settings, 8));
}

TEST(RetryBudget, LargeNumbersDoNotOverflow) {
  EXPECT_EQ(retries_allowed(budget(100, 0), 0xffff'ffffu), 0xffff'ffffu);
  EXPECT_EQ(retries_allowed(budget(0, 1'000'000), 0xffff'ffffu), 1'000'000u);
}

TEST(RetryBudget, APlaceIsGivenBackOnce) {
  RunningRetries running;
  RetryPlace place;
  ASSERT_TRUE(place.take(running, budget(0, 1), 0));
  EXPECT_FALSE(RetryPlace().take(running, budget(0, 1), 0));
  RetryPlace moved = std::move(place);
  EXPECT_FALSE(place.held());
  EXPECT_TRUE(moved.held());
  place.give_back();
  EXPECT_EQ(running.count, 1u);
  moved.give_back();
  moved.give_back();
  EXPECT_EQ(running.count, 0u);
}

TEST(RetryBudget, TakingAgainGivesTheOldPlaceBack) {
  RunningRetries running;
  RetryPlace place;
  ASSERT_TRUE(place.take(running, budget(0, 1), 0));
  EXPECT_TRUE(place.take(running, budget(0, 1), 0));
  EXPECT_EQ(running.count, 1u);
  EXPECT_FALSE(place.take(running, budget(0, 0), 0));
  EXPECT_EQ(running.count, 0u);
}

TEST(RetryBudget, ALoweredBudgetHoldsOnceThereIsRoom) {
  RunningRetries running;
  std::vector<RetryPlace> held(4);
  for (RetryPlace& place : held) ASSERT_TRUE(place.take(running, budget(0, 4), 0));
  RetryPlace late;
  for (std::size_t left = 4; left > 2; --left) {
    EXPECT_FALSE(late.take(running, budget(0, 2), 0));
    held.pop_back();
  }
  EXPECT_FALSE(late.take(running, budget(0, 2), 0));
  held.pop_back();
  EXPECT_TRUE(late.take(running, budget(0, 2), 0));
}

TEST(RetryBudget, CountsWhatIsInFlightAtAllEndpoints) {
  Endpoints endpoints({1, 5, 1});
  EXPECT_EQ(requests_in_flight(endpoints.candidates()), 0u);
  endpoints[0].in_flight = 3;
  endpoints[2].in_flight = 4;
  EXPECT_EQ(requests_in_flight(endpoints.candidates()), 7u);
  EXPECT_EQ(requests_in_flight({}), 0u);
}

TEST(RetryBudget, IsExactOverThreads) {
  constexpr std::uint64_t requests = 40;  // that are no retries, all the time
  constexpr int tries = 20'000;
  const auto settings = budget(20, 3);
  RunningRetries running;
  std::atomic<std::uint32_t> holding{0}, most{0};
  const auto worker = [&] {
    for (int i = 0; i < tries; ++i) {
      RetryPlace place;
      // A count of requests that is read before others take their places must not make room for more.
      if (!place.take(running, settings, requests)) continue;
      const std::uint32_t now = holding.fetch_add(1) + 1;
      std::uint32_t seen = most.load();
      while (seen < now && !most.compare_exchange_weak(seen, now)) {
      }
      holding.fetch_sub(1);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(worker);
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most, 8u);
  EXPECT_EQ(running.count, 0u);
}

}  // namespace
}  // namespace weir::upstream
