// An operator's word holds: whatever the health of the others, the policy and the interleaving, an endpoint that was
// taken out gets nothing, and one that was not gets the request where there is any.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "balance/balance.hpp"
#include "core/rng.hpp"
#include "unit/balance/endpoints.hpp"
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
    const balance::Excluded excluded = rng() % 3 == 0 ? rng() & 0x1f : 0;
    bool somebody = false;
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
      somebody = somebody || (!endpoints[i].taken_out() && (excluded >> i & 1) == 0);
    }
    const balance::Pick pick = balance::acquire(policy, shared, endpoints.candidates(), excluded, now);
    ASSERT_EQ(pick.index != balance::none, somebody) << "step " << step;
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

// What a control thread relies on: once every worker has done one thing after the word was given, the count of what
// is in flight there only falls.
TEST(OperatorProperty, AfterEveryWorkerCameByTheCountOnlyFalls) {
  constexpr std::size_t workers = 4;
  Endpoints endpoints({1, 1});
  balance::Shared shared;
  for (int round = 0; round < 100; ++round) {
    std::atomic<bool> said{false};
    std::atomic<std::size_t> came_by{0};
    std::atomic<bool> stop{false};
    std::vector<std::thread> running;
    for (std::size_t worker = 0; worker < workers; ++worker) {
      running.emplace_back([&] {
        bool acknowledged = false;
        while (!stop) {
          if (!acknowledged && said) {
            acknowledged = true;
            ++came_by;
          }
          const auto pick = balance::acquire(config::Balance::least_connections, shared,
                                             endpoints.candidates(), 0, time_zero);
          if (pick.index == 1) balance::release(endpoints[1]);
          if (pick.index == 0 && !acknowledged) balance::release(endpoints[0]);
        }
      });
    }
    set_operator_state(endpoints[0], OperatorState::drain);
    said = true;
    while (came_by < workers) std::this_thread::yield();
    const std::uint32_t in_flight = endpoints[0].in_flight;
    for (int i = 0; i < 50; ++i) std::this_thread::yield();
    const std::uint32_t later = endpoints[0].in_flight;
    stop = true;
    for (std::thread& thread : running) thread.join();
    ASSERT_LE(later, in_flight);
    ASSERT_EQ(endpoints[0].in_flight, 0u);
    set_operator_state(endpoints[0], OperatorState::active);
  }
}

}  // namespace
}  // namespace weir::upstream
