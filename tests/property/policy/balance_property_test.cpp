// Least connections: the chosen endpoint had the smallest load for its weight at the moment of choice, also when four
// threads choose; and shares follow the weights at any load.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <deque>
#include <thread>

#include "balance/balance.hpp"
#include "core/rng.hpp"
#include "unit/balance/choosing.hpp"

namespace weir::balance {
namespace {

constexpr std::size_t threads = 4;

/// `a` has at least as many requests for its weight as `b` would have with the next one. With equal weights: more
/// than `b`.
bool is_worse(const upstream::Candidate& a, std::uint64_t load_a, const upstream::Candidate& b,
              std::uint64_t load_b) {
  return &a != &b && load_a * b.weight >= (load_b + 1) * a.weight;
}

void check_choice(const Endpoints& endpoints, const std::vector<std::uint32_t>& before,
                  std::uint64_t excluded, std::size_t picked) {
  const auto& candidates = endpoints.candidates();
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if ((excluded >> i & 1) != 0 || !candidates[i].state->health.usable()) continue;
    ASSERT_FALSE(is_worse(candidates[picked], before[picked], candidates[i], before[i]))
        << picked << " was picked over " << i;
  }
}

void run_one_sequence(std::uint64_t seed) {
  Rng rng(seed);
  std::vector<std::uint32_t> weights(1 + rng() % 8);
  for (auto& weight : weights)
    weight = static_cast<std::uint32_t>(1 + (rng() % 3 == 0 ? rng() % 1000 : rng() % 3));
  Endpoints endpoints(weights);
  Shared shared;
  std::vector<std::size_t> held;
  for (int step = 0; step < 300; ++step) {
    if (!held.empty() && rng() % 5 < 2) {
      std::swap(held[rng() % held.size()], held.back());
      release(endpoints[held.back()]);
      held.pop_back();
      continue;
    }
    const std::uint64_t excluded = rng() % 4 == 0 ? rng() & 0xff : 0;
    const auto before = endpoints.loads();
    const Pick pick = acquire(config::Balance::least_connections, shared, endpoints.candidates(),
                              asking(time_zero, excluded));
    if (pick.index == none) {
      ASSERT_EQ(before, endpoints.loads());
      continue;
    }
    ASSERT_NO_FATAL_FAILURE(check_choice(endpoints, before, excluded, pick.index)) << "seed " << seed;
    auto after = before;
    ++after[pick.index];
    ASSERT_EQ(after, endpoints.loads()) << "seed " << seed;
    held.push_back(pick.index);
  }
  for (const std::size_t index : held) release(endpoints[index]);
  ASSERT_EQ(endpoints.loads(), std::vector<std::uint32_t>(weights.size()));
}

TEST(BalanceProperty, TheChosenHadTheSmallestLoad) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    ASSERT_NO_FATAL_FAILURE(run_one_sequence(seed));
  }
}

template <class Work>
void in_threads(Work work) {
  std::vector<std::thread> running;
  for (std::size_t i = 0; i < threads; ++i) running.emplace_back(work, i);
  for (auto& thread : running) thread.join();
}

// Only acquisitions: whatever the interleaving, loads never differ by more than one. Rounds meet at a barrier, and
// everything is looked at while nothing moves.
TEST(BalanceProperty, FourThreadsThatHoldTheirRequestsKeepLoadsEven) {
  Endpoints endpoints({1, 1, 1, 1, 1});
  Shared shared;
  std::atomic<std::uint32_t> spread_max{0};
  const auto look = [&]() noexcept {
    const auto loads = endpoints.loads();
    const auto [low, high] = std::ranges::minmax(loads);
    spread_max = std::max(spread_max.load(), high - low);
  };
  std::barrier quiet(static_cast<std::ptrdiff_t>(threads), look);
  in_threads([&](std::size_t thread) {
    for (std::size_t round = 0; round < 200; ++round) {
      for (std::size_t i = 0; i < 10 + (thread + round) % 7; ++i) {
        acquire(config::Balance::least_connections, shared, endpoints.candidates(), asking());
      }
      quiet.arrive_and_wait();
    }
  });
  EXPECT_LE(spread_max, 1u);
}

TEST(BalanceProperty, FourThreadsFollowTheWeights) {
  Endpoints endpoints({1, 2, 7});
  Shared shared;
  in_threads([&](std::size_t) {
    for (int i = 0; i < 5000; ++i) {
      acquire(config::Balance::least_connections, shared, endpoints.candidates(), asking());
    }
  });
  EXPECT_EQ(endpoints.loads(), (std::vector<std::uint32_t>{2000, 4000, 14'000}));
}

/// Requests that take equally long, `at_once` of them for each of two workers.
std::vector<double> shares_under_load(const std::vector<std::uint32_t>& weights, std::size_t at_once) {
  constexpr int requests = 40'000;
  Endpoints endpoints(weights);
  Shared shared;
  std::vector<std::atomic<int>> picked(weights.size());
  std::vector<std::thread> workers;
  for (std::size_t worker = 0; worker < 2; ++worker) {
    workers.emplace_back([&] {
      std::deque<std::size_t> running;
      for (int i = 0; i < requests; ++i) {
        const Pick pick =
            acquire(config::Balance::least_connections, shared, endpoints.candidates(), asking());
        ++picked[pick.index];
        running.push_back(pick.index);
        if (running.size() < at_once) continue;
        release(endpoints[running.front()]);
        running.pop_front();
      }
      for (const std::size_t index : running) release(endpoints[index]);
    });
  }
  for (auto& worker : workers) worker.join();
  std::vector<double> shares;
  shares.reserve(picked.size());
  for (const auto& count : picked) shares.push_back(count / (2.0 * requests));
  return shares;
}

// Exactly at rest and with many requests. With a few, who has one at the moment is passed over, which moves shares.
TEST(BalanceProperty, TwoWorkersShareByWeightAtAnyLoad) {
  for (const std::vector<std::uint32_t>& weights :
       {std::vector<std::uint32_t>{1, 2, 5}, {10, 1}, {100, 100, 10}, {1, 2, 3, 4}}) {
    std::uint32_t total = 0;
    for (const std::uint32_t weight : weights) total += weight;
    for (const std::size_t at_once : {2u, 7u, 64u}) {
      const auto shares = shares_under_load(weights, at_once);
      for (std::size_t i = 0; i < weights.size(); ++i) {
        const double wanted = static_cast<double>(weights[i]) / total;
        EXPECT_NEAR(shares[i], wanted, at_once == 64 ? 0.05 : 0.2)
            << "weight " << weights[i] << " of " << total << ", " << at_once << " at once";
        EXPECT_GT(shares[i], wanted / 5) << "none goes without";
      }
    }
  }
}

// One endpoint never finishes a request, the others do at random: it gets one only where neither has fewer.
TEST(BalanceProperty, ASlowOneOfThreeIsNeverMoreThanOneAhead) {
  Endpoints endpoints({1, 1, 1});
  Shared shared;
  Rng rng(7);
  std::vector<std::size_t> held;
  for (int step = 0; step < 20'000; ++step) {
    if (!held.empty() && held.size() > rng() % 16) {
      std::swap(held[rng() % held.size()], held.back());
      release(endpoints[held.back()]);
      held.pop_back();
      continue;
    }
    const auto before = endpoints.loads();
    const Pick pick = acquire(config::Balance::least_connections, shared, endpoints.candidates(), asking());
    if (pick.index != 0) {
      held.push_back(pick.index);
    } else {
      ASSERT_LE(before[0], std::min(before[1], before[2])) << "the slow one got a request past the others";
    }
  }
}

TEST(BalanceProperty, FourThreadsLoseNoCount) {
  for (const auto policy : {config::Balance::least_connections, config::Balance::round_robin}) {
    Endpoints endpoints({3, 1, 2});
    Shared shared;
    std::atomic<bool> found_none{false};
    in_threads([&](std::size_t thread) {
      Rng rng(thread + 1);
      std::vector<std::size_t> held;
      for (int i = 0; i < 20'000; ++i) {
        if (held.size() > rng() % 8) {
          release(endpoints[held.back()]);
          held.pop_back();
        } else {
          const Pick pick = acquire(policy, shared, endpoints.candidates(), asking());
          if (pick.index == none) found_none = true;
          held.push_back(pick.index);
        }
      }
      for (const std::size_t index : held) release(endpoints[index]);
    });
    EXPECT_FALSE(found_none);
    EXPECT_EQ(endpoints.loads(), std::vector<std::uint32_t>(3));
  }
}

TEST(BalanceProperty, FourThreadsShareRoundRobinExactly) {
  Endpoints endpoints({1, 2, 5});
  Shared shared;
  in_threads([&](std::size_t) {
    for (int i = 0; i < 2000; ++i) {
      acquire(config::Balance::round_robin, shared, endpoints.candidates(), asking());
    }
  });
  EXPECT_EQ(endpoints.loads(), (std::vector<std::uint32_t>{1000, 2000, 5000}));
}

}  // namespace
}  // namespace weir::balance
