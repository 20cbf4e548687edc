// An operator's word holds: whatever the health of the others, the policy and the interleaving, an endpoint that was
// taken out gets nothing, and one that was not gets the request where there is any.
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <thread>
#include <vector>

#include "balance/balance.hpp"
#include "core/rng.hpp"
#include "unit/balance/choosing.hpp"
#include "upstream/operator_state.hpp"

namespace weir::upstream {
namespace {

void run_one_sequence(std::uint64_t seed) {
  Rng rng(seed);
  Endpoints endpoints(std::vector<std::uint32_t>(1 + rng() % 5, 1));
  balance::Shared shared;
  const auto policy = rng() % 2 == 0 ? config::Balance::least_connections : config::Balance::round_robin;
  const auto settings = ejecting_after(1, Milliseconds(50));
  TimePoint now = time_zero;
  for (int step = 0; step < 400; ++step) {
    now += Milliseconds(rng() % 20);
    const std::size_t which = rng() % endpoints.size();
    if (rng() % 3 == 0) {
      set_operator_state(endpoints[which], static_cast<OperatorState>(rng() % 3));
      continue;
    }
    const std::uint64_t excluded = rng() % 3 == 0 ? rng() & 0x1f : 0;
    bool any = false;
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
      any = any || (!endpoints[i].taken_out() && (excluded >> i & 1) == 0);
    }
    const balance::Pick pick =
        balance::acquire(policy, shared, endpoints.candidates(), balance::asking(now, excluded));
    ASSERT_EQ(pick.index != balance::none, any) << "step " << step;
    if (pick.index == balance::none) continue;
    ASSERT_FALSE(endpoints[pick.index].taken_out()) << "step " << step;
    balance::release(endpoints[pick.index]);
    if (rng() % 2 == 0) {
      report_failure(shared.ejections, endpoints.candidates(), endpoints[pick.index], settings, now,
                     pick.ticket);
    } else {
      endpoints[pick.index].health.report_success(pick.ticket);
    }
  }
}

TEST(OperatorProperty, WhatIsTakenOutGetsNothingAndTheOthersEverything) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    ASSERT_NO_FATAL_FAILURE(run_one_sequence(seed));
  }
}

TEST(OperatorProperty, ADrainedEndpointIsNoReasonToEjectTheLastOther) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Rng rng(seed);
    Endpoints endpoints({1, 1, 1, 1});
    EjectionGuard guard;
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
      if (rng() % 2 == 0) set_operator_state(endpoints[i], OperatorState::drain);
    }
    const std::size_t in_use = usable_count(endpoints.candidates());
    for (int i = 0; i < 100; ++i) {
      EndpointState& endpoint = endpoints[rng() % endpoints.size()];
      report_failure(guard, endpoints.candidates(), endpoint, ejecting_after(2), time_zero,
                     endpoint.health.ticket());
    }
    ASSERT_EQ(usable_count(endpoints.candidates()), in_use == 0 ? 0u : 1u) << "seed " << seed;
  }
}

// What a control thread relies on: once every worker has run after the state was set, none picks it any more,
// wherever between their picks the change came.
TEST(OperatorProperty, AfterEveryWorkerCameByNothingSlipsThrough) {
  constexpr std::ptrdiff_t workers = 4;
  constexpr int picks = 20;
  for (int round = 0; round < 200; ++round) {
    Endpoints endpoints({1, 1});
    balance::Shared shared;
    std::barrier start(workers + 1), came_by(workers + 1);
    std::atomic<bool> slipped{false};
    const auto pick = [&] {
      const auto policy = config::Balance::least_connections;
      const auto picked = balance::acquire(policy, shared, endpoints.candidates(), balance::asking());
      balance::release(endpoints[picked.index]);
      return picked.index;
    };
    std::vector<std::thread> running;
    for (std::ptrdiff_t worker = 0; worker < workers; ++worker) {
      running.emplace_back([&] {
        start.arrive_and_wait();
        for (int i = 0; i < picks; ++i) pick();
        came_by.arrive_and_wait();
        for (int i = 0; i < picks; ++i) {
          if (pick() == 0) slipped = true;
        }
      });
    }
    start.arrive_and_wait();
    set_operator_state(endpoints[0], OperatorState::drain);
    came_by.arrive_and_wait();
    for (std::thread& thread : running) thread.join();
    ASSERT_FALSE(slipped) << "round " << round;
    ASSERT_EQ(endpoints[0].in_flight, 0u);
  }
}

}  // namespace
}  // namespace weir::upstream
