// Passive health under concurrent reports: never all endpoints out, never more than the percentage, one change for
// one cause, one probe at a time. One thread at random: breaker_property_test.cpp.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <barrier>
#include <thread>

#include "balance/balance.hpp"
#include "core/rng.hpp"
#include "unit/balance/choosing.hpp"
#include "upstream/ejection.hpp"

namespace weir::upstream {
namespace {

using health::Change;
constexpr std::size_t threads = 4;

template <class Work>
void in_threads(Work work) {
  std::vector<std::thread> running;
  for (std::size_t i = 0; i < threads; ++i) running.emplace_back(work, i);
  for (auto& thread : running) thread.join();
}

TEST(EjectionProperty, OfFourReportsAtOnceOneEjects) {
  for (int round = 0; round < 300; ++round) {
    Endpoints endpoints({1, 1});
    EjectionGuard guard;
    std::atomic<int> ejections{0};
    std::barrier start(static_cast<std::ptrdiff_t>(threads));
    in_threads([&](std::size_t) {
      const health::Ticket ticket = endpoints[0].health.ticket();
      start.arrive_and_wait();
      const Verdict verdict =
          report_failure(guard, endpoints.candidates(), endpoints[0], ejecting_after(3), time_zero, ticket);
      if (verdict.change == Change::ejected) ++ejections;
    });
    ASSERT_EQ(ejections, 1);
  }
}

TEST(EjectionProperty, EndpointsThatFailTogetherNeverAllGo) {
  for (int round = 0; round < 300; ++round) {
    Endpoints endpoints({1, 1, 1, 1});
    EjectionGuard guard;
    std::atomic<bool> saw_none{false};
    std::barrier start(static_cast<std::ptrdiff_t>(threads));
    in_threads([&](std::size_t thread) {
      start.arrive_and_wait();
      for (int i = 0; i < 50; ++i) {
        EndpointState& endpoint = endpoints[(thread + static_cast<std::size_t>(i)) % endpoints.size()];
        report_failure(guard, endpoints.candidates(), endpoint, ejecting_after(2), time_zero,
                       endpoint.health.ticket());
        // None recovers here, so one that is gone stays gone, and a count over several atomics cannot be too low.
        if (usable_count(endpoints.candidates()) == 0) saw_none = true;
      }
    });
    ASSERT_FALSE(saw_none);
    ASSERT_EQ(usable_count(endpoints.candidates()), 1u);
  }
}

/// Everything at once: failures in a row, a rate, a percentage, recoveries; checked at each ejection.
TEST(EjectionProperty, NeverMoreThanThePercentageUnderRecoveries) {
  Endpoints endpoints({1, 1, 1, 1, 1});
  balance::Shared shared;
  config::PassiveHealth settings = ejecting_after(3, Milliseconds(2));
  settings.max_ejection_time = Milliseconds(8);
  settings.max_ejection_percent = 40;
  settings.failure_rate = 60;
  settings.min_requests = 5;
  settings.window = Milliseconds(20'000);  // none fails for so long
  std::atomic<int> ejections{0}, recoveries{0}, out{0}, worst{0};
  in_threads([&](std::size_t thread) {
    Rng rng(thread + 7);
    TimePoint now = time_zero;
    for (int i = 0; i < 20'000; ++i) {
      now += Milliseconds(rng() % 2);
      const balance::Pick pick = balance::acquire(config::Balance::round_robin, shared,
                                                  endpoints.candidates(), balance::asking(now));
      EndpointState& endpoint = endpoints[pick.index];
      Verdict verdict;
      if (rng() % 2 == 0) {
        verdict = report_success(endpoints.candidates(), endpoint, settings, now, pick.ticket);
        if (verdict.change == Change::recovered) --out;
      } else {
        const FailedAttempt failed{health::Cause(ErrorKind::upstream_reset),
                                   static_cast<std::uint16_t>(1U << rng() % 7)};
        verdict = report_failure(shared.ejections, endpoints.candidates(), endpoint, settings, now,
                                 pick.ticket, failed);
        if (verdict.change == Change::ejected) {
          ++out;
          if (static_cast<int>(verdict.ejected) > worst) worst = static_cast<int>(verdict.ejected);
        }
      }
      out -= static_cast<int>(verdict.readmitted);
      ejections += verdict.change == Change::ejected ? 1 : 0;
      recoveries += verdict.change == Change::recovered ? 1 : 0;
      balance::release(endpoint);
    }
  });
  EXPECT_GT(ejections, 0);
  EXPECT_GT(recoveries, 0);
  EXPECT_LE(worst, 2) << "40 % of 5";
  EXPECT_EQ(out, static_cast<int>(endpoints.size() - usable_count(endpoints.candidates())));
  EXPECT_GE(usable_count(endpoints.candidates()), 3u);
}

TEST(EjectionProperty, OneProbeAtATime) {
  Endpoints endpoints({1, 1});
  balance::Shared shared;
  std::array<std::atomic<int>, 2> probing{};
  std::atomic<bool> overlapped{false};
  std::atomic<int> probes{0};
  const auto settings = ejecting_after(1, Milliseconds(1));
  in_threads([&](std::size_t thread) {
    Rng rng(thread + 1);
    TimePoint now = time_zero;
    for (int i = 0; i < 20'000; ++i) {
      now += Milliseconds(1);
      const balance::Pick pick = balance::acquire(config::Balance::round_robin, shared,
                                                  endpoints.candidates(), balance::asking(now));
      EndpointState& endpoint = endpoints[pick.index];
      if (pick.ticket.probe) {
        ++probes;
        if (probing[pick.index].fetch_add(1) != 0) overlapped = true;
        std::this_thread::yield();
        probing[pick.index].fetch_sub(1);
      }
      const auto how = rng() % 3;
      switch (how) {
        case 0:
          endpoint.health.report_success(pick.ticket);
          break;
        case 1:
          report_failure(shared.ejections, endpoints.candidates(), endpoint, settings, now, pick.ticket);
          break;
        default:
          endpoint.health.abandon_probe(now, pick.ticket);
      }
      // A verdict ends the epoch, or the time out; an abandoned probe reports nothing more.
      const bool judged = pick.ticket.probe && how != 2;
      if (judged && endpoint.health.report_success(pick.ticket) != Change::none) overlapped = true;
      balance::release(endpoint);
    }
  });
  EXPECT_FALSE(overlapped);
  EXPECT_GT(probes, 0);
  EXPECT_GE(usable_count(endpoints.candidates()), 1u);
}

TEST(EjectionProperty, OneWinnerForEachProbe) {
  for (int round = 0; round < 300; ++round) {
    Endpoints endpoints({1});
    endpoints.eject(0, time_zero);
    std::atomic<int> winners{0};
    std::barrier start(static_cast<std::ptrdiff_t>(threads));
    in_threads([&](std::size_t) {
      start.arrive_and_wait();
      health::Ticket ticket;
      if (endpoints[0].health.claim_probe(time_zero + Milliseconds(30'000), ticket)) ++winners;
    });
    ASSERT_EQ(winners, 1);
  }
}

}  // namespace
}  // namespace weir::upstream
