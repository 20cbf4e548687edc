// max_connections is exact with four threads, under every policy; and least connections keeps a slow endpoint from
// ever having more than one request more than the others.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <mutex>
#include <thread>

#include "core/rng.hpp"
#include "unit/balance/choosing.hpp"

namespace weir::balance {
namespace {

constexpr std::size_t threads = 4;

template <class Work>
void in_threads(Work work) {
  std::vector<std::thread> running;
  for (std::size_t i = 0; i < threads; ++i) running.emplace_back(work, i);
  for (auto& thread : running) thread.join();
}

class EndpointLimits : public testing::TestWithParam<config::Balance> {};

INSTANTIATE_TEST_SUITE_P(Policies, EndpointLimits,
                         testing::Values(config::Balance::least_connections, config::Balance::round_robin,
                                         config::Balance::random_two, config::Balance::least_latency,
                                         config::Balance::hash));

TEST_P(EndpointLimits, AreNeverExceeded) {
  Endpoints endpoints({1, 3, 2});
  const std::vector<std::uint32_t> limits{3, 1, 5};
  for (std::size_t i = 0; i < limits.size(); ++i) endpoints.candidate(i).max_connections = limits[i];
  config::Upstream upstream;
  upstream.balance = GetParam();
  const Rules rules(upstream, endpoints.candidates());
  Shared shared;
  std::atomic<bool> exceeded{false}, lost{false};
  std::atomic<int> refused{0};
  in_threads([&](std::size_t thread) {
    Rng rng(thread + 1);
    std::vector<std::size_t> held;
    for (int i = 0; i < 20'000; ++i) {
      if (held.size() > rng() % 16) {
        release(endpoints[held.back()]);
        held.pop_back();
        continue;
      }
      PickRequest request = asking();
      request.random = rng();
      request.key = rng();
      const Pick pick = acquire(rules, shared, endpoints.candidates(), request);
      if (pick.index == none) {
        if (!pick.full) lost = true;
        ++refused;
        continue;
      }
      if (endpoints[pick.index].in_flight > limits[pick.index]) exceeded = true;
      held.push_back(pick.index);
    }
    for (const std::size_t index : held) release(endpoints[index]);
  });
  EXPECT_FALSE(exceeded);
  EXPECT_FALSE(lost);
  EXPECT_GT(refused, 0);
  EXPECT_EQ(endpoints.loads(), std::vector<std::uint32_t>(3));
}

/// The same requests and answers, once as one of several workers counts them and once as the only one does.
TEST_P(EndpointLimits, AreTheSameForTheOnlyWorker) {
  Endpoints several({1, 3, 2}), only({1, 3, 2});
  for (Endpoints* endpoints : {&several, &only}) {
    endpoints->candidate(1).max_connections = 4;
    endpoints->candidate(2).max_connections = 2;
  }
  config::Upstream upstream;
  upstream.balance = GetParam();
  const Rules rules(upstream, several.candidates());
  Rules own = rules;
  own.one_worker = true;
  Shared shared, own_shared;
  Rng rng(5);
  std::vector<std::size_t> held;
  int refused = 0;
  for (int i = 0; i < 5'000; ++i) {
    if (!held.empty() && rng() % 2 == 0) {
      std::swap(held[rng() % held.size()], held.back());
      release(several[held.back()]);
      release(only[held.back()], true);
      held.pop_back();
    } else {
      PickRequest request = asking();
      request.random = rng();
      request.key = rng();
      if (rng() % 8 == 0) request.tried.add(0);
      const Pick pick = acquire(rules, shared, several.candidates(), request);
      const Pick same = acquire(own, own_shared, only.candidates(), request);
      ASSERT_EQ(pick.index, same.index) << "step " << i;
      ASSERT_EQ(pick.full, same.full) << "step " << i;
      pick.index == none ? void(++refused) : held.push_back(pick.index);
    }
    ASSERT_EQ(several.loads(), only.loads()) << "step " << i;
  }
  EXPECT_GT(refused, 0);
}

/// One endpoint of three answers nothing for long. Picks and answers come one after the other in a random order, so
/// that the loads of each moment are known.
TEST(LeastConnectionsProperty, TheSlowOfThreeNeverHasMoreThanTheOthersAndOne) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Rng rng(seed);
    Endpoints endpoints({1, 1, 1});
    Shared shared;
    std::vector<std::size_t> fast;
    for (int step = 0; step < 500; ++step) {
      if (!fast.empty() && rng() % 3 == 0) {
        std::swap(fast[rng() % fast.size()], fast.back());
        release(endpoints[fast.back()]);
        fast.pop_back();
        continue;
      }
      const auto before = endpoints.loads();
      const std::size_t index =
          acquire(config::Balance::least_connections, shared, endpoints.candidates(), asking()).index;
      if (index != 0) fast.push_back(index);
      // It gets a request only where none has less.
      if (index == 0) {
        ASSERT_LE(endpoints[0].in_flight, std::min(before[1], before[2]) + 1) << "seed " << seed;
      }
    }
  }
}

/// The same from four threads: in rounds that only start requests, the slow one ends level with the others.
TEST(LeastConnectionsProperty, TheSlowOfThreeStaysLevelWithFourThreads) {
  Endpoints endpoints({1, 1, 1});
  Shared shared;
  std::atomic<std::uint32_t> above{0};
  std::mutex mutex;
  std::vector<std::size_t> fast;
  std::uint64_t round = 0;
  const auto look = [&]() noexcept {
    const auto loads = endpoints.loads();
    const std::uint32_t others = std::min(loads[1], loads[2]);
    if (loads[0] > others + 1) above = std::max(above.load(), loads[0] - others);
    // The fast ones answer as much as the slow one never does, down to its level.
    ++round;
    std::erase_if(fast, [&](std::size_t index) {
      if (endpoints[index].in_flight <= endpoints[0].in_flight) return false;
      release(endpoints[index]);
      return true;
    });
  };
  std::barrier quiet(static_cast<std::ptrdiff_t>(threads), look);
  in_threads([&](std::size_t thread) {
    for (std::size_t i = 0; i < 300; ++i) {
      for (std::size_t pick = 0; pick < 5 + (thread + i) % 7; ++pick) {
        const std::size_t index =
            acquire(config::Balance::least_connections, shared, endpoints.candidates(), asking()).index;
        const std::scoped_lock lock(mutex);
        if (index != 0) fast.push_back(index);
      }
      quiet.arrive_and_wait();
    }
  });
  EXPECT_EQ(round, 300u);
  EXPECT_EQ(above, 0u);
}

}  // namespace
}  // namespace weir::balance
