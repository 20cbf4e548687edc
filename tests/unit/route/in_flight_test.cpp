#include "route/in_flight.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace weir::route {
namespace {

TEST(InFlight, NeverMoreThanTheBoundAndNoneRefusedBelowIt) {
  InFlight in;
  InFlightPlace first, second, third;
  EXPECT_TRUE(first.take(in, 2));
  EXPECT_TRUE(second.take(in, 2));
  EXPECT_FALSE(third.take(in, 2));
  EXPECT_FALSE(third.held());
  EXPECT_EQ(in.count, 2u);
  first.give_back();
  first.give_back();
  EXPECT_EQ(in.count, 1u);
  EXPECT_TRUE(third.take(in, 2));
}

TEST(InFlight, APlaceIsGivenBackWhenItGoes) {
  InFlight in;
  {
    InFlightPlace place;
    ASSERT_TRUE(place.take(in, 1));
    InFlightPlace moved = std::move(place);
    EXPECT_TRUE(moved.held());
    EXPECT_EQ(in.count, 1u);
  }
  EXPECT_EQ(in.count, 0u);
}

TEST(InFlight, TakingAgainGivesTheOldPlaceBack) {
  InFlight one, other;
  InFlightPlace place;
  ASSERT_TRUE(place.take(one, 1));
  ASSERT_TRUE(place.take(one, 1));
  EXPECT_EQ(one.count, 1u);
  ASSERT_TRUE(place.take(other, 1));
  EXPECT_EQ(one.count, 0u);
  EXPECT_FALSE(InFlightPlace().take(other, 0));
}

TEST(InFlight, ALoweredBoundHoldsOnceThereIsRoom) {
  InFlight in;
  std::vector<InFlightPlace> places(5);
  for (InFlightPlace& place : places) ASSERT_TRUE(place.take(in, 5));
  InFlightPlace late;
  for (std::size_t left = 5; left > 2; --left) {
    EXPECT_FALSE(late.take(in, 2));
    places.pop_back();
  }
  EXPECT_FALSE(late.take(in, 2));
  places.pop_back();
  EXPECT_TRUE(late.take(in, 2));
}

TEST(InFlight, IsExactOverThreads) {
  constexpr std::uint32_t bound = 3;
  constexpr int tries = 20'000;
  InFlight in;
  std::atomic<std::uint32_t> holding{0};
  std::atomic<std::uint32_t> most{0};
  const auto client = [&] {
    for (int i = 0; i < tries; ++i) {
      InFlightPlace place;
      if (!place.take(in, bound)) continue;
      const std::uint32_t now = ++holding;
      std::uint32_t seen = most;
      while (seen < now && !most.compare_exchange_weak(seen, now)) continue;
      --holding;
    }
  };
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) threads.emplace_back(client);
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most, bound);
  EXPECT_EQ(in.count, 0u);
}

}  // namespace
}  // namespace weir::route
